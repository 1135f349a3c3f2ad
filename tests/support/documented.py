"""Holds every answer of every test against the OpenAPI document: its status, its content type, its body."""

from __future__ import annotations

import fnmatch
from functools import cache
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
from werkzeug.exceptions import HTTPException

from switchboard.web import SwitchboardApp, WebSettings
from switchboard.web.app import Endpoint
from switchboard.web.descriptions import DESCRIBED
from switchboard.web.openapi.document import build, path_of

DOCUMENT = build(DESCRIBED, WebSettings().version)


@cache
def _operation(method: str, path: str) -> dict[str, Any] | None:
    found = DOCUMENT["paths"].get(path, {}).get(method.lower())
    assert found is None or isinstance(found, dict)
    return found


@cache
def _validator(method: str, path: str, status: int, content: str) -> Any:
    """What checks such a body; None: any will do."""
    operation = _operation(method, path)
    assert operation is not None
    responses = operation["responses"]
    assert str(status) in responses, f"{method} {path} may not answer {status}"
    response = responses[str(status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    offered = response.get("content", {})
    for name, media in offered.items():
        if fnmatch.fnmatch(content, name):
            if content != "application/json":
                return None
            schema = {**media["schema"], "components": DOCUMENT["components"]}
            return jsonschema_rs.validator_for(schema)
    assert not offered, f"{method} {path} answers {status} as {content}, not {list(offered)}"
    return None


def check(app: SwitchboardApp, method: str, target: str, reply: Any) -> None:
    """Raises: AssertionError, if the answer is not what the document promises."""
    path = unquote(target.partition("?")[0], errors="replace")
    adapter = app.url_map.bind("localhost", path_info=path, default_method=method)
    try:
        endpoint, _ = adapter.match()
    except HTTPException:
        return
    if not isinstance(endpoint, Endpoint):
        return
    documented = endpoint.dialect.prefix + path_of(endpoint.route.path)
    if _operation(method, documented) is None:
        # Routes of the system's, or a test's own.
        return
    content = (reply.headers.get("Content-Type") or "").partition(";")[0]
    validator = _validator(method, documented, reply.status, content)
    if validator is not None:
        problems = [
            f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for error in validator.iter_errors(reply.body)
        ]
        assert not problems, f"{method} {documented} {reply.status}: {problems[:3]}"
