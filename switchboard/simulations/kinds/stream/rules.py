"""What must be true of streams beyond what is true of every kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from switchboard.engine.clock import Instant
from switchboard.engine.errors import (
    AlreadyRequested,
    Engaged,
    LimitExceeded,
    NobodyAvailable,
    NoDealers,
    NotAllowedInPhase,
    NotFound,
    NotOnline,
    OrganizationDisabled,
    TakenByAnother,
)
from switchboard.engine.ports import OutboxRow
from switchboard.engine.sessions import Address, Event
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.stream import STREAM, Stream, engaged, passed_by
from switchboard.engine.sessions.stream.events import (
    StreamAccepted,
    StreamExpired,
    StreamMissed,
    StreamOffered,
    StreamRequested,
)
from switchboard.simulations.cast import Check, Refusal, Rules
from switchboard.simulations.checkers.names import (
    DELIVERED,
    EARLY,
    ONE_REQUEST,
    ONE_STREAM,
    OWN_HOUSE,
)
from switchboard.simulations.checkers.shadows import Shadow, Shadows
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

NEVER_HEARD = (NoDealers, OrganizationDisabled, LimitExceeded, AlreadyRequested)
"""Every house has dealers and is open, and nobody asks so often."""


class StreamRules(Rules):
    """One world's streams."""

    def __init__(self, shadows: Shadows) -> None:
        super().__init__(shadows)
        self._houses: dict[str, str] = {}
        """Dealer -> the organization that it belongs to."""
        self._held: dict[str, Address] = {}
        """Dealer -> the stream that is offered to it or that it streams."""
        self._free_since: dict[str, int] = {}
        """Dealer -> the judge's tick when its last offer or stream ended."""
        self._waiting: dict[tuple[str, str], Address] = {}
        """(organization, what its page calls the visitor) -> the stream that it waits for."""

    def joins(self, dealer: str, organization: str) -> None:
        """The dealer is the organization's."""
        self._houses[dealer] = organization

    # -- commits ------------------------------------------------------------------------------------------------

    def event(self, address: Address, before: Any, event: Event) -> None:
        """See ``Rules``."""
        match event:
            case StreamRequested():
                self._offered(address, event.dealer, event.organization)
            case StreamOffered():
                if before.offered_to is not None or event.dealer in passed_by(before):
                    seen = f"{address} was offered to {event.dealer} after {before!r}"
                    raise Violation(ONE_STREAM, seen, [address])
                self._offered(address, event.dealer, before.organization)
            case StreamAccepted():
                self._offered(address, event.dealer, before.organization)
                if all(one.dealer != event.dealer for one in before.offers):
                    seen = f"{event.dealer} took {address}, which it was never offered"
                    raise Violation(OWN_HOUSE, seen, [address])
            case StreamMissed():
                self._patient(address, event, before.created_at + before.terms.missed_after)
            case StreamExpired():
                self._patient(address, event, before.started_at + before.terms.watchdog)
            case _:
                return

    def _offered(self, address: Address, dealer: str, organization: str) -> None:
        held = self._held.get(dealer, address)
        if held != address:
            seen = f"{dealer} has {held.id} and gets {address.id}"
            raise Violation(ONE_STREAM, seen, [address, held])
        if self._houses.get(dealer) != organization:
            seen = f"{address} of {organization} went to {dealer}"
            raise Violation(OWN_HOUSE, seen, [address])

    def _patient(self, address: Address, event: Event, due: int) -> None:
        """By the terms themselves, whatever the machine's own deadline says."""
        if event.at < due:
            seen = f"{address}: {type(event).__name__} {due - event.at} ms early"
            raise Violation(EARLY, seen, [address])

    def committed(self, shadow: Shadow) -> None:
        """See ``Rules``."""
        address, stream = shadow.address, shadow.state
        assert isinstance(stream, Stream)
        holder = engaged(stream)
        for dealer in [one for one, held in self._held.items() if held == address]:
            if dealer != holder:
                del self._held[dealer]
                self._free_since[dealer] = self.shadows.tick
        if holder is not None:
            self._held[holder] = address
        if stream.guest is not None:
            self._waits(address, stream, (stream.organization, stream.guest))

    def _waits(self, address: Address, stream: Stream, visitor: tuple[str, str]) -> None:
        if stream.phase == "requested":
            first = self._waiting.setdefault(visitor, address)
            if first != address:
                seen = f"{visitor} waits for {first.id} and {address.id}"
                raise Violation(ONE_REQUEST, seen, [address, first])
        elif self._waiting.get(visitor) == address:
            del self._waiting[visitor]

    def expects(self, row: OutboxRow) -> Check | None:
        """A stream that asks is offered to somebody who is free; who went offline keeps no offer."""
        if row.name == "SeekDealer":
            return self._expects_offer(row)
        if row.source.kind == PERSON.name:
            return self._expects_withdrawal(row)
        return None

    def _expects_offer(self, row: OutboxRow) -> Check:
        address, tick = row.source, self.shadows.tick
        asked: Stream = self.shadows[address].state

        def offered() -> Violation | None:
            shadow = self.shadows[address]
            stream = shadow.state
            # What crashes a stream is not repeated by itself; and by a later try it has asked again.
            if shadow.crashed or not _waits(stream) or stream.tried_at != asked.tried_at:
                return None
            free = [
                one
                for one, house in self._houses.items()
                if house == stream.organization
                and one not in passed_by(stream)
                and self._was_free(one, tick)
            ]
            if not free:
                return None
            seen = f"{row.id} was delivered, and {address.id} waits although {free} are free"
            return Violation(DELIVERED, seen, [address])

        return offered

    def _expects_withdrawal(self, row: OutboxRow) -> Check | None:
        dealer = row.source.id
        address = self._held.get(dealer)
        if address is None or self.shadows[address].state.offered_to != dealer:
            return None
        offered: Stream = self.shadows[address].state

        def withdrawn() -> Violation | None:
            shadow = self.shadows[address]
            person = self.shadows[row.source].state
            same = shadow.state.offered_to == dealer and shadow.state.tried_at == offered.tried_at
            if not same or shadow.crashed or person.phase == "online":
                return None
            seen = f"{row.id} was delivered, and {address.id} is still offered to {dealer}"
            return Violation(DELIVERED, seen, [address, row.source])

        return withdrawn

    def _was_free(self, dealer: str, tick: int) -> bool:
        """Whether the dealer was online, and nothing of it held, at every moment since that tick."""
        if dealer in self._held or self._free_since.get(dealer, -1) >= tick:
            return False
        person = self.shadows[Address(PERSON.name, dealer)]
        return all(one is not None and one.phase == "online" for one in person.since(tick))

    # -- refusals -----------------------------------------------------------------------------------------------

    def refused(self, refusal: Refusal) -> tuple[Address, bool] | None:
        """See ``Rules``."""
        account, address, began = refusal.account, refusal.address, refusal.began
        if address.kind != STREAM.name:
            return None
        match refusal.error:
            case NobodyAvailable(session=id):
                return Address(STREAM.name, id), self._was_nobody(began, Address(STREAM.name, id))
            case Engaged(session=id):
                address = Address(STREAM.name, id)
                return address, self._was(began, address, lambda one: engaged(one) == account)
            case TakenByAnother():
                taken = self._was(began, address, lambda one: one.dealer not in (None, account))
                return address, taken
            case NotOnline():
                person = self.shadows[Address(PERSON.name, account)]
                online = [one is not None and one.phase == "online" for one in person.since(began)]
                return person.address, not all(online)
            case NotAllowedInPhase(phase=phase):
                return address, self._was(began, address, lambda one: one.phase == phase)
            case NotFound(what="stream"):
                met = self.shadows[address].since(began)
                house = self._houses.get(account)
                return address, any(one is None or one.organization != house for one in met)
            case _ if isinstance(refusal.error, NEVER_HEARD):
                return address, False
            case _:
                return None

    def _was_nobody(self, began: int, address: Address) -> bool:
        """Whether the stream says that nobody was there, and no dealer was free for the whole call."""
        stream = self.shadows[address].state
        if not isinstance(stream, Stream) or stream.phase != "missed-offline":
            return False
        if None not in self.shadows[address].since(began):
            return True  # It was found so by an earlier try, of which this is the repeat.
        return not any(
            house == stream.organization
            and self._was_free(dealer, began)
            and self._was_fresh(dealer, stream.created_at)
            for dealer, house in self._houses.items()
        )

    def _was_fresh(self, dealer: str, at: Instant) -> bool:
        """Who has been silent for too long is away before its own timer says so."""
        person = self.shadows[Address(PERSON.name, dealer)].state
        return bool(person.seen_at + person.timeout > at)

    def _was(self, began: int, address: Address, holds: Callable[[Stream], bool]) -> bool:
        """Whether it held for the stream at any moment of the call."""
        met = self.shadows[address].since(began)
        return any(one is not None and holds(one) for one in met)

    # -- the end ------------------------------------------------------------------------------------------------

    def rests(self, database: MemoryDatabase) -> None:
        """No dealer is left with anything, no visitor waits."""
        if self._held or self._waiting:
            seen = f"left are {self._held} and {self._waiting}"
            raise Violation(ONE_STREAM, seen, [*self._held.values(), *self._waiting.values()])

    def counts(self) -> Mapping[str, int]:
        """Streams by status."""
        states = [shadow.state for shadow in self.shadows.all()]
        return Counter(f"streams {one.phase}" for one in states if isinstance(one, Stream))


def _waits(stream: Stream) -> bool:
    return stream.phase == "requested" and stream.offered_to is None
