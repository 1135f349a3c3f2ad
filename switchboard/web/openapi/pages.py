"""``/openapi.json`` and ``/reference``: made once, when the app is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from switchboard.web.call import Call, Page, Route
from switchboard.web.openapi.reference import STYLE, render

HEADERS = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


def routes(document: Mapping[str, Any]) -> tuple[Route, Route]:
    """The two routes over that document."""
    encoded, page = msgspec.json.encode(document), render(document)
    style = hashlib.sha256(STYLE.encode()).digest()
    policy = f"default-src 'none'; style-src 'sha256-{_base64(style)}'; frame-ancestors 'none'"
    return (
        Route("GET", "/openapi.json", _page("application/json", encoded, {}), anonymous=True),
        Route(
            "GET",
            "/reference",
            _page("text/html; charset=utf-8", page, {"Content-Security-Policy": policy}),
            anonymous=True,
        ),
    )


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _page(content_type: str, body: bytes, headers: Mapping[str, str]) -> Any:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    said = {**HEADERS, **headers, "ETag": etag, "Cache-Control": "no-cache"}

    async def answer(call: Call) -> Page:
        if call.headers.get("If-None-Match") == etag:
            return Page(content_type, b"", 304, said)
        return Page(content_type, body, 200, said)

    return answer
