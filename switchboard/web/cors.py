"""Cross-origin requests, as contracts/README.md says: no credentials, so ``*`` is safe."""

from __future__ import annotations

from switchboard.web.incoming import RequestHeaders

EXPOSED = "authorization, ETag, Retry-After, X-Request-Id"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
PREFLIGHT_SECONDS = "600"
"""Chromium's own maximum is two hours; ten minutes let a changed setting through soon."""


class Cors:
    """Which origins may read answers."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._all = "*" in origins
        self._origins = frozenset(origins)

    def headers(self, origin: str | None) -> dict[str, str]:
        """The headers of an answer to a request from that origin; None: not from another origin."""
        if origin is None:
            return {}
        if self._all:
            return {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": EXPOSED,
            }
        if origin not in self._origins:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }

    def preflight(self, headers: RequestHeaders) -> dict[str, str]:
        """The headers of the answer to OPTIONS; the requested headers are allowed as they were asked for."""
        answer = self.headers(headers.get("Origin"))
        if "Access-Control-Allow-Origin" in answer:
            answer["Access-Control-Allow-Methods"] = METHODS
            answer["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
            requested = headers.get("Access-Control-Request-Headers")
            if requested:
                answer["Access-Control-Allow-Headers"] = requested
        return answer
