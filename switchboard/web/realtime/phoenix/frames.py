"""Frames in and out: version 2's arrays, version 1's objects, and binary pushes, of which the head alone is read."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from switchboard.web.transport import Frame, encode_text

Version: TypeAlias = Literal[1, 2]

VERSION: Final = re.compile(r"([12])\.0\.\d{1,3}", re.ASCII)
"""Phoenix's own serializers are for ``~> 1.0.0`` and ``~> 2.0.0``."""

Ref: TypeAlias = str | int | None
"""A client's own name for a push or a join; it gets it back as it was."""

PUSH: Final = 0
"""The kind of a binary frame that a client sends (``serializer.js``)."""

HEAD_BYTES: Final = 5
"""Of a binary push: its kind and the lengths of join_ref, ref, topic and event."""

JOIN, LEAVE, HEARTBEAT = "phx_join", "phx_leave", "heartbeat"
REPLY, ERROR, CLOSE = "phx_reply", "phx_error", "phx_close"
STATE, DIFF = "presence_state", "presence_diff"
SYSTEM: Final = "phoenix"
"""The topic of heartbeats, and of what belongs to no topic."""

_encode = msgspec.json.Encoder().encode


class Malformed(Exception):
    """It is no frame of this version."""


class Received(NamedTuple):
    """A frame that has come, of whichever version."""

    join_ref: Ref
    ref: Ref
    topic: str
    event: str
    payload: Any
    binary: bool = False
    """Its payload is bytes, which nobody here takes; ``payload`` is None."""


class _Array(msgspec.Struct, array_like=True):
    join_ref: Ref
    ref: Ref
    topic: str
    event: str
    payload: Any = None


class _Object(msgspec.Struct):
    topic: str
    event: str
    payload: Any = None
    ref: Ref = None
    join_ref: Ref = None


_arrays = msgspec.json.Decoder(_Array)
_objects = msgspec.json.Decoder(_Object)


def version_of(vsn: str | None) -> Version | None:
    """The version that a client asks for: 1 if it says nothing, None if there is no such."""
    if vsn is None:
        return 1
    found = VERSION.fullmatch(vsn)
    if found is None:
        return None
    return 1 if found[1] == "1" else 2


def decode(version: Version, data: str | bytes) -> Received:
    """A frame: text, or the bytes of a binary one. Raises: Malformed."""
    if isinstance(data, bytes):
        return _binary(version, data)
    try:
        found = _arrays.decode(data) if version == 2 else _objects.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Malformed from error
    return Received(found.join_ref, found.ref, found.topic, found.event, found.payload)


def _binary(version: Version, data: bytes) -> Received:
    if version == 1 or len(data) < HEAD_BYTES or data[0] != PUSH:
        raise Malformed
    parts, at = [], HEAD_BYTES
    for length in data[1:HEAD_BYTES]:
        parts.append(data[at : at + length])
        at += length
    if at > len(data):
        raise Malformed
    try:
        join_ref, ref, topic, event = (part.decode() for part in parts)
    except UnicodeDecodeError as error:
        raise Malformed from error
    return Received(join_ref or None, ref or None, topic, event, None, binary=True)


def encode(
    version: Version, topic: str, event: str, payload: Any, join_ref: Ref = None, ref: Ref = None
) -> Frame:
    """A frame of ours. What many are told has no refs, so that it is encoded once."""
    if version == 2:
        return encode_text(_encode((join_ref, ref, topic, event, payload)))
    content = {"topic": topic, "event": event, "payload": payload, "ref": ref}
    return encode_text(_encode(content))


def reply(version: Version, to: Received, status: Literal["ok", "error"], response: Any) -> Frame:
    """``phx_reply``."""
    payload = {"status": status, "response": response}
    return encode(version, to.topic, REPLY, payload, to.join_ref, to.ref)
