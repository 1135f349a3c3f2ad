"""Finds operators for a gig: the workflow between people's presence and gigs.

That nobody is offered what it cannot take any more is seen to in ``withdrawals.py`` beside it.
"""

from __future__ import annotations

from typing import Any

from switchboard.engine.clock import Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.errors import (
    Engaged,
    NoOperatorsNearby,
    NotFound,
    RatingRequired,
    Rejected,
    VideoRefused,
)
from switchboard.engine.ports import Header
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.gig import (
    GIG,
    Candidate,
    FailVideo,
    Gig,
    HandshakeGig,
    RequestGig,
    SignOfLife,
    Terms,
)
from switchboard.engine.sessions.kind import Address, Context
from switchboard.engine.sessions.person import (
    GoOffline,
    GoOnline,
    Heartbeat,
    Person,
    PersonSummary,
)
from switchboard.engine.sessions.stream import STREAM, Stream
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.availability import ENGAGEMENT, RATING_DEBT, Availability
from switchboard.engine.workflows.matching import Nearby, Places
from switchboard.engine.workflows.one_at_a_time import OneAtATime
from switchboard.engine.workflows.withdrawals import Withdrawals

CONSIDERED_MOST = 50
"""Of the nearest, so many are looked at at once: five times the offers of a gig, so that a crowd of engaged
operators does not hide a free one behind them; more are looked at in further steps."""

NO_ROOM = VideoSession(provider="", session_id="", api_key="")
"""Stands for the room that would be opened, where only the answer counts."""

PAGE = 1000
"""People read at once when the index is rebuilt."""


