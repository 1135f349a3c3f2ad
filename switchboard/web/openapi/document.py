"""The OpenAPI 3.1 document of everything that this server answers to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from switchboard.web.call import Dialect, Route
from switchboard.web.openapi.operations import (
    FORM,
    JSON,
    MULTIPART,
    Description,
    Operation,
)
from switchboard.web.openapi.schemas import STRING, Schema

NAMED_PART = re.compile(r"<(\w+)>")

BINARY: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}

KEY: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key again within 24 hours is answered with the first answer.",
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]*$"},
}

WAIT = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}

WAITS = (429, 503)

TOO_LONG = {"description": "The path, the query and the headers are too long together; no body."}
"""Said before anybody knows whose call it is."""


def build(dialects: Iterable[tuple[Dialect, Description]], version: str) -> dict[str, Any]:
    """The document. Raises: KeyError: a route is not described."""
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard",
            "version": version,
            "summary": "Live sessions between people, behind five published APIs.",
        },
        "tags": [],
        "paths": {},
        "components": {"schemas": {}, "responses": {}, "securitySchemes": {}},
    }
    for dialect, description in dialects:
        _add(document, dialect, description)
    return document


def _add(document: dict[str, Any], dialect: Dialect, description: Description) -> None:
    components, name = document["components"], description.name
    document["tags"].append(
        {"name": name, "description": f"{description.title}. {description.summary}"}
    )
    components["schemas"] |= {**description.schemas, f"{name}.Error": description.error}
    components["securitySchemes"] |= description.security
    for status in description.error_statuses:
        components["responses"][f"{name}.{status}"] = _failure(name, status)
    for route in dialect.routes:
        operation = description.operations[route.method, route.path]
        path = document["paths"].setdefault(dialect.prefix + path_of(route.path), {})
        path[route.method.lower()] = _operation(route, operation, description)


def path_of(path: str) -> str:
    """A route's path as OpenAPI has it."""
    return NAMED_PART.sub(r"{\1}", path)


def _failure(name: str, status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{name}.Error"}}},
    }
    return {**answer, "headers": WAIT} if status in WAITS else answer


def _operation(route: Route, operation: Operation, description: Description) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "tags": [description.name],
        "summary": operation.summary,
        "operationId": _id(description.name, route),
        "parameters": [
            *_path_parameters(route, operation),
            *(
                {"name": name, "in": "query", "schema": schema}
                for name, schema in operation.query.items()
            ),
            *([KEY] if operation.keyed else []),
        ],
        "responses": _responses(operation, description),
        "security": [] if route.anonymous else [{name: []} for name in description.security],
    }
    body = _body(operation)
    return shape if body is None else {**shape, "requestBody": body}


def _id(name: str, route: Route) -> str:
    parts = [part.strip("<>") for part in route.path.split("/") if part]
    return "-".join([name, route.method.lower(), *parts])


def _path_parameters(route: Route, operation: Operation) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": operation.path.get(name, {**STRING, "minLength": 1}),
        }
        for name in NAMED_PART.findall(route.path)
    ]


def _body(operation: Operation) -> dict[str, Any] | None:
    if operation.sends is not None:
        return {"required": True, "content": {operation.sends: {"schema": BINARY}}}
    if operation.file is not None:
        schema = {
            "type": "object",
            "properties": {operation.file: BINARY},
            "required": [operation.file],
        }
        return {"required": True, "content": {MULTIPART: {"schema": schema}}}
    if operation.body is None:
        return None
    content = {JSON: {"schema": operation.body}}
    if _is_flat(operation.body):
        content[FORM] = {"schema": operation.body}
    return {"required": bool(operation.body.get("required")), "content": content}


def _is_flat(body: Schema) -> bool:
    """Whether a form says the same without a convention for what is nested."""
    return all(
        schema.get("type") in ("string", "number", "integer", "boolean") or "enum" in schema
        for schema in body["properties"].values()
    )


def _responses(operation: Operation, description: Description) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): _success(status, operation) for status in operation.statuses
    }
    responses["431"] = TOO_LONG
    for status in description.error_statuses:
        if operation.error_content == JSON:
            responses[str(status)] = {"$ref": f"#/components/responses/{description.name}.{status}"}
        else:
            # What the door says before the handler is asked is in the dialect's own shape all the same.
            responses[str(status)] = {
                "description": HTTPStatus(status).phrase,
                "content": {
                    operation.error_content: {"schema": STRING},
                    JSON: {"schema": {"$ref": f"#/components/schemas/{description.name}.Error"}},
                },
            }
    return responses


def _success(status: int, operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if operation.answer is not None:
        answer["content"] = {JSON: {"schema": operation.answer}}
    elif operation.content != JSON:
        answer["content"] = {operation.content: {"schema": STRING}}
    return answer
