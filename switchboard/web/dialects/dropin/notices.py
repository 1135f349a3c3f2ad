"""dropin's push bodies: what a gig's people are told. Source: contracts/dropin.md, 'Push body'."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping

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
