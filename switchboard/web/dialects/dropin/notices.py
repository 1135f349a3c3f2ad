"""dropin's push bodies: what a gig's people are told. Source: contracts/dropin.md, 'Push body'."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from switchboard.engine.engine import Engine
from switchboard.engine.ports import StoredNotice
from switchboard.engine.push import TRIED_MILLISECONDS, PersonalNotice, Push
from switchboard.engine.sessions.gig import GigNotice
from switchboard.web.dialects.dropin.shapes import Json
from switchboard.web.wire import money

WORDS: Mapping[int, tuple[str, str]] = {
    2: ("Handshake", "The other party is ready for the stream"),
    3: ("Purchased", "The gig was purchased"),
    4: ("New gig", "A customer near you asks for a gig"),
    5: ("Operator found", "An operator has accepted your gig"),
    7: ("Nobody found", "No operator has accepted your gig"),
    11: ("Confirmed", "The customer has confirmed the gig"),
    12: ("Rejected", "The customer has rejected the operator"),
    13: ("Gig gone", "The gig is not available any more"),
    14: ("Gig over", "The gig is over"),
}
"""Code -> title and message."""

WORDS_OF_A_PERSON = ("New message", "Somebody you share a gig with has sent you something")
"""What a device shows for push code 100, whose data are its app's business."""


class Told(NamedTuple):
    """A notice with its number, as the websocket or the store has it."""

    topic: str
    sequence: int
    body: bytes


def message_id(topic: str, sequence: int) -> str:
    """A UUID that is the same whenever and however the same notice is told, so that clients can drop a repeat."""
    digest = hashlib.sha256(f"{topic}/{sequence}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def body(notice: GigNotice, topic: str, sequence: int, token: str | None = None) -> Json:
    """``{code,title,message,messageId,data}``; ``token`` is the listener's own key to the room, with code 2."""
    title, message = WORDS[notice.code]
    gig: Json = {
        "id": notice.gig,
        "status": notice.status,
        "customer": notice.customer,
        "operator": notice.operator,
        "latitude": notice.latitude,
        "longitude": notice.longitude,
        "duration": notice.duration,
        "price": money(notice.price_cents),
        "bypassRating": notice.bypass_rating,
    }
    data: Json = {"gig": gig}
    if notice.video is not None:
        room = notice.video
        keys = {"apiKey": room.api_key, "sessionId": room.session_id, "token": token}
        data |= {**keys, "provider": room.provider}
        data["stream"] = {
            "id": notice.gig,
            "key": room.api_key,
            "sessionId": room.session_id,
            "token": token,
        }
    return {
        "code": notice.code,
        "title": title,
        "message": message,
        "messageId": message_id(topic, sequence),
        "data": data,
    }


def gig_body(told: Told, account: str, engine: Engine) -> Json:
    """A gig's push body for that account, with its own key to the room if there is one."""
    notice = msgspec.json.decode(told.body, type=GigNotice)
    token = None
    if notice.video is not None:
        token = engine.video.token(notice.video, account, engine.clock.now())
    return body(notice, told.topic, told.sequence, token)


def personal_body(told: Told) -> Json:
    """What a person sent: under ``data`` alone, so that nobody forges a code of the server's."""
    notice = msgspec.json.decode(told.body, type=PersonalNotice)
    return {
        "code": notice.code,
        "from": notice.sender,
        "data": notice.data,
        "messageId": message_id(told.topic, told.sequence),
    }


def gig_push(notice: StoredNotice, account: str, engine: Engine) -> Push:
    """What the devices of a gig's people are told."""
    shape = gig_body(Told(notice.topic, notice.sequence, notice.body), account, engine)
    expires_at = notice.at + TRIED_MILLISECONDS
    return Push(shape["messageId"], shape["title"], shape["message"], shape, expires_at)


def personal_push(notice: StoredNotice, _account: str, _engine: Engine) -> Push:
    """What the devices of who was sent something are told."""
    shape = personal_body(Told(notice.topic, notice.sequence, notice.body))
    expires_at = notice.at + TRIED_MILLISECONDS
    return Push(shape["messageId"], *WORDS_OF_A_PERSON, shape, expires_at)


PUSHES = (("gig", gig_push), ("push", personal_push))
"""By the notices' names."""
