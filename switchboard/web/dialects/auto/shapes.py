"""auto's JSON. Source: contracts/auto.md."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from switchboard.engine.records import Account, Device, Lead, Vehicle
from switchboard.engine.sessions.stream import StreamSummary
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.messages import Message
from switchboard.engine.workflows.showroom import DealerPresence
from switchboard.engine.workflows.vins import Decoded
from switchboard.web.wire import time_text

Json = dict[str, Any]


class Answer(NamedTuple):
    """An answer with something beside its data in the envelope."""

    data: Any
    beside: dict[str, Any]


def envelope(answer: Any) -> dict[str, Any]:
    """``{"status":200,"data":...}``."""
    if isinstance(answer, Answer):
        return {"status": 200, **answer.beside, "data": answer.data}
    return {"status": 200, "data": answer}


def account_shape(account: Account, presence: DealerPresence) -> Json:
    """An account; never its password."""
    return {
        "_id": account.id,
        "id": account.id,
        "email": _identity(account, "email"),
        "username": _identity(account, "username"),
        "firstName": account.first_name,
        "lastName": account.last_name,
        "organization": account.organization,
        "status": _status(account),
        "presence": presence,
        "createdAt": time_text(account.created_at),
        "updatedAt": time_text(account.updated_at),
    }


def _identity(account: Account, type: str) -> str | None:
    return next((one.shown for one in account.identities if one.type == type), None)


def _status(account: Account) -> Literal["active", "pending", "archived"]:
    if account.status == "archived":
        return "archived"
    return "pending" if account.dealer == "pending" else "active"


# -- streams ----------------------------------------------------------------------------------------------------


def stream_shape(
    stream: StreamSummary, vehicle: Vehicle | None, *, note: str | None, lead: Lead | None
) -> Json:
    """A stream; ``note`` and ``lead`` as far as the caller may see them."""
    return {
        "_id": stream.id,
        "id": stream.id,
        "status": stream.status,
        "organization": stream.organization,
        "vin": stream.vin,
        "vehicle": None if vehicle is None else vehicle_shape(vehicle),
        "dealer": stream.dealer,
        "acceptedDealerFullName": stream.dealer_name,
        "guestId": stream.guest,
        "note": note,
        "duration": stream.duration,
        "createdAt": time_text(stream.created_at),
        "updatedAt": time_text(stream.updated_at),
        "startedAt": time_text(stream.started_at),
        "stoppedAt": time_text(stream.stopped_at),
        "lead": None if lead is None else lead_shape(lead),
    }


def video_shape(room: VideoSession, token: str, *, base: str | None, websocket: str | None) -> Json:
    """One party's way into the room.

    Args:
        base, websocket: where clients reach this dialect, if that may be said.
    """
    return {
        "provider": room.provider,
        "apiKey": room.api_key,
        "sessionId": room.session_id,
        "token": token,
        "url": room.url or (websocket and f"{websocket}/app/{room.api_key}"),
        "authEndpoint": base and f"{base}/socket/auth",
    }


def vehicle_shape(vehicle: Vehicle) -> Json:
    """A vehicle that the organization registered."""
    return {"vin": vehicle.vin, "model": vehicle.model, "photo": vehicle.photo}


def vin_shape(decoded: Decoded) -> Json:
    """What a number says."""
    return {
        "vin": decoded.vin,
        "make": decoded.make,
        "model": decoded.model,
        "year": decoded.year,
        "country": decoded.country,
        "manufacturer": decoded.manufacturer,
        "type": decoded.type,
        "checksumOk": decoded.checksum_ok,
    }


def lead_shape(lead: Lead) -> Json:
    """A lead, as the visitor wrote it."""
    return {
        "_id": lead.id,
        "id": lead.id,
        "stream": lead.stream,
        "organization": lead.organization,
        "vinId": lead.vin,
        "sessionId": lead.session,
        "email": lead.email,
        "firstName": lead.first_name,
        "lastName": lead.last_name,
        "phone": lead.phone,
        "comment": lead.comment,
        "createdAt": time_text(lead.created_at),
    }


def device_shape(device: Device) -> Json:
    """A phone that pushes go to."""
    return {
        "_id": device.id,
        "id": device.id,
        "account": device.account,
        "deviceAddress": device.address,
        "deviceType": device.type,
        "bundleId": device.bundle,
        "createdAt": time_text(device.created_at),
        "updatedAt": time_text(device.updated_at),
    }


def subscription_shape(device: Device) -> Json:
    """A browser that pushes go to; its keys are shown to nobody."""
    return {
        "_id": device.id,
        "id": device.id,
        "account": device.account,
        "endpoint": device.address,
        "createdAt": time_text(device.created_at),
        "updatedAt": time_text(device.updated_at),
    }


def chat_shape(stream: str, message: Message) -> Json:
    """A message of a stream's chat."""
    return {
        "_id": message.id,
        "id": message.id,
        "stream": stream,
        "from": message.sender,
        "message": message.text,
        "verified": message.verified,
        "createdAt": time_text(message.at),
    }
