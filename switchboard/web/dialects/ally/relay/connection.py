"""One connection to the relay: what its frames ask for. A bad one is answered, never the end of anything."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import trio

from switchboard.engine.errors import Invalid
from switchboard.engine.records import Account, DeviceType
from switchboard.engine.workflows.postings import Posting
from switchboard.engine.workflows.room_requests import Posted
from switchboard.web.dialects.ally.relay import frames
from switchboard.web.dialects.ally.users import keep_device
from switchboard.web.reading import read
from switchboard.web.realtime.hub import Member
from switchboard.web.security import Token
from switchboard.web.timers import Timer
from switchboard.web.transport import Inbox, Outlet

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


class Bell:
    """Wakes the one task that waits, whatever it was that happened."""

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: trio.lowlevel.Task | None = None

    def ring(self) -> None:
        """If nobody waits, nothing happens."""
        if self._waiter is not None:
            trio.lowlevel.reschedule(self._waiter)
            self._waiter = None

    async def wait(self) -> None:
        """Until it rings."""
        self._waiter = trio.lowlevel.current_task()

        def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            self._waiter = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)


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
        """Messages that were handed to their rooms and are not answered yet, in order."""
        self._bell = Bell()
        self._relay = relay

    async def run(self, receive: Callable[[], Awaitable[str | bytes]], inbox: Inbox) -> NoReturn:
        """Handles what comes until it is cancelled, for ``receive`` never returns once the peer has left.

        Messages are handed to their rooms in the order in which they came, as soon as they come, so that those of one
        moment share a commit; they are answered in that order, too.
        """
        inbox.listen(self._bell.ring)
        while True:
            if self._under_way and inbox.quiet:
                await self._answer_first(inbox)
            else:
                await self._take(await receive(), inbox)
                if len(self._under_way) >= UNDER_WAY_MOST:
                    await self._answer_all()

    async def _take(self, message: str | bytes, inbox: Inbox) -> None:
        """One frame. What is no message is handled to its end once all before it are answered.

        Raises: nothing that a client can cause.
        """
        if self._relay.services.tokens.is_void(self.token):
            await self._answer_all()
            return
        received: frames.Received | None = None
        try:
            received = frames.parse(message)
            if received.type == "message":
                await self._post(read(received.content, frames.said), inbox)
            else:
                await self._answer_all()
                with trio.fail_after(self._relay.services.settings.request_seconds):
                    await self._handle(received)
        except Exception as error:
            await self._answer_all()
            self._refuse(error, _client_id(received))

    async def _post(self, said: frames.Said, inbox: Inbox) -> None:
        if self._under_way and self._relay.services.rooms.backlog(said.room) >= UNDER_WAY_MOST:
            # More than the next commit takes: many write there, so each connection has one under way, and nobody is
            # turned away by a full mailbox who would otherwise be slowed.
            await self._answer_all()
        # One scope for both steps of a message that came alone, as most do: each costs as much as parsing it.
        deadline = trio.current_time() + self._relay.services.settings.request_seconds
        with trio.CancelScope(deadline=deadline) as patience:
            posting = await self._begin(said)
            posting.when_settled(self._bell.ring)
            while not self._under_way and inbox.quiet and not posting.settled:
                await self._bell.wait()
            if posting.settled and not self._under_way:
                self._answer(await posting.stored())
            else:
                self._under_way.append(UnderWay(posting, said.client_id, deadline))
        if patience.cancelled_caught:
            raise trio.TooSlowError

    async def _answer_first(self, inbox: Inbox) -> None:
        """Answers the first of those under way, unless something comes before it is done."""
        first = self._under_way[0]
        with trio.CancelScope(deadline=first.deadline) as patience:
            while inbox.quiet and not first.posting.settled:
                await self._bell.wait()
        if patience.cancelled_caught or first.posting.settled:
            await self._conclude(self._under_way.pop(0))

    async def _answer_all(self) -> None:
        """Waits until every message that was handed to its room is answered, in order."""
        while self._under_way:
            await self._conclude(self._under_way.pop(0))

    async def _conclude(self, one: UnderWay) -> None:
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
