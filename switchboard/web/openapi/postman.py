"""A Postman collection (2.1), made from the document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from switchboard.web.openapi.reference import example_of

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(document: Mapping[str, Any]) -> dict[str, Any]:
    """One folder a dialect, one request an operation; ``baseUrl`` and each dialect's token are variables."""
    names = [tag["name"] for tag in document["tags"]]
    folders: dict[str, list[Any]] = {name: [] for name in names}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            folders[operation["tags"][0]].append(_request(method.upper(), path, operation))
    return {
        "info": {"name": document["info"]["title"], "schema": SCHEMA},
        "variable": [
            {"key": "baseUrl", "value": "http://127.0.0.1:8000"},
            *({"key": f"{name}Token", "value": ""} for name in names),
        ],
        "item": [
            {
                "name": tag["name"],
                "description": tag["description"],
                "item": folders[tag["name"]],
            }
            for tag in document["tags"]
        ],
    }


def _request(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    segments = [re.sub(r"^\{(.+)\}$", r":\1", part) for part in path.strip("/").split("/")]
    dialect = operation["tags"][0]
    query = [
        {"key": one["name"], "value": str(example_of(one["schema"])), "disabled": True}
        for one in operation["parameters"]
        if one["in"] == "query"
    ]
    url: dict[str, Any] = {
        "raw": "{{baseUrl}}/" + "/".join(segments),
        "host": ["{{baseUrl}}"],
        "path": segments,
    }
    if query:
        url["query"] = query
    parts = [one for one in operation["parameters"] if one["in"] == "path"]
    if parts:
        url["variable"] = [
            {"key": one["name"], "value": str(example_of(one["schema"]))} for one in parts
        ]
    headers = []
    if operation["security"]:
        # ``Token`` is ally's word; every other dialect takes Bearer.
        scheme = "Token" if dialect == "ally" else "Bearer"
        headers = [{"key": "Authorization", "value": f"{scheme} {{{{{dialect}Token}}}}"}]
    request: dict[str, Any] = {"method": method, "header": headers, "url": url}
    body = _body(operation)
    if body is not None:
        request["body"] = body
    return {"name": operation["summary"], "request": request}


def _body(operation: Mapping[str, Any]) -> dict[str, Any] | None:
    body = operation.get("requestBody")
    if body is None:
        return None
    content, media = next(iter(body["content"].items()))
    if content == "application/json":
        return {
            "mode": "raw",
            "raw": json.dumps(example_of(media["schema"]), indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    if content == "multipart/form-data":
        names = media["schema"]["properties"]
        return {
            "mode": "formdata",
            "formdata": [{"key": name, "type": "file", "src": []} for name in names],
        }
    return {"mode": "file", "file": {}}
