"""The showroom: dealers, their presence, and the streams that they take.

What a stream itself decides is in ``engine/sessions/stream``; here is what spans streams and people.
Visitors' requests are in ``stream_requests.py`` beside it.
"""

from __future__ import annotations

from typing import Any, Literal

import trio

from switchboard.engine.clock import Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.errors import (
    NotFound,
    Rejected,
)
from switchboard.engine.ids import is_id
from switchboard.engine.records import Account, Accounts
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.gig import GIG, Gig
from switchboard.engine.sessions.kind import Address, Command, Context, Kind
from switchboard.engine.sessions.person import GoOffline, GoOnline, Heartbeat, Person
from switchboard.engine.sessions.stream import (
    STREAM,
    AcceptStream,
    Party,
    SignOfLife,
    StopStream,
    Stream,
    Terms,
    WriteNote,
)
from switchboard.engine.workflows.availability import ENGAGEMENT
from switchboard.engine.workflows.dealers import Dealers, membership
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.engine.workflows.open_streams import OpenStreams
from switchboard.engine.workflows.presences import Presences
from switchboard.engine.workflows.quotas import Counter, Quotas
from switchboard.engine.workflows.seeking import Seeker
from switchboard.engine.workflows.stream_requests import BY_VISITOR, StreamRequests

DAY: Milliseconds = 24 * 3_600_000

DealerPresence = Literal["online", "offline", "busy"]


