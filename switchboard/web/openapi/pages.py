"""``/openapi.json`` and ``/reference``: made once, when the app is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from switchboard.web.call import Route
from switchboard.web.openapi.reference import STYLE, render
from switchboard.web.pages import fixed


def routes(document: Mapping[str, Any]) -> tuple[Route, Route]:
    """The two routes over that document."""
    encoded, page = msgspec.json.encode(document), render(document)
    style = hashlib.sha256(STYLE.encode()).digest()
    policy = f"default-src 'none'; style-src 'sha256-{_base64(style)}'; frame-ancestors 'none'"
    return (
        Route("GET", "/openapi.json", fixed("application/json", encoded, {}), anonymous=True),
        Route(
            "GET",
            "/reference",
            fixed("text/html; charset=utf-8", page, {"Content-Security-Policy": policy}),
            anonymous=True,
        ),
    )


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
