"""The auth endpoints: who may listen is the dialect's word, how it is signed is Pusher's."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from switchboard.engine.errors import Invalid, NotAllowed
from switchboard.web.call import Call, Page
from switchboard.web.failures import LoginRequired
from switchboard.web.reading import Reader
from switchboard.web.realtime.pusher import frames
from switchboard.web.realtime.pusher.connection import SIGNED_IN

SOCKET_ID = re.compile(r"\d{1,20}\.\d{1,20}", re.ASCII)

JSON = "application/json"


def _socket(reader: Reader) -> str:
    socket = reader.required_text("socket_id", most=50)
    if socket and not SOCKET_ID.fullmatch(socket):
        reader.complain("socket_id", "must be two numbers with a dot between")
    return socket


def _wanted(reader: Reader) -> tuple[str, str]:
    channel = reader.required_text("channel_name", most=frames.CHANNEL_LENGTH_MOST)
    if channel and not frames.CHANNEL.fullmatch(channel):
        reader.complain("channel_name", "is no channel's name")
    return _socket(reader), channel


def _page(answer: dict[str, Any]) -> Page:
    """Bare, whatever the dialect's envelope: Pusher's clients read it."""
    return Page(JSON, msgspec.json.encode(answer))


async def channel(call: Call) -> Page:
    """Signs one socket's way into one channel. Raises: Invalid, NotAllowed, LoginRequired, StoreDown."""
    socket, name = call.parse(_wanted)
    server, dialect = call.services.pusher, call.dialect
    app = server.by_dialect.get(dialect)
    if app is None:
        raise NotAllowed
    if not frames.needs_auth(name):
        raise Invalid({"channel_name": "needs no signature"})
    if call.room not in (None, frames.plain(name)):
        raise NotAllowed
    admission = await server.listening[dialect].admit(call, frames.plain(name))
    server.grant(app, socket, name, admission, call.token)
    text, answer = f"{socket}:{name}", {}
    if frames.is_presence(name):
        data = {"user_id": admission.user, "user_info": admission.info or {}}
        answer["channel_data"] = msgspec.json.encode(data).decode()
        text += f":{answer['channel_data']}"
    answer["auth"] = app.auth(text)
    if frames.is_encrypted(name):
        answer["shared_secret"] = app.shared_secret(name)
    return _page(answer)


async def user(call: Call) -> Page:
    """Signs one socket's sign-in. Raises: Invalid, LoginRequired, StoreDown."""
    socket = call.parse(_socket)
    server, dialect = call.services.pusher, call.dialect
    app = server.by_dialect.get(dialect)
    if app is None:
        raise NotAllowed
    signing_in = server.listening[dialect].user
    if signing_in is None:
        raise LoginRequired
    admission = await signing_in(call)
    server.grant(app, socket, SIGNED_IN, admission, call.token)
    data = msgspec.json.encode({"id": admission.user, "user_info": admission.info or {}}).decode()
    return _page({"auth": app.auth(f"{socket}::user::{data}"), "user_data": data})