class Showroom:
    """The workflow; ``open`` must have run before the engine takes commands, and ``run`` with the engine."""

    def __init__(
        self,
        engine: Engine,
        dispatch: Dispatch,
        accounts: Accounts,
        counter: Counter,
        *,
        quotas: Quotas | None = None,
        terms: Terms | None = None,
        dealer_timeout: Milliseconds = DAY,
    ) -> None:
        self._engine = engine
        self._dealer_timeout = dealer_timeout
        self._presences = Presences()
        self._streams = OpenStreams()
        self._dealers = Dealers(accounts, engine.store.sessions, self._presences, engine.clock)
        self._seeker = Seeker(engine, self._dealers, self._streams)
        self.requests = StreamRequests(
            engine,
            self._dealers,
            self._seeker,
            counter,
            quotas=quotas or Quotas(),
            terms=terms or Terms(),
        )
        """What visitors ask for."""
        engine.observe("person", self._person_changed)
        engine.observe("stream", self._stream_changed)
        engine.observe("gig", self._gig_changed)
        dispatch.withdrawals.tell(self._unavailable)

    async def open(self) -> None:
        """Reads who is online and what is open. Raises: StoreDown."""
        await self._presences.open(self._engine.store.sessions, self._engine.clock.now())
        await self._streams.open(self._engine.store.sessions)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Finds dealers for the streams that wait, until cancelled."""
        await self._seeker.run(task_status=task_status)

    # -- what is adopted ----------------------------------------------------------------------------------------

    def _person_changed(self, _: Address, _before: Any, person: Person) -> None:
        if self._presences.changed(person):
            self._seeker.freed(person.id)
        elif person.phase != "online":
            self._dealers.left(person.id)

    def _stream_changed(self, _: Address, before: Stream | None, stream: Stream) -> None:
        self._streams.changed(stream)
        self._engagements_changed(STREAM, before, stream)

    def _gig_changed(self, _: Address, before: Gig | None, gig: Gig) -> None:
        self._engagements_changed(GIG, before, gig)

    def _engagements_changed(self, kind: Kind[Any], before: Any | None, after: Any) -> None:
        self._dealers.changed(kind, before, after)
        if before is not None:
            for claim in sorted(kind.claims(before) - kind.claims(after)):
                if claim.scope == ENGAGEMENT and claim.key in self._presences:
                    self._seeker.freed(claim.key)

    async def _unavailable(self, account: str, row: str) -> None:
        """Somebody went offline, perhaps long ago: an offer that it has passes on. Raises: Unavailable."""
        person = await self._engine.store.sessions.header(Address("person", account))
        if person is None or person.phase != "online":
            engaged_in = await self._dealers.engaged_in(account)
            if engaged_in is not None:
                await self._seeker.withdraw(engaged_in, account, row)

    # -- dealers ------------------------------------------------------------------------------------------------

    async def online(self, account: str) -> None:
        """The dealer takes streams from now on, or once what it is engaged in is over. Raises: Unavailable."""
        await self._ask_person(account, GoOnline(id=account, timeout=self._dealer_timeout))

    async def offline(self, account: str) -> None:
        """The dealer takes no streams; an offer moves on, and one that is live goes on. Raises: Unavailable."""
        await self._ask_person(account, GoOffline(id=account))
        engaged_in = await self._dealers.engaged_in(account)
        if engaged_in is not None:
            await self._seeker.withdraw(engaged_in, account, None)

    async def logout(self, account: str, *, caused_by: str | None = None) -> None:
        """The dealer goes: offline, its offer moves on, its live stream is stopped. Raises: Unavailable."""
        await self.offline(account)
        engaged_in = await self._dealers.engaged_in(account)
        if engaged_in is None:
            return
        stream = await self._engine.read(Address("stream", engaged_in))
        if isinstance(stream, Stream) and stream.dealer == account:
            try:
                await self.stop(engaged_in, "dealer", by=account, caused_by=caused_by)
            except Rejected:
                return  # It ended by itself since the look.

    async def ping(
        self, account: str, latitude: float | None = None, longitude: float | None = None
    ) -> None:
        """A sign of the dealer, also for the watchdog of what it streams. Raises: Unavailable."""
        heartbeat = Heartbeat(id=account, latitude=latitude, longitude=longitude)
        await self._ask_person(account, heartbeat)
        stream = self._streams.streamed_by(account)
        if stream is not None:
            try:
                await self._ask(stream, SignOfLife(dealer=account), by=account)
            except Rejected:
                return  # It ended since the look; the ping is good all the same.

    async def presence(self, account: str) -> DealerPresence:
        """Busy while it streams or is in a gig, whatever it chose meanwhile; with an offer alone as chosen.

        Raises: StoreDown.
        """
        engaged_in = await self._dealers.engaged_in(account)
        if engaged_in is not None:
            stream = await self._engine.read(Address("stream", engaged_in))
            if not isinstance(stream, Stream) or stream.dealer == account:
                return "busy"
        person = await self._engine.read(Address("person", account))
        return "online" if isinstance(person, Person) and person.phase == "online" else "offline"

    async def _ask_person(self, account: str, command: GoOnline | GoOffline | Heartbeat) -> None:
        await self._engine.ask(Address("person", account), command, by=account)

    # -- streams ------------------------------------------------------------------------------------------------

    async def accept(
        self, id: str, account: Account, *, key: Key | None = None, caused_by: str | None = None
    ) -> tuple[Stream, str]:
        """The stream, which the dealer streams from now on, and the dealer's own key to its room.

        Raises:
            NotFound: no such stream of the dealer's organization. TakenByAnother; Engaged; NotOnline;
            NotAllowedInPhase; VideoUnavailable, then the offer stands; other Unavailable.
        """
        engine = self._engine
        stream = await self.read(id)
        if membership(account) != stream.organization:
            raise NotFound("stream")
        person = await engine.read(Address("person", account.id))
        command = AcceptStream(
            dealer=account.id,
            dealer_name=name_of(account),
            online=isinstance(person, Person) and person.phase == "online",
        )
        # The pure decision is asked first: no key is made for somebody who may not enter.
        STREAM.decide(stream, command, Context(now=engine.clock.now(), by=account.id))
        assert stream.video is not None, "what was offered has its room"
        token = engine.video.token(stream.video, account.id, engine.clock.now())
        accepted = await self._ask(id, command, by=account.id, key=key, caused_by=caused_by)
        return accepted, token

    async def stop(
        self,
        id: str,
        party: Party | None,
        *,
        by: str | None = None,
        key: Key | None = None,
        caused_by: str | None = None,
    ) -> Stream:
        """The stream, stopped. Raises: NotFound, NotAllowedInPhase, Unavailable."""
        return await self._ask(
            id, StopStream(party=party), by=by or BY_VISITOR, key=key, caused_by=caused_by
        )

    async def note(
        self,
        id: str,
        note: str,
        *,
        by: str | None = None,
        key: Key | None = None,
        caused_by: str | None = None,
    ) -> Stream:
        """The stream, completed by the note. Raises: NotFound, NotAllowedInPhase, Unavailable."""
        return await self._ask(
            id, WriteNote(note=note), by=by or BY_VISITOR, key=key, caused_by=caused_by
        )

    async def read(self, id: str) -> Stream:
        """The stream as it is. Raises: NotFound, StoreDown."""
        stream = await self._engine.read(Address("stream", id)) if is_id(id) else None
        if not isinstance(stream, Stream):
            raise NotFound("stream")
        return stream

    async def _ask(self, id: str, command: Command, **more: Any) -> Stream:
        if not is_id(id):
            raise NotFound("stream")
        stream = await self._engine.ask(Address("stream", id), command, **more)
        assert isinstance(stream, Stream)
        return stream


def name_of(account: Account) -> str:
    """The dealer's full name as a visitor is shown it; its username if it has none."""
    full = f"{account.first_name} {account.last_name}".strip()
    named = next((one.shown for one in account.identities if one.type == "username"), "")
    return full or named
