"""Faults of streams and of the showroom that spans them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from switchboard.engine.ports import ClaimTaken, Outcome, Turn
from switchboard.engine.sessions import Claim, Context, Deadline, Event
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.stream import STREAM, OfferStream, Stream
from switchboard.engine.sessions.stream.commands import ReachDeadline
from switchboard.engine.sessions.stream.events import OfferPassed, StreamMissed, StreamOffered
from switchboard.engine.sessions.stream.machine import longest_stream_until
from switchboard.engine.workflows import seeking
from switchboard.engine.workflows.availability import ENGAGEMENT
from switchboard.engine.workflows.dealers import Dealers
from switchboard.engine.workflows.seeking import Seeker
from switchboard.engine.workflows.showroom import Showroom
from switchboard.simulations.checkers.names import (
    CLAIMS,
    DELIVERED,
    EARLY,
    FALSE,
    HEADER,
    ONE_REQUEST,
    ONE_STREAM,
    OWN_HOUSE,
    STUCK,
)
from switchboard.simulations.mutants.mutant import Kinds, in_worlds
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory_tables import MemoryDatabase

STREAMS = (GIG.name, PERSON.name, STREAM.name)


def with_stream(**parts: Any) -> Kinds:
    """The kinds, with parts of the stream exchanged."""
    return (GIG, PERSON, replace(STREAM, **parts))


@in_worlds(CLAIMS, scenario="storm", faults=(), kinds=STREAMS)
def keeps_the_offer_that_passed(_: Patches) -> Kinds:
    """A dealer that let an offer pass goes on being engaged by it."""

    def claims(stream: Stream) -> frozenset[Claim]:
        passed = {one.dealer for one in stream.offers if one.answer == "unanswered"}
        return STREAM.claims(stream) | {Claim(ENGAGEMENT, one) for one in passed}

    return with_stream(claims=claims)


def _shares(patches: Patches, scope: str) -> None:
    obstacle = MemoryDatabase._obstacle

    def blind(self: MemoryDatabase, turn: Turn) -> Outcome | None:
        found = obstacle(self, turn)
        taken = isinstance(found, ClaimTaken) and found.claim.scope.startswith(scope)
        return None if taken and turn.address.kind == STREAM.name else found

    patches.set(MemoryDatabase, "_obstacle", blind)


@in_worlds(ONE_STREAM, scenario="storm", faults=("slow",), kinds=STREAMS)
def shares_dealers(patches: Patches) -> None:
    """Two streams may be offered to the same dealer, who is taken for free."""

    async def everybody(self: Dealers, dealers: Iterable[str]) -> list[str]:
        return sorted(one for one in dealers if self.online(one))

    patches.set(Dealers, "free", everybody)
    _shares(patches, ENGAGEMENT)


@in_worlds(ONE_REQUEST, scenario="storm", faults=("slow",), kinds=STREAMS)
def shares_visitors(patches: Patches) -> None:
    """A visitor that asks twice at once waits for two streams."""
    _shares(patches, "stream-guest/")


@in_worlds(OWN_HOUSE, scenario="storm", faults=(), kinds=STREAMS)
def offers_to_strangers(patches: Patches) -> None:
    """Every dealer that is online is offered the streams of all houses."""

    async def of(self: Dealers, organization: str) -> Sequence[str]:
        own = await self._accounts.dealers(organization)
        return [*sorted(one for one in self._presences._online if one not in own), *own]

    patches.set(Dealers, "of", of)


@in_worlds(FALSE, scenario="storm", faults=(), kinds=STREAMS)
def says_that_nobody_is_there(patches: Patches) -> None:
    """Of several dealers who are free nobody is found."""
    free = Dealers.free

    async def first_only(self: Dealers, dealers: Iterable[str]) -> list[str]:
        found = await free(self, dealers)
        return found if len(found) == 1 else []

    patches.set(Dealers, "free", first_only)


@in_worlds(STUCK, HEADER, scenario="storm", faults=(), kinds=STREAMS)
def never_minds_a_silent_dealer(_: Patches) -> Kinds:
    """A stream whose dealer is not heard any more goes on for as long as any may."""

    def deadline(stream: Stream) -> Deadline | None:
        if stream.phase != "streaming":
            return STREAM.deadline(stream)
        due = longest_stream_until(stream)
        return Deadline(due, ReachDeadline(phase=stream.phase, due=due))

    return with_stream(deadline=deadline)


@in_worlds(EARLY, scenario="storm", faults=(), kinds=STREAMS)
def misses_after_one_offer(_: Patches) -> Kinds:
    """A stream is missed once the first dealer has let it pass."""

    def decide(stream: Stream | None, command: Any, context: Context) -> tuple[Event, ...]:
        events = STREAM.decide(stream, command, context)
        if any(isinstance(one, OfferPassed) and one.because == "unanswered" for one in events):
            return (StreamMissed(at=context.now),)
        return events

    return with_stream(decide=decide)


@in_worlds(ONE_STREAM, scenario="storm", faults=(), kinds=STREAMS)
def offers_to_who_let_it_pass(patches: Patches) -> Kinds:
    """A stream goes to a dealer again that did not answer the first time."""

    def decide(stream: Stream | None, command: Any, context: Context) -> tuple[Event, ...]:
        waits = stream is not None and stream.phase == "requested" and not stream.offered_to
        if isinstance(command, OfferStream) and waits:
            return (StreamOffered(at=context.now, dealer=command.dealer),)
        return STREAM.decide(stream, command, context)

    patches.set(seeking, "passed_by", lambda _stream: frozenset())
    return with_stream(decide=decide)


@in_worlds(DELIVERED, scenario="storm", faults=(), kinds=STREAMS)
def seeks_nobody(patches: Patches) -> None:
    """A stream that asks for a dealer is told that it was seen to, and nobody is sought."""

    async def asked(self: Seeker, stream: str, _command: Any, row: str) -> None:
        return None

    made = Seeker.__init__

    def deaf(self: Seeker, engine: Any, dealers: Any, streams: Any) -> None:
        made(self, engine, dealers, streams)
        engine.reactions.register(
            "showroom", {}, lambda id, command, row: asked(self, id, command, row)
        )

    patches.set(Seeker, "__init__", deaf)
    patches.set(Seeker, "freed", lambda self, dealer: None)


@in_worlds(DELIVERED, scenario="storm", faults=(), kinds=STREAMS, seeds_most=16)
def leaves_offers_with_who_went(patches: Patches) -> None:
    """Nobody takes back the offer of a dealer that fell silent."""

    async def nothing(self: Showroom, account: str, row: str) -> None:
        return None

    patches.set(Showroom, "_unavailable", nothing)
