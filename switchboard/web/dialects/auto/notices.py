"""auto's push bodies: what dealers and visitors are told. Source: contracts/auto.md, 'Push body'."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping

import msgspec

from switchboard.engine.engine import Engine
from switchboard.engine.ports import StoredNotice
from switchboard.engine.push import TRIED_MILLISECONDS, Push
from switchboard.engine.sessions.stream import StreamNotice
from switchboard.web.dialects.auto.shapes import Json

WORDS: Mapping[int, tuple[str, str]] = {
    0: ("New request", "A visitor asks for a live stream"),
    1: ("Accepted", "A dealer has accepted the request"),
    2: ("Cancelled", "The visitor has cancelled the request"),
    3: ("Stopped", "The stream was stopped"),
    4: ("Started", "The stream has started"),
    5: ("Expired", "The stream has expired"),
    6: ("Taken", "Another dealer has accepted the request"),
    7: ("Missed", "Nobody accepted the request"),
    10: ("Skipped", "The request was passed on"),
}
"""Code -> title and message."""


def message_id(topic: str, sequence: int) -> str:
    """A UUID that is the same whenever and however the same notice is told, so that clients can drop a repeat."""
    digest = hashlib.sha256(f"{topic}/{sequence}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def body(notice: StreamNotice, topic: str, sequence: int) -> Json:
    """``{code,title,message,_id,messageId,acceptedDealerFullName}``."""
    title, message = WORDS[notice.code]
    return {
        "code": notice.code,
        "title": title,
        "message": message,
        "_id": notice.stream,
        "messageId": message_id(topic, sequence),
        "acceptedDealerFullName": notice.dealer_name,
    }


def stream_push(notice: StoredNotice, _account: str, _engine: Engine) -> Push:
    """What a dealer's devices are told."""
    told = msgspec.json.decode(notice.body, type=StreamNotice)
    shape = body(told, notice.topic, notice.sequence)
    expires_at = notice.at + TRIED_MILLISECONDS
    return Push(shape["messageId"], shape["title"], shape["message"], shape, expires_at)


PUSHES = (("streaming", stream_push),)
"""By the notices' names."""
