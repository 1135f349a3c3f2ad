"""The HTTP API that server SDKs call: trigger events, look at channels, end a user's connections."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from switchboard.engine.errors import EngineError, Invalid, NotAllowed, Unavailable
from switchboard.web.call import Call, Dialect, Failure, Route
from switchboard.web.failures import (
    BodyTooLarge,
    Bug,
    LoginRequired,
    TooSlow,
    UnknownPath,
    UnreadableBody,
    UnsupportedType,
    WebFailure,
    WrongMethod,
)
from switchboard.web.realtime.pusher import frames
from switchboard.web.realtime.pusher.apps import App
from switchboard.web.realtime.pusher.frames import frame
from switchboard.web.realtime.pusher.rooms import Room
from switchboard.web.realtime.pusher.server import PusherServer

CLOCK_SECONDS = 600
"""contracts/realtime.md: how far a caller's clock may be away from ours."""

CHANNELS_MOST = 100
BATCH_MOST = 10
"""Pusher's limits: channels of an event, events of a batch."""

Json = dict[str, Any]


class TooLarge(WebFailure):
    """The data of an event is longer than 10 KiB."""


class Event(msgspec.Struct):
    """What a server says."""

    name: str
    data: str
    channels: list[str] | None = None
    channel: str | None = None
    socket_id: str | None = None
    info: str | None = None


class Batch(msgspec.Struct):
    """Several events, of one channel each."""

    batch: list[Event]


