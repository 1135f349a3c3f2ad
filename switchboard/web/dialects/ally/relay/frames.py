"""The relay's frames, in and out. Source: contracts/realtime.md, and the seed's 'WebSocket API'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from switchboard.engine.errors import Invalid, KeyReused
from switchboard.engine.ids import is_id
from switchboard.engine.workflows.messages import Message
from switchboard.web.dialects.ally.errors import failure
from switchboard.web.dialects.ally.shapes import Json, seconds, url
from switchboard.web.parsing import parse_json
from switchboard.web.reading import TEXT_LENGTH_MOST, Reader, read
from switchboard.web.transport import Frame, encode_text

TYPES = ("message", "read", "user_data")
"""What a client may send."""

CLIENT_ID_LENGTH_MOST = 255
"""As an ``Idempotency-Key``, which it is."""

PUSH_ADDRESS_LENGTH_MOST = 4096
"""As a ``device_token`` of POST /api/user/:id/devices."""

BAD_FRAME = 1040
"""contracts/realtime.md: the code of whatever is wrong with a frame itself."""

BYTE_ORDER_MARK = "\ufeff"

QUOTES = "\u201c\u201d\u201e\u201f"
"""What a phone's keyboard and the seed itself write for quotes."""

STRINGS = re.compile(
    rf'"(?:[^"\\]|\\.)*"?|[{QUOTES}](?P<inner>(?:[^{QUOTES}\\]|\\.)*)[{QUOTES}]?', re.DOTALL
)
"""A string in plain quotes, in which anything may stand, or one in typographic quotes. Both match without their end
too: so nothing is ever looked at twice, whatever a stranger sends."""

WITHIN = re.compile(r'\\.|"', re.DOTALL)

_encode = msgspec.json.Encoder().encode


# -- what comes in ------------------------------------------------------------------------------------------------


class Received(NamedTuple):
    """A frame that has come."""

    type: str
    content: Mapping[str, Any]


def parse(message: str | bytes) -> Received:
    """What the frame, text or binary, says. Raises: Invalid, naming what is wrong."""
    try:
        text = message.decode() if isinstance(message, bytes) else message
        value = _json(text.removeprefix(BYTE_ORDER_MARK))
    except ValueError:
        raise Invalid({"frame": "must be JSON"}) from None
    if not isinstance(value, dict):
        raise Invalid({"frame": "must be an object"})
    type = read(value, lambda reader: reader.choice("type", of=TYPES))
    return Received(type, _content(value.get("content")))


def _json(text: str) -> Any:
    """Raises: ValueError."""
    try:
        return parse_json(text)
    except ValueError:
        # Typographic quotes are looked for only in what is no JSON: in a text they are the writer's own.
        plain = with_plain_quotes(text)
        if plain == text:
            raise
        return parse_json(plain)


def with_plain_quotes(text: str) -> str:
    """The same with typographic quotes around strings as plain ones; those inside of plain ones stay."""

    def plain(found: re.Match[str]) -> str:
        inner = found["inner"]
        if inner is None:
            return found[0]
        escaped = WITHIN.sub(lambda one: '\\"' if one[0] == '"' else one[0], inner)
        return f'"{escaped}"'

    return STRINGS.sub(plain, text)


def _content(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except ValueError:
            raise Invalid({"content": "must be an object"}) from None
    if value is None:
        raise Invalid({"content": "is required"})
    if not isinstance(value, dict):
        raise Invalid({"content": "must be an object"})
    return value


class Said(NamedTuple):
    """The content of a ``message``."""

    room: str
    text: str | None
    file: str | None
    client_id: str | None


def said(reader: Reader) -> Said:
    """Reads it. Whether there is anything in it is the engine's to say."""
    return Said(
        room=_id(reader, "room"),
        text=reader.text("message") or None,
        file=url(reader, "file"),
        client_id=client_id(reader),
    )


def client_id(reader: Reader) -> str | None:
    """The client's own id of its message."""
    return reader.text("client_id", most=CLIENT_ID_LENGTH_MOST) or None


class _Content(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    room: str
    message: str | None = None
    client_id: str | None = None


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: Literal["message"]
    content: _Content


_decode_message = msgspec.json.Decoder(_Message).decode


def said_in(message: str | bytes) -> Said | None:
    """What a frame says if it is a message; None: it is something else. Raises: Invalid."""
    usual = _usual(message)
    if usual is not None:
        return usual
    received = parse(message)
    return read(received.content, said) if received.type == "message" else None


def _usual(message: str | bytes) -> Said | None:
    """What nearly all frames are, without looking for what else they might be: four times faster, and the same."""
    if not isinstance(message, str):
        return None
    try:
        content = _decode_message(message).content
    except (ValueError, RecursionError):
        return None
    room, text, client_id = content.room, content.message, content.client_id
    if not is_id(room) or not text or len(text) > TEXT_LENGTH_MOST or "\x00" in text:
        return None
    if client_id and (len(client_id) > CLIENT_ID_LENGTH_MOST or "\x00" in client_id):
        return None
    return Said(room, text, None, client_id or None)


class WasRead(NamedTuple):
    """The content of a ``read``."""

    room: str
    message: str


def was_read(reader: Reader) -> WasRead:
    """Reads it."""
    return WasRead(_id(reader, "room"), _id(reader, "message"))


def push_address(reader: Reader) -> str | None:
    """What ``user_data`` may set. Its ``alias`` is not looked at: nobody gets another one by saying so."""
    return reader.text("parse_id", most=PUSH_ADDRESS_LENGTH_MOST) or None


def _id(reader: Reader, name: str) -> str:
    given = reader.required_text(name)
    if given and not is_id(given):
        reader.complain(name, "must be an id")
    return given


# -- what goes out ------------------------------------------------------------------------------------------------


def frame(type: str, content: Json) -> Frame:
    """A frame of ours."""
    return encode_text(_encode({"type": type, "content": content}))


def message_content(message: Message) -> Json:
    """The seed's four fields, in its order, then what the REST calls show beside them (``message_shape``)."""
    return {
        "room": message.room,
        "sender": message.sender,
        "message": message.text,
        "file": message.file,
        "id": message.id,
        "created_at": seconds(message.at),
        "issue": message.issue,
        "client_id": message.client_id,
    }


def error_content(error: Exception, client_id: str | None = None) -> Json:
    """What is answered to a frame that came to nothing; ``client_id`` if it was a message that had one.

    Raises: KeyError, if the error is none that ally has a word for.
    """
    if isinstance(error, KeyReused):
        content = {"code": 2400, "message": "This client_id was used for another message"}
    else:
        content = dict(failure(error).body["error"])
    if isinstance(error, Invalid):
        content["code"] = BAD_FRAME
    return content if client_id is None else {**content, "client_id": client_id}
