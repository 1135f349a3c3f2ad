"""One connection to the relay: what its frames ask for. A bad one is answered, never the end of anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import trio

from switchboard.engine.errors import Invalid
from switchboard.engine.records import Account, DeviceType
from switchboard.engine.workflows.room_requests import Posted
from switchboard.engine.workflows.rooms import Posting
from switchboard.web.dialects.ally.relay import frames
from switchboard.web.dialects.ally.users import keep_device
from switchboard.web.reading import read
from switchboard.web.realtime.hub import Member
from switchboard.web.realtime.timers import Timer
from switchboard.web.security import Token
from switchboard.web.transport import Outlet

if TYPE_CHECKING:
    from switchboard.web.dialects.ally.relay.server import Relay

APPLE = re.compile(r"(?:[0-9a-fA-F]{2}){32,100}")
"""A device token of Apple's: hex of 32 bytes or, says its documentation, more; Google's have a colon or are longer."""


UNDER_WAY_MOST = 64
"""Messages of one connection that wait for their commit: as many as one turn decides (``Capacity.turn``)."""


class UnderWay(NamedTuple):
    """A message that was handed to its room and is not answered yet."""

    posting: Posting
    client_id: str | None
    deadline: float
    """On Trio's clock: then its sender hears that it may have happened or not."""


class Connection:
    """The state of one socket. ``token`` is the one that it was opened with, or the one that renewed that."""

    def __init__(self, relay: Relay, outlet: Outlet, token: Token, account: Account) -> None:
        self.outlet = outlet
        self.token = token
        self.account = account
        self.members: dict[str, Member] = {}
        """Topic -> this connection among those who are told."""
        self.expiry: Timer | None = None
        self._under_way: list[UnderWay] = []
        self._relay = relay

    async def handle(self, message: str | bytes, *, more: bool) -> None:
        """One frame. Messages are handed to their rooms in the order in which they came, so that those that came
        together share a commit; they are answered once no ``more`` wait. Any other frame is handled to its end after
        they were answered.

        Raises: nothing that a client can cause.
        """
        if self._relay.services.tokens.is_void(self.token):
            await self._settle()
            return
        received: frames.Received | None = None
        try:
            received = frames.parse(message)
            if received.type == "message":
                await self._post(read(received.content, frames.said), more=more)
            else:
                await self._settle()
                with trio.fail_after(self._relay.services.settings.request_seconds):
                    await self._handle(received)
        except Exception as error:
            await self._settle()
            self._refuse(error, _client_id(received))
        if not more or len(self._under_way) >= UNDER_WAY_MOST:
            await self._settle()

    async def _post(self, said: frames.Said, *, more: bool) -> None:
        # One scope for both steps of a message that came alone, as most do: each costs as much as parsing it.
        deadline = trio.current_time() + self._relay.services.settings.request_seconds
        with trio.CancelScope(deadline=deadline) as patience:
            posting = await self._begin(said)
            if more or self._under_way:
                self._under_way.append(UnderWay(posting, said.client_id, deadline))
            else:
                self._answer(await posting.stored())
        if patience.cancelled_caught:
            raise trio.TooSlowError

    async def _settle(self) -> None:
        """Waits until every message that was handed to its room is answered, in order."""
        under_way, self._under_way = self._under_way, []
        for one in under_way:
            try:
                with trio.fail_at(one.deadline):
                    self._answer(await one.posting.stored())
            except Exception as error:
                self._refuse(error, one.client_id)

    async def _handle(self, received: frames.Received) -> None:
        if received.type == "read":
            await self._read(read(received.content, frames.was_read))
        else:
            await self._describe(read(received.content, frames.push_address))

    def _refuse(self, error: Exception, client_id: str | None) -> None:
        content = frames.error_content(self._relay.known(error), client_id)
        self.outlet.send_encoded(frames.frame("error", content))

    async def _begin(self, said: frames.Said) -> Posting:
        return await self._relay.services.support.rooms.begin_post(
            self.account,
            said.room,
            text=said.text,
            file=said.file,
            client_id=said.client_id,
            caused_by=self._relay.new_id(),
        )

    def _answer(self, posted: Posted) -> None:
        """The sender is told with everybody else, after the commit. Of a message that had been stored before nobody
        is told again: then this connection alone, which has lost the answer."""
        if posted.repeated:
            self.outlet.send_encoded(
                frames.frame("message", frames.message_content(posted.message))
            )

    async def _read(self, read: frames.WasRead) -> None:
        rooms = self._relay.services.support.rooms
        await rooms.read(self.account, read.message, room=read.room, origin=self)

    async def _describe(self, address: str | None) -> None:
        if address is None:
            return
        services = self._relay.services
        account = await services.directory.get(self.account.id) or self.account
        if account.profile.get("parse_id") != address:
            people = services.support.people
            account = await people.describe(account, {"parse_id": address})
        await keep_device(services, account, address, _type_of(address, account))


def _client_id(received: frames.Received | None) -> str | None:
    """What a client recognises its message by, if it is one and has anything readable."""
    if received is None or received.type != "message":
        return None
    try:
        return read(received.content, frames.client_id)
    except Invalid:
        return None


def _type_of(address: str, account: Account) -> DeviceType:
    """Whose push service it is: as the user's profile says, else as the address looks."""
    said = str(account.profile.get("device_type") or "").lower()
    apples = APPLE.fullmatch(address) if said not in ("ios", "android") else said == "ios"
    return "ios" if apples else "android"
