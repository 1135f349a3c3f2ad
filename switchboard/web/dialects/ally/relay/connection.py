"""One connection to the relay: what its frames ask for. A bad one is answered, never the end of anything."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import trio

from switchboard.engine.errors import Invalid
from switchboard.engine.records import Account, DeviceType
from switchboard.engine.runtime.timers import Timer
from switchboard.engine.workflows.postings import Posting
from switchboard.engine.workflows.room_requests import Posted
from switchboard.web.dialects.ally.relay import frames
from switchboard.web.dialects.ally.users import keep_device
from switchboard.web.reading import read
from switchboard.web.realtime.hub import Member
from switchboard.web.security import Token
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

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for it."""
        return self._waiter is not None

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


def _nobody() -> None:
    """Before the websocket is open nothing is under way."""


class Connection:
    """The state of one socket. ``token`` is the one that it was opened with, or the one that renewed that.

    Messages are handed to their rooms in the order in which they came, as soon as they come, so that those of one
    moment share a commit; they are answered in that order, too. A message whose room is in memory, which is nearly all,
    is handed on by whoever reads the socket, and needs no answer of its own once it is stored: its sender is told with
    everybody else. For all else there is a task, while there is anything.
    """

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
        self._idle = True
        """Whether nothing is being handled: there is no task, or it waits for whatever comes next."""
        self.wake_up: Callable[[], None] = _nobody
        """Called when there is something to be done that no message asks for."""
        self._patience: Timer | None = None
        """Rings when the first of those under way may be overdue."""
        self._relay = relay

    # -- in a task ----------------------------------------------------------------------------------------------

    async def run(self, receive: Callable[[], Awaitable[str | bytes]], inbox: Inbox) -> NoReturn:
        """Handles what comes until it is cancelled: because the peer has left, or in ``resting``, and then it is run
        again as soon as it is wanted."""
        inbox.listen(self._bell.ring, self.take_at_once)
        self._idle = False
        try:
            while True:
                if self._due:
                    await self._answer_first()
                elif inbox.quiet:
                    self._idle = True
                    await self._wait()
                    self._idle = False
                elif len(self._under_way) >= UNDER_WAY_MOST:
                    await self._answer_all()
                else:
                    await self._take(await receive())
        finally:
            self._idle = True

    def resting(self) -> bool:
        """Whether ``run`` may be cancelled: it waits for whatever comes next, and that has not come."""
        return self._idle and self._bell.awaited

    async def _take(self, message: str | bytes) -> None:
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
                await self._post(read(received.content, frames.said))
            else:
                await self._answer_all()
                with trio.fail_after(self._relay.services.settings.request_seconds):
                    await self._handle(received)
        except Exception as error:
            await self._answer_all()
            self._refuse(error, _client_id(received))

    async def _post(self, said: frames.Said) -> None:
        if self._must_wait(said.room):
            await self._answer_all()
            if self._relay.services.tokens.is_void(self.token):
                return
        deadline = self._deadline()
        with trio.fail_at(deadline):
            posting = await self._relay.services.support.rooms.begin_post(
                self.account,
                said.room,
                text=said.text,
                file=said.file,
                client_id=said.client_id,
                caused_by=self._relay.new_id(),
            )
        self._is_under_way(UnderWay(posting, said.client_id, deadline))

    @property
    def _due(self) -> bool:
        """Whether the first of those under way is to be answered."""
        if not self._under_way:
            return False
        first = self._under_way[0]
        return first.posting.settled or first.deadline <= trio.current_time()

    async def _answer_all(self) -> None:
        """Waits until every message that was handed to its room is answered, in order."""
        while self._under_way:
            if self._due:
                await self._answer_first()
            else:
                await self._wait()

    async def _wait(self) -> None:
        """Until the bell rings."""
        self._arm()
        await self._bell.wait()

    async def _answer_first(self) -> None:
        one = self._under_way.pop(0)
        try:
            if not one.posting.settled:
                raise trio.TooSlowError
            with trio.fail_after(self._relay.services.settings.request_seconds):
                self._answer(await one.posting.stored())
        except Exception as error:
            self._refuse(error, one.client_id)

    # -- without waiting ----------------------------------------------------------------------------------------

    def take_at_once(self, message: str | bytes) -> bool:
        """Hands a message to its room, if nothing before it waits for anything, and nothing has to be looked up for it.
        Returns: False if it did nothing: ``run`` will find out why not, and say so."""
        if not self._idle or self._relay.services.tokens.is_void(self.token):
            return False
        try:
            said = frames.said_in(message)
            if said is None or self._must_wait(said.room):
                return False
            deadline = self._deadline()
            posting = self._relay.services.support.rooms.hand_in(
                self.account,
                said.room,
                text=said.text,
                file=said.file,
                client_id=said.client_id,
                caused_by=self._relay.new_id(),
                deadline=deadline,
            )
        except Exception:
            # Whatever it is, ``run`` meets it again when it does the same, and answers it in its place.
            return False
        if posting is None:
            return False
        self._is_under_way(UnderWay(posting, said.client_id, deadline))
        return True

    def _must_wait(self, room: str) -> bool:
        """Whether those under way are to be answered first. Where more waits for the room than its next commit takes,
        many write there: then each connection has one message under way, and nobody is turned away by a full mailbox
        who would otherwise be slowed."""
        under_way = len(self._under_way)
        if under_way >= UNDER_WAY_MOST:
            return True
        return under_way > 0 and self._relay.services.rooms.backlog(room) >= UNDER_WAY_MOST

    def _deadline(self) -> float:
        return trio.current_time() + self._relay.services.settings.request_seconds

    def _is_under_way(self, one: UnderWay) -> None:
        self._under_way.append(one)
        one.posting.when_settled(self._settled)
        self._arm()

    def _settled(self) -> None:
        """Some message is stored or refused."""
        while self._under_way and self._under_way[0].posting.plain:
            self._under_way.pop(0)
        # The task is wanted by what is to be answered; and when it waits for all, by the end of them.
        if self._due or not self._idle:
            self._ring()

    def _arm(self) -> None:
        """One timer a connection, let be when all is answered: one a message would cost as much as parsing it."""
        if self._patience is None and self._under_way:
            self._patience = self._relay.call_at(self._under_way[0].deadline, self._look)

    def _look(self) -> None:
        """Some message that may still be under way was expected by now."""
        self._patience = None
        if self._due:
            self._ring()
        else:
            self._arm()

    def _ring(self) -> None:
        if self._bell.awaited:
            self._bell.ring()
        else:
            self.wake_up()

    def ended(self) -> None:
        """Its socket has gone."""
        for timer in (self.expiry, self._patience):
            if timer is not None:
                timer.cancel()

    # -- what frames ask for ------------------------------------------------------------------------------------

    async def _handle(self, received: frames.Received) -> None:
        if received.type == "read":
            await self._read(read(received.content, frames.was_read))
        else:
            await self._describe(read(received.content, frames.push_address))

    def _refuse(self, error: Exception, client_id: str | None) -> None:
        content = frames.error_content(self._relay.known(error), client_id)
        self.outlet.send_encoded(frames.frame("error", content))

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
