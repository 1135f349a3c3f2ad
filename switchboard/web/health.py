"""What belongs to no dialect: is the process alive, is the engine ready, how much has it done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from switchboard.engine.errors import EngineError, LimitExceeded, Stopping, Unavailable
from switchboard.web.call import Call, Dialect, Failure, Page, Route
from switchboard.web.failures import (
    BodyTooLarge,
    Bug,
    LoginRequired,
    TooSlow,
    UnknownPath,
    UnreadableBody,
    UnsupportedType,
    WrongMethod,
)
from switchboard.web.metrics import CONTENT_TYPE, Metrics

PING_SECONDS = 2.0
"""A database that needs longer for nothing is not one to send people to; load balancers ask every few seconds."""

STATUSES: dict[type[Exception], int] = {
    UnknownPath: 404,
    WrongMethod: 405,
    BodyTooLarge: 413,
    UnsupportedType: 415,
    UnreadableBody: 400,
    LoginRequired: 401,
    LimitExceeded: 429,
    TooSlow: 503,
    Bug: 500,
}


async def healthz(_call: Call) -> Any:
    """The process answers."""
    return {"status": "ok"}


async def readyz(call: Call) -> Any:
    """The engine takes commands and the database answers. Raises: Stopping, StoreDown, TooSlowError."""
    if not call.services.engine.ready:
        raise Stopping
    with trio.fail_after(PING_SECONDS):
        await call.services.engine.store.ping()
    return {"status": "ready"}


def system_dialect(metrics: Metrics, more: Sequence[Route] = ()) -> Dialect:
    """``/healthz``, ``/readyz`` and ``/metrics``, and the answer to paths that belong to nobody.

    Args:
        more: pages beside them.
    """

    async def render(_call: Call) -> Page:
        return Page(CONTENT_TYPE, metrics.render())

    return Dialect(
        name="system",
        prefix="",
        routes=(
            Route("GET", "/healthz", healthz, anonymous=True),
            Route("GET", "/readyz", readyz, anonymous=True),
            Route("GET", "/metrics", render, anonymous=True),
            *more,
        ),
        credential=_no_credential,
        success=_bare,
        failure=_failure,
    )


def _no_credential(_call: Call) -> None:
    return None


def _bare(answer: Any) -> Any:
    return answer


def _failure(error: Exception) -> Failure:
    status = STATUSES.get(type(error))
    if status is None:
        status = 503 if isinstance(error, Unavailable) else 400
    body: dict[str, Any] = {"error": type(error).__name__}
    if isinstance(error, Bug):
        body["id"] = error.incident
    elif isinstance(error, EngineError):
        body["message"] = str(error)
    return Failure(status, body)
