"""Visitors' requests for streams: who is found, who asked before, what is kept when nobody is there."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from switchboard.engine.engine import Engine
from switchboard.engine.errors import (
    AlreadyRequested,
    Engaged,
    EngineError,
    NobodyAvailable,
    NoDealers,
    NotFound,
    OrganizationDisabled,
    SessionCrashed,
)
from switchboard.engine.records import Organization
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.kind import Address, Claim
from switchboard.engine.sessions.stream import (
    RequestStream,
    Stream,
    Terms,
    guest_scope,
    visitor_scope,
)
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.dealers import Dealers
from switchboard.engine.workflows.quotas import Counter, Quotas
from switchboard.engine.workflows.seeking import Seeker

BY_VISITOR = "system:visitor"
"""In the journal: somebody without an account."""

REQUEST_TRIES = 3
"""A visitor's first stream that ends just while it asks again is met once in a blue moon, and never twice."""


class StreamRequests:
    """Takes requests. ``seeker`` serves those for whom nobody is free any more."""

    def __init__(
        self,
        engine: Engine,
        dealers: Dealers,
        seeker: Seeker,
        counter: Counter,
        *,
        quotas: Quotas,
        terms: Terms,
    ) -> None:
        self._engine = engine
        self._dealers = dealers
        self._seeker = seeker
        self._counter = counter
        self._quotas = quotas
        self.terms = terms
        """What is recorded with every stream."""

    async def make(
        self,
        organization: str,
        vin: str,
        *,
        address: str,
        guest: str | None = None,
        visitor: str | None = None,
        key: Key | None = None,
        caused_by: str | None = None,
    ) -> Stream:
        """A visitor's stream, offered to the free dealer who was heard last; the one that waits if there is one.

        Args:
            organization: its code.
            address: where the request came from, for the limit.

        Raises:
            NotFound: no such organization. OrganizationDisabled; NoDealers; LimitExceeded; KeyReused.
            NobodyAvailable: no dealer is online and free; the stream that says so is stored.
            VideoUnavailable, other Unavailable.
        """
        house = await self._engine.store.organizations.find(organization)
        if house is None:
            raise NotFound("organization")
        asked = {"vin": vin, "guest": guest, "visitor": visitor}
        for tried in range(1, REQUEST_TRIES + 1):
            known = await self._known(house.id, guest, visitor, key)
            if known is not None:
                return known
            try:
                return await self._request(house, asked, address, key, caused_by)
            except AlreadyRequested:
                # By the same visitor, since the look; it is looked up again.
                if tried == REQUEST_TRIES:
                    raise
        raise AssertionError("the last try returns or raises")

    async def _known(
        self, organization: str, guest: str | None, visitor: str | None, key: Key | None
    ) -> Stream | None:
        """What the visitor's earlier request led to, if this is a repeat. Raises: NobodyAvailable, KeyReused."""
        if key is not None:
            first = await self._engine.first_answer("stream", key)
            if isinstance(first, Stream):
                return _found_somebody(first)
        wanted = [
            Claim(scope, name)
            for scope, name in (
                (guest_scope(organization), guest),
                (visitor_scope(organization), visitor),
            )
            if name
        ]
        if not wanted:
            return None
        held = await self._engine.store.sessions.claims(
            [claim.scope for claim in wanted], [claim.key for claim in wanted]
        )
        for id in held.values():
            stream = await self._engine.read(Address("stream", id))
            if isinstance(stream, Stream) and stream.phase == "requested":
                return stream
        return None

    async def _request(
        self,
        house: Organization,
        asked: dict[str, Any],
        address: str,
        key: Key | None,
        caused_by: str | None,
    ) -> Stream:
        if not house.enabled:
            raise OrganizationDisabled
        quotas = self._quotas
        await self._counter.count("stream/address", address, quotas.requests_per_address)
        await self._counter.count("stream/organization", house.id, quotas.requests_per_organization)
        dealers = await self._dealers.of(house.id)
        if not dealers:
            raise NoDealers
        id = self._engine.ids.new(self._engine.clock.now())
        command = RequestStream(id=id, organization=house.id, terms=self.terms, **asked)
        video: VideoSession | None = None
        for dealer in await self._dealers.free(dealers):
            if video is None:
                video = await self._engine.video.open("stream", id)
            offered = replace(command, dealer=dealer, video=video)
            try:
                stream = await self._ask_first(id, offered, key, caused_by)
            except Engaged:
                continue  # Since the look: the next one, then.
            await self._recheck(stream)
            return _found_somebody(stream)
        return _found_somebody(await self._ask_first(id, command, key, caused_by))

    async def _ask_first(
        self, id: str, command: RequestStream, key: Key | None, caused_by: str | None
    ) -> Stream:
        stream = await self._engine.ask(
            Address("stream", id),
            command,
            by=BY_VISITOR,
            key=key,
            caused_by=caused_by,
            fresh=True,
        )
        assert isinstance(stream, Stream)
        return stream

    async def _recheck(self, stream: Stream) -> None:
        if stream.offered_to is None:
            return
        try:
            await self._seeker.recheck(stream.id, stream.offered_to)
        except (EngineError, SessionCrashed) as error:
            # The stream stands and has been promised; such an offer now waits for its time-out at the longest.
            self._engine.log.event(
                "recheck_failed", Address("stream", stream.id), error=repr(error)
            )


def _found_somebody(stream: Stream) -> Stream:
    """The stream, unless it is one that says that nobody was there. Raises: NobodyAvailable."""
    if stream.phase == "missed-offline":
        raise NobodyAvailable(stream.id)
    return stream
