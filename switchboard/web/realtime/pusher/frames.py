"""Frames out and in, and the names of channels."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from switchboard.web.transport import Frame, encode_text

CHANNEL_LENGTH_MOST = 164
"""Pusher's limit is 164 characters for a name as in its HTTP API."""

CHANNEL = re.compile(r"[A-Za-z0-9_\-=@,.;]{1,164}", re.ASCII)
"""Pusher's own set of characters; ``#server-to-user-`` is opened by signing in alone."""

EVENT_LENGTH_MOST = 200
"""Pusher's limit."""

DATA_BYTES_MOST = 10 * 1024
"""contracts/realtime.md: of an event."""

SIGN_IN_CHANNEL = "#server-to-user-"

# The codes of errors and closings (Pusher's pages, 'Error Codes').
UNKNOWN_KEY = 4001
UNSUPPORTED_PROTOCOL = 4007
NOT_AUTHORIZED = 4009
OVER_CAPACITY = 4100
RECONNECT = 4200
NO_PONG = 4201
REFUSED = 4301
"""As a frame only: clients that are closed with it stay away for good."""

_encode = msgspec.json.Encoder().encode


class Received(msgspec.Struct):
    """A frame that has come."""

    event: str
    channel: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class Subscribing(msgspec.Struct):
    """The data of ``pusher:subscribe``."""

    channel: str
    auth: str | None = None
    channel_data: str | None = None
    since: str | int | None = None


class Unsubscribing(msgspec.Struct):
    """The data of ``pusher:unsubscribe``."""

    channel: str


class SigningIn(msgspec.Struct):
    """The data of ``pusher:signin``."""

    auth: str
    user_data: str


class ChannelData(msgspec.Struct):
    """Who somebody is in a presence channel."""

    user_id: str | int
    user_info: Any = None


class UserData(msgspec.Struct):
    """Who has signed in."""

    id: str


def plain(name: str) -> str:
    """The channel whose rule this one obeys: without ``encrypted-`` and ``cache-`` after its kind."""
    for kind in ("private-", "presence-"):
        if name.startswith(kind):
            rest = name.removeprefix(kind).removeprefix("encrypted-").removeprefix("cache-")
            return kind + rest
    return name


def is_encrypted(name: str) -> bool:
    """Its data is a box that the server of the channel's owner closed."""
    return name.startswith("private-encrypted-")


def is_presence(name: str) -> bool:
    """Its members know of each other."""
    return name.startswith("presence-")


def needs_auth(name: str) -> bool:
    """Nobody listens without a signature."""
    return name.startswith(("private-", "presence-"))


def is_cache(name: str) -> bool:
    """Who comes gets the last event."""
    return name.startswith(
        ("cache-", "private-cache-", "presence-cache-", "private-encrypted-cache-")
    )


def frame(event: str, data: Any = None, channel: str | None = None, **beside: Any) -> Frame:
    """A frame of ours. ``data`` becomes a JSON string, as Pusher's clients expect it; text is one already."""
    content: dict[str, Any] = {"event": event}
    if channel is not None:
        content["channel"] = channel
    if data is not None:
        content["data"] = data if isinstance(data, str) else _encode(data).decode()
    content.update(beside)
    return encode_text(_encode(content))


def error(code: int | None, message: str) -> Frame:
    """``pusher:error``."""
    return frame("pusher:error", {"code": code, "message": message})
