"""dropin's channels: who may listen, and what they are told. Source: contracts/realtime.md."""

from __future__ import annotations

from typing import Any

import msgspec

from switchboard.engine.errors import NotAllowed
from switchboard.engine.ids import is_id
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.gig import LIVE, Gig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.room import RoomNotice, chat_of
from switchboard.engine.workflows.pushes import TOPIC_NAME
from switchboard.web.call import Call
from switchboard.web.dialects.dropin import notices
from switchboard.web.dialects.dropin.shapes import message_shape
from switchboard.web.realtime.hub import Rendered
from switchboard.web.realtime.listening import NOTHING, Admission, Listening, Plan
from switchboard.web.realtime.lookups import Lookups, renderers
from switchboard.web.services import Services

PRIVATE, CHAT, GIG = "private-", "private-chat_", "presence-gig-"


async def admit(call: Call, name: str) -> Admission:
    """See ``Listening``."""
    caller = call.caller
    if name.startswith(CHAT):
        gig = await _own_gig(call, name.removeprefix(CHAT))
        return Admission(session=Address("gig", gig.id) if gig.phase in LIVE else None)
    if name.startswith(GIG):
        gig = await _own_gig(call, name.removeprefix(GIG))
        if gig.phase not in LIVE:
            raise NotAllowed
        role = "customer" if caller.id == gig.customer else "operator"
        info = {"role": role, "firstName": caller.first_name}
        return Admission(caller.id, info, Address("gig", gig.id))
    if name == f"{PRIVATE}{caller.id}":
        return Admission()
    raise NotAllowed


async def _own_gig(call: Call, id: str) -> Gig:
    gig = await call.services.engine.read(Address("gig", id)) if is_id(id) else None
    if not isinstance(gig, Gig) or call.caller.id not in (gig.customer, gig.operator):
        raise NotAllowed
    return gig


def still(state: Any, account: str | None) -> bool:
    """A gig's two people meet while it lives."""
    return (
        isinstance(state, Gig)
        and state.phase in LIVE
        and account in (state.customer, state.operator)
    )


async def user(call: Call) -> Admission:
    """Whoever has a token."""
    return Admission(call.caller.id, {"firstName": call.caller.first_name})


async def plan(services: Services, name: str) -> Plan:
    """``private-<account>`` is fed by the account's topic, ``private-chat_<gig>`` by the gig's chat."""
    if name.startswith(CHAT):
        gig = name.removeprefix(CHAT)

        def chat(announcement: Announcement, lookups: Lookups) -> Rendered | None:
            return _chat(gig, announcement, lookups)

        return Plan((chat_of(gig),), *renderers(services, chat)) if is_id(gig) else NOTHING
    account = name.removeprefix(PRIVATE)
    if not name.startswith(PRIVATE) or not is_id(account):
        return NOTHING

    def told(announcement: Announcement, _lookups: Lookups) -> Rendered | None:
        told = notices.Told(announcement.topic, announcement.sequence, announcement.body)
        if announcement.name == TOPIC_NAME:
            return Rendered("gig", notices.personal_body(told))
        if announcement.name == "gig":
            return Rendered("gig", notices.gig_body(told, account, services.engine))
        return None

    return Plan((f"account/{account}",), *renderers(services, told))


def _chat(gig: str, announcement: Announcement, lookups: Lookups) -> Rendered | None:
    told = msgspec.json.decode(announcement.body, type=RoomNotice)
    message = lookups.message(told.message) if told.message else None
    return None if message is None else Rendered("chat", message_shape(gig, message))


LISTENING = Listening(admit, plan, still, user)