def _app(call: Call) -> App:
    """The app whose server calls. Raises: UnknownPath, LoginRequired, NotAllowed."""
    server, id = call.services.pusher, call.arguments.get("app")
    if id is None:  # As the SDK for Python ends a user's connections.
        app = server.apps.get(str(call.query.get("auth_key")))
        if app is None:
            raise LoginRequired
    else:
        app = server.by_id.get(id)
        if app is None:
            raise UnknownPath
    query = {str(name).lower(): value for name, value in call.query.items()}
    signature = query.pop("auth_signature", None)
    if query.get("auth_key") != app.key or not isinstance(signature, str):
        raise LoginRequired
    _timely(query.get("auth_timestamp"), call.services.engine.clock.now() // 1000)
    text = "&".join(f"{name}={_text(query[name])}" for name in sorted(query))
    if not app.signed(signature, f"{call.method}\n{call.path}\n{text}"):
        raise LoginRequired("invalid")
    digest = hashlib.md5(call.raw, usedforsecurity=False).hexdigest()
    if call.raw and not hmac.compare_digest(
        digest, str(query.get("body_md5", "")).encode("ascii", "replace").decode()
    ):
        raise LoginRequired("invalid")
    return app


def _timely(given: Any, now: int) -> None:
    if not isinstance(given, str) or not given.isascii() or not given.isdigit() or len(given) > 15:
        raise LoginRequired
    if abs(int(given) - now) > CLOCK_SECONDS:
        raise LoginRequired("expired")


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


# -- events -----------------------------------------------------------------------------------------------------


def _read(call: Call, kind: Any) -> Any:
    try:
        return msgspec.json.decode(call.raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(str(error)) from error


def _targets(event: Event) -> list[str]:
    """The event's channels. Raises: Invalid, TooLarge."""
    names = event.channels if event.channels is not None else [event.channel or ""]
    if not names or len(names) > CHANNELS_MOST:
        raise Invalid({"channels": f"must be 1 to {CHANNELS_MOST} names"})
    for name in names:
        plain = name.removeprefix(frames.SIGN_IN_CHANNEL)
        if not frames.CHANNEL.fullmatch(plain):
            raise Invalid({"channels": f"no channel can have the name {name[:40]!r}"})
    if not event.name or len(event.name) > frames.EVENT_LENGTH_MOST:
        raise Invalid({"name": f"must be 1 to {frames.EVENT_LENGTH_MOST} characters"})
    if len(event.data.encode("utf-8", "replace")) > frames.DATA_BYTES_MOST:
        raise TooLarge
    return names


async def _tell(server: PusherServer, app: App, event: Event, names: list[str]) -> None:
    for name in dict.fromkeys(names):
        told = frame(event.name, event.data, name)
        if name.startswith(frames.SIGN_IN_CHANNEL):
            for connection in server.of_user(app, name.removeprefix(frames.SIGN_IN_CHANNEL)):
                connection.outlet.send_encoded(told)
            continue
        room = server.room(app, name)
        if frames.is_cache(name):
            server.remember(app, name, told)
        if room is None:
            continue
        speaker = server.connections.get(event.socket_id or "")
        besides = None if speaker is None else speaker.subscriptions.get(name)
        await room.channel.broadcast(told, None if besides is None else besides.member)


def _about(server: PusherServer, app: App, event: Event, names: list[str]) -> Json:
    if not event.info:
        return {}
    return {"channels": {name: _info(server.room(app, name), event.info) for name in names}}


async def trigger(call: Call) -> Json:
    """POST /apps/:id/events."""
    app, server = _app(call), call.services.pusher
    event: Event = _read(call, Event)
    names = _targets(event)
    await _tell(server, app, event, names)
    return _about(server, app, event, names)


async def trigger_batch(call: Call) -> Json:
    """POST /apps/:id/batch_events: all or, if one is wrong, none."""
    app, server = _app(call), call.services.pusher
    batch: Batch = _read(call, Batch)
    if len(batch.batch) > BATCH_MOST:
        raise Invalid({"batch": f"must be at most {BATCH_MOST} events"})
    targets = [_targets(event) for event in batch.batch]
    for event, names in zip(batch.batch, targets, strict=True):
        await _tell(server, app, event, names)
    if not any(event.info for event in batch.batch):
        return {}
    infos = [_info(server.room(app, one.channel or ""), one.info or "") for one in batch.batch]
    return {"batch": infos}


# -- looking ----------------------------------------------------------------------------------------------------


def _info(room: Room | None, wanted: str) -> Json:
    found: Json = {}
    for name in wanted.split(","):
        if name == "subscription_count":
            found[name] = 0 if room is None else len(room.channel.members)
        elif name == "user_count":
            found[name] = 0 if room is None else len(room.users)
    return found


def _wanted(call: Call) -> str:
    info = call.query.get("info")
    return info if isinstance(info, str) else ""


async def channels(call: Call) -> Json:
    """GET /apps/:id/channels."""
    app, server = _app(call), call.services.pusher
    prefix, wanted = str(call.query.get("filter_by_prefix") or ""), _wanted(call)
    if "user_count" in wanted.split(",") and not prefix.startswith("presence-"):
        raise Invalid({"info": "user_count is for presence channels: filter_by_prefix=presence-"})
    rooms = server.rooms(app)
    shown = {name: _info(rooms[name], wanted) for name in sorted(rooms) if name.startswith(prefix)}
    return {"channels": shown}


async def channel(call: Call) -> Json:
    """GET /apps/:id/channels/:name."""
    app, name = _app(call), call.arguments["channel"]
    room = call.services.pusher.room(app, name)
    if "user_count" in _wanted(call).split(",") and not frames.is_presence(name):
        raise Invalid({"info": "user_count is for presence channels"})
    return {"occupied": room is not None and room.occupied, **_info(room, _wanted(call))}


async def users(call: Call) -> Json:
    """GET /apps/:id/channels/:name/users."""
    app, name = _app(call), call.arguments["channel"]
    if not frames.is_presence(name):
        raise Invalid({"channel": "must be a presence channel"})
    room = call.services.pusher.room(app, name)
    return {"users": [{"id": user} for user in ([] if room is None else room.users)]}


async def terminate(call: Call) -> Json:
    """POST /apps/:id/users/:user/terminate_connections: closes where that user has signed in."""
    app = _app(call)
    for connection in call.services.pusher.of_user(app, call.arguments["user"]):
        connection.outlet.close(frames.NOT_AUTHORIZED, "terminated by the app")
    return {}


# -- the dialect ------------------------------------------------------------------------------------------------


def _failure(error: Exception) -> Failure:
    if isinstance(error, Invalid):
        problems = "; ".join(f"{name} {reason}" for name, reason in error.fields.items())
        return Failure(400, {"error": problems})
    for kind, (status, text) in STATUSES.items():
        if isinstance(error, kind):
            return Failure(status, {"error": text or str(error)})
    raise KeyError(type(error))


STATUSES: Mapping[type[Exception], tuple[int, str]] = {
    LoginRequired: (401, "the signature is not the app's, or its time is over"),
    UnknownPath: (404, "there is no such app or path"),
    WrongMethod: (405, "this path does not answer to this method"),
    TooLarge: (413, "the data of an event may have 10 KiB"),
    BodyTooLarge: (413, "the body is too large"),
    UnreadableBody: (400, ""),
    UnsupportedType: (415, "the body must be JSON"),
    NotAllowed: (403, "not allowed"),
    TooSlow: (503, "try again"),
    Unavailable: (503, "try again"),
    Bug: (500, ""),
    EngineError: (400, ""),
}


def _bare(answer: Any) -> Any:
    return answer


def _nobody(_call: Call) -> None:
    """There are no tokens: calls are signed."""


def _route(method: str, path: str, handler: Any) -> Route:
    return Route(method, f"/apps/<app>/{path}", handler, anonymous=True)


PUSHER_API = Dialect(
    name="pusher",
    prefix="",
    routes=(
        _route("POST", "events", trigger),
        _route("POST", "batch_events", trigger_batch),
        _route("GET", "channels", channels),
        _route("GET", "channels/<channel>", channel),
        _route("GET", "channels/<channel>/users", users),
        _route("POST", "users/<user>/terminate_connections", terminate),
        Route("POST", "/users/<user>/terminate_connections", terminate, anonymous=True),
    ),
    credential=_nobody,
    success=_bare,
    failure=_failure,
)