class Dispatch:
    """The workflow; ``open`` must have run before the engine takes commands of people."""

    def __init__(
        self,
        engine: Engine,
        *,
        terms: Terms | None = None,
        radius_metres: float = 10_000,
        offers_most: int = 10,
        person_timeout: Milliseconds = 120_000,
    ) -> None:
        self._engine = engine
        self._rooms = OneAtATime()
        self.terms = terms or Terms()
        """What is recorded with every gig."""
        self._radius_metres = radius_metres
        self._offers_most = offers_most
        self._person_timeout = person_timeout
        self._places = Places()
        self._availability = Availability(engine.store.sessions, self._places.__contains__)
        self.withdrawals = Withdrawals(engine, self._places, self._availability)
        engine.observe("person", self._person_changed)
        engine.observe("gig", self._gig_changed)
        engine.observe("stream", self._stream_changed)

    async def open(self) -> None:
        """Rebuilds the index from the people who are online; they have their time-out, counted from now, to be heard.

        Raises: StoreDown.
        """
        await self.withdrawals.open()
        sessions, now = self._engine.store.sessions, self._engine.clock.now()
        after: Header | None = None
        while True:
            page = await sessions.timed("person", "online", PAGE, after=after)
            for header in page:
                if header.summary is not None:
                    person = PersonSummary.decode(header.summary)
                    if person.latitude is not None and person.longitude is not None:
                        fresh = max(person.seen_at, now) + person.timeout
                        self._places.put(person.account, person.latitude, person.longitude, fresh)
            if len(page) < PAGE:
                return
            after = page[-1]

    def _person_changed(self, address: Address, _before: Any, person: Person) -> None:
        if (
            person.phase == "online"
            and person.latitude is not None
            and person.longitude is not None
        ):
            fresh = person.seen_at + person.timeout
            self._places.put(address.id, person.latitude, person.longitude, fresh)
        else:
            self._places.remove(address.id)
            self._availability.forget(address.id)

    def _gig_changed(self, address: Address, before: Any, gig: Gig) -> None:
        self._availability.changed(GIG, before, gig)
        self.withdrawals.changed(address, before, gig)

    def _stream_changed(self, _: Address, before: Any, stream: Stream) -> None:
        self._availability.changed(STREAM, before, stream)

    # -- people -------------------------------------------------------------------------------------------------

    async def online(
        self, account: str, latitude: float | None = None, longitude: float | None = None
    ) -> Person:
        """The operator is available. Raises: Unavailable."""
        command = GoOnline(
            id=account, latitude=latitude, longitude=longitude, timeout=self._person_timeout
        )
        return await self._ask_person(account, command)

    async def offline(self, account: str) -> Person:
        """The operator is not available; open offers to it are withdrawn soon after. Raises: Unavailable."""
        return await self._ask_person(account, GoOffline(id=account))

    async def heartbeat(
        self,
        account: str,
        latitude: float | None = None,
        longitude: float | None = None,
        gig: str | None = None,
    ) -> None:
        """A sign of the operator; with a gig also a sign for its watchdog. Raises: Unavailable."""
        await self._ask_person(
            account, Heartbeat(id=account, latitude=latitude, longitude=longitude)
        )
        if gig is not None:
            try:
                await self._engine.ask(Address("gig", gig), SignOfLife(account=account), by=account)
            except Rejected:
                # The phone may name a gig that is over by now: the heartbeat is good all the same.
                return

    async def _ask_person(self, account: str, command: GoOnline | GoOffline | Heartbeat) -> Person:
        person = await self._engine.ask(Address("person", account), command, by=account)
        assert isinstance(person, Person)
        return person

    # -- searching ----------------------------------------------------------------------------------------------

    async def near(self, latitude: float, longitude: float, *, without: str | None) -> list[Nearby]:
        """All available operators within the radius but ``without``, nearest first. Raises: StoreDown."""
        return await self._available(latitude, longitude, without, most=None)

    async def _available(
        self, latitude: float, longitude: float, without: str | None, most: int | None
    ) -> list[Nearby]:
        now = self._engine.clock.now()
        near = [
            one
            for one in self._places.near(latitude, longitude, self._radius_metres, now)
            if one.account != without
        ]
        free: list[Nearby] = []
        for start in range(0, len(near), CONSIDERED_MOST):
            some = near[start : start + CONSIDERED_MOST]
            available = await self._availability.free(one.account for one in some)
            free += [one for one in some if one.account in available]
            if most is not None and len(free) >= most:
                return free[:most]
        return free

    # -- gigs ---------------------------------------------------------------------------------------------------

    async def request(
        self,
        customer: str,
        latitude: float,
        longitude: float,
        *,
        device_id: str | None = None,
        claim_id: str | None = None,
        meta_data: str | None = None,
        key: Key | None = None,
        caused_by: str | None = None,
    ) -> Gig:
        """Offers a new gig to the nearest available operators.

        Raises:
            NoOperatorsNearby; Engaged: the customer is in a live gig; RatingRequired: the customer owes a rating;
            KeyReused; Unavailable.
        """
        near = await self._available(latitude, longitude, customer, self._offers_most)
        if not near:
            return await self._nobody_near(customer, key)
        id = self._engine.ids.new(self._engine.clock.now())
        command = RequestGig(
            id=id,
            customer=customer,
            latitude=latitude,
            longitude=longitude,
            candidates=tuple(
                Candidate(
                    operator=one.account,
                    latitude=one.latitude,
                    longitude=one.longitude,
                    distance_metres=one.distance_metres,
                )
                for one in near
            ),
            terms=self.terms,
            device_id=device_id,
            claim_id=claim_id,
            meta_data=meta_data,
            customer_operates=customer in self._places,
        )
        with self.withdrawals.requested(id):
            gig = await self._ask_gig(
                id, command, customer, key=key, caused_by=caused_by, fresh=True
            )
        await self.withdrawals.promised(gig)
        return gig

    async def _nobody_near(self, customer: str, key: Key | None) -> Gig:
        """A repeated request finds its first gig, and one's own gig or debt is a better reason than 'nobody near'
        (who may be in just that gig)."""
        if key is not None:
            first = await self._engine.first_answer("gig", key)
            if isinstance(first, Gig):
                return first
        held = await self._engine.store.sessions.claims(
            [ENGAGEMENT, RATING_DEBT + customer], [customer, ""]
        )
        for claim, holder in held.items():
            raise Engaged(holder) if claim.scope == ENGAGEMENT else RatingRequired(holder)
        raise NoOperatorsNearby

    async def handshake(self, gig: str, account: str, *, caused_by: str | None = None) -> Gig:
        """Opens the video room if the gig has none, and records that the party has its keys.

        Raises: Rejected; VideoRefused, then the gig has failed for good; other Unavailable.
        """
        # Two at once make one room: the second finds the first one's.
        async with self._rooms.alone(gig):
            return await self._handshake(gig, account, caused_by)

    async def _handshake(self, gig: str, account: str, caused_by: str | None) -> Gig:
        address = Address("gig", gig)
        state = await self._engine.read(address)
        if not isinstance(state, Gig):
            raise NotFound("gig")
        video = state.video
        if video is None:
            # The pure decision is asked first: no room is opened (and paid) for somebody who may not enter it.
            asked = HandshakeGig(account=account, video=NO_ROOM)
            GIG.decide(state, asked, Context(now=self._engine.clock.now(), by=account))
            try:
                video = await self._engine.video.open("gig", gig)
            except VideoRefused:
                command = FailVideo(account=account)
                await self._ask_gig(gig, command, account, caused_by=caused_by)
                raise
        return await self._ask_gig(
            gig, HandshakeGig(account=account, video=video), account, caused_by=caused_by
        )

    async def _ask_gig(
        self,
        gig: str,
        command: Any,
        by: str,
        *,
        caused_by: str | None,
        key: Key | None = None,
        fresh: bool = False,
    ) -> Gig:
        state = await self._engine.ask(
            Address("gig", gig), command, by=by, caused_by=caused_by, key=key, fresh=fresh
        )
        assert isinstance(state, Gig)
        return state
