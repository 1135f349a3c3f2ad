"""That the peer has left is the end of what was done for it, and no error."""

from __future__ import annotations

from typing import Any

from hypercorn.typing import AppWrapper


class PeerLeft(OSError):
    """Nobody is there any more to get what is sent. An OSError, as ASGI's specification has it for a send after the
    end."""


async def run_quietly(app: AppWrapper, *arguments: Any) -> None:
    """Runs the app; that its peer has left, alone or beside cancellations, is not reported. Every other error
    passes."""
    try:
        await app(*arguments)
    except* PeerLeft:
        # The app wrote to a client that had gone, and left it to us to know what that means.
        pass
