"""What goes wrong before the engine is asked. Each dialect's table maps these beside the engine's own errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import trio

from switchboard.engine.errors import EngineError, SessionCrashed


class WebFailure(Exception):
    """The root of them; never raised itself."""


class UnknownPath(WebFailure):
    """Nothing answers at this path."""


class WrongMethod(WebFailure):
    """Something answers at this path, but to other methods."""

    def __init__(self, allowed: Sequence[str], method: str = "") -> None:
        super().__init__("wrong method")
        self.allowed = allowed
        self.method = method
        """The one that was used."""


class BodyTooLarge(WebFailure):
    """The body is longer than the server reads."""


class UnreadableBody(WebFailure):
    """The body is not what it should be, or did not come in time; ``reason`` may be shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsupportedType(WebFailure):
    """The body's declared type or encoding is one that nobody here reads."""


class LoginRequired(WebFailure):
    """There is no token, or one that opens nothing here; ``why`` says which, to those APIs that tell."""

    def __init__(self, why: Literal["missing", "invalid", "expired"] = "missing") -> None:
        super().__init__(why)
        self.why = why


class TooSlow(WebFailure):
    """The request's time was over: it may have happened."""

    retry_after_seconds = 1
    """As for anything else that is busy (``Unavailable``)."""


class Bug(WebFailure):
    """A fault of ours; ``incident`` is the id under which the log has the traceback."""

    def __init__(self, incident: str) -> None:
        super().__init__(f"internal error {incident}")
        self.incident = incident


def expected(error: Exception) -> Exception | None:
    """The error as the dialects' tables know it; None: it is a bug, which its incident stands for (``Bug``)."""
    if isinstance(error, trio.TooSlowError):
        return TooSlow()
    if isinstance(error, SessionCrashed):
        # The supervisor has logged the traceback under this id.
        return Bug(error.incident)
    return error if isinstance(error, EngineError | WebFailure) else None
