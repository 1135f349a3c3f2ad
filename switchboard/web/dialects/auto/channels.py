"""auto's channels: who may listen, and what they are told. Source: contracts/realtime.md."""

from __future__ import annotations

from typing import Any

import msgspec

from switchboard.engine.errors import NotAllowed
from switchboard.engine.ids import is_id
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.room import RoomNotice, chat_of
from switchboard.engine.sessions.stream import LIVE, Stream, StreamNotice, viewer_topic
from switchboard.engine.workflows.dealers import membership
from switchboard.engine.workflows.showroom import name_of
from switchboard.web.authentication import bearer, take_room_key
from switchboard.web.call import Call
from switchboard.web.dialects.auto import notices
from switchboard.web.dialects.auto.callers import NOBODY, Caller, caller_of
from switchboard.web.realtime.hub import Rendered
from switchboard.web.realtime.listening import NOTHING, Admission, Listening, Plan
from switchboard.web.realtime.lookups import Lookups, renderers
from switchboard.web.services import Services
from switchboard.web.wire import time_text

PRIVATE, STREAM, ORGANIZATION = "private-", "presence-stream-", "presence-organization-"


async def admit(call: Call, name: str) -> Admission:
    """See ``Listening``."""
    caller = await caller_of(call)
    if name.startswith(STREAM):
        if caller == NOBODY:
            caller = await _key_holder(call)
        return await _party(call, caller, name.removeprefix(STREAM))
    if name.startswith(ORGANIZATION):
        return await _colleague(call, caller, name.removeprefix(ORGANIZATION))
    id = name.removeprefix(PRIVATE)
    if name.startswith(PRIVATE) and is_id(id):
        if caller.account is not None and caller.account.id == id:
            return Admission()
        if await _stream(call.services, id) is not None:
            return Admission()
    raise NotAllowed


async def _key_holder(call: Call) -> Caller:
    """The dealer by its key to the stream's room, which is all that a page with the video alone may know."""
    taken = await take_room_key(call, bearer(call.headers.get("Authorization")) or "")
    return Caller(call.account, None) if taken else NOBODY


async def _stream(services: Services, id: str) -> Stream | None:
    found = await services.engine.read(Address("stream", id)) if is_id(id) else None
    return found if isinstance(found, Stream) else None


async def _party(call: Call, caller: Caller, id: str) -> Admission:
    stream = await _stream(call.services, id)
    party = None if stream is None else caller.party(stream)
    if stream is None or party is None or stream.phase not in LIVE:
        raise NotAllowed
    session = Address("stream", id)
    if party == "viewer":
        call.token = None  # Its word is the viewer token, which stands for the stream alone.
        return Admission(f"viewer-{id}", {"role": "viewer"}, session)
    assert caller.account is not None
    info = {"role": "dealer", "name": name_of(caller.account)}
    return Admission(caller.account.id, info, session)


async def _colleague(call: Call, caller: Caller, code: str) -> Admission:
    if caller.account is None:
        raise NotAllowed
    organization = await call.services.engine.store.organizations.find(code)
    if organization is None or membership(caller.account) != organization.id:
        raise NotAllowed
    return Admission(caller.account.id, {"name": name_of(caller.account)})


def still(state: Any, account: str | None) -> bool:
    """A stream's two people meet while it lives."""
    if not isinstance(state, Stream) or state.phase not in LIVE:
        return False
    return account is None or account == state.dealer


async def user(call: Call) -> Admission:
    """Whoever has a token."""
    return Admission(call.caller.id, {"name": name_of(call.caller)})


async def plan(services: Services, name: str) -> Plan:
    """``private-<account>`` is fed by the account's topic, ``private-<stream>`` by the visitor's and the chat's."""
    id = name.removeprefix(PRIVATE)
    if not name.startswith(PRIVATE) or not is_id(id):
        return NOTHING

    def rendering(announcement: Announcement, lookups: Lookups) -> Rendered | None:
        return _rendered(id, announcement, lookups)

    how = renderers(services, rendering)
    if await _stream(services, id) is not None:
        return Plan((viewer_topic(id), chat_of(id)), *how)
    return Plan((f"account/{id}",), *how)


def _rendered(id: str, announcement: Announcement, lookups: Lookups) -> Rendered | None:
    if announcement.name == "streaming":
        notice = msgspec.json.decode(announcement.body, type=StreamNotice)
        shape = notices.body(notice, announcement.topic, announcement.sequence)
        return Rendered("streaming", shape)
    if announcement.name == "room" and announcement.topic.startswith("chat/"):
        told = msgspec.json.decode(announcement.body, type=RoomNotice)
        message = lookups.message(told.message) if told.message else None
        if message is None:
            return None
        shape = {
            "_id": message.id,
            "stream": id,
            "from": message.sender,
            "message": message.text,
            "verified": message.verified,
            "createdAt": time_text(message.at),
        }
        return Rendered("chat", shape)
    return None


LISTENING = Listening(admit, plan, still, user)
