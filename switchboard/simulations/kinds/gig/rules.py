"""What must be true of gigs beyond what is true of every kind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import trio

from switchboard.engine.errors import (
    Engaged,
    NotAllowed,
    NotAllowedInPhase,
    NotFound,
    RatingRequired,
)
from switchboard.engine.ports import OutboxRow
from switchboard.engine.sessions import Address, Event
from switchboard.engine.sessions.gig import (
    GIG,
    LIVE,
    CancelGig,
    Gig,
    HandshakeGig,
    RateGig,
    RequestGig,
    SignOfLife,
    StartGig,
    StopGig,
)
from switchboard.engine.sessions.gig.events import (
    GigClaimed,
    GigConfirmed,
    GigRated,
    GigRequested,
    OfferWithdrawn,
)
from switchboard.engine.sessions.gig.holdings import ENGAGEMENT, waiting_operators
from switchboard.engine.sessions.person import PERSON
from switchboard.simulations.cast import Check, Refusal, Rules
from switchboard.simulations.checkers.names import CLAIMS, DELIVERED, FALSE, LOCKED, ONCE, ONE_LIVE
from switchboard.simulations.checkers.shadows import Shadow, Shadows
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

PARTYS = (CancelGig, HandshakeGig, StartGig, StopGig, RateGig, SignOfLife)
"""Commands that are either party's to give."""


class GigRules(Rules):
    """One world's gigs."""

    def __init__(self, shadows: Shadows) -> None:
        super().__init__(shadows)
        self._live: dict[str, Address] = {}
        """Account -> the live gig that it is in."""
        self._locked: dict[str, set[str]] = {}
        """Account -> the gigs that it has to rate."""
        self._requests: dict[str, Address] = {}
        """Customer's own number of a request -> the gig that came of it."""
        self._pending: dict[Address, Gig] = {}
        """The gigs that seek an operator."""
        self._requested_at: dict[Address, float] = {}
        """When a gig was offered to its operators; moments of the world, which no clock's jump changes."""
        self._free_since: dict[str, float] = {}
        """Account -> when its last engagement or debt ended."""
        self._news = Counter[str]()
        """Operator -> how often dispatch has yet to hear that it became unavailable."""
        self._locks = 0

    # -- commits ------------------------------------------------------------------------------------------------

    def event(self, address: Address, before: Any, event: Event) -> None:
        """See ``Rules``."""
        match event:
            case GigRequested(customer=account, claim_id=number):
                self._starts(account, event, address)
                if number is not None and self._requests.setdefault(number, address) != address:
                    seen = f"request {number} made {address.id} and {self._requests[number].id}"
                    raise Violation(ONCE, seen, [address, self._requests[number]])
                self._requested_at[address] = trio.current_time()
            case OfferWithdrawn(operator=account, because=because):
                self._withdrawn(address, account, because)
            case GigClaimed(operator=account):
                self._starts(account, event, address)
            case GigConfirmed():
                self._starts(before.customer, event, address)
            case GigRated(account=account):
                by_customer = account == before.customer
                given = before.operator_rating if by_customer else before.customer_rating
                if given is not None:
                    raise Violation(ONCE, f"{account} rated {address.id} twice", [address])
            case _:
                return

    def _withdrawn(self, address: Address, operator: str, because: str) -> None:
        """Nobody's offer is taken away for something that was over before it was made."""
        busy = operator in self._live or bool(self._locked.get(operator))
        if because == "offline" or busy:
            return
        if self._free_since.get(operator, -math.inf) < self._requested_at[address]:
            seen = f"{operator} lost its offer of {address.id} as {because}, and never was since"
            raise Violation(FALSE, seen, [address])

    def _starts(self, account: str, event: Event, address: Address) -> None:
        owed = self._locked.get(account)
        if owed:
            seen = f"{account} owes {sorted(owed)} and caused {type(event).__name__}"
            debts = [Address("gig", gig) for gig in sorted(owed)]
            raise Violation(LOCKED, seen, [address, *debts])

    def committed(self, shadow: Shadow) -> None:
        """See ``Rules``."""
        address, gig = shadow.address, shadow.state
        assert isinstance(gig, Gig)
        if gig.phase == "pendingOperator":
            self._pending[address] = gig
        else:
            self._pending.pop(address, None)
        parties = (gig.customer,) if gig.operator is None else (gig.customer, gig.operator)
        for account in parties:
            if gig.phase in LIVE:
                other = self._live.setdefault(account, address)
                if other != address:
                    seen = f"{account} is in {address.id} and {other.id}"
                    raise Violation(ONE_LIVE, seen, [address, other])
            elif self._live.get(account) == address:
                del self._live[account]
                self._free_since[account] = trio.current_time()
            owed = self._locked.setdefault(account, set())
            if account in gig.locked:
                self._locks += gig.id not in owed
                owed.add(gig.id)
            elif gig.id in owed:
                owed.remove(gig.id)
                self._free_since[account] = trio.current_time()

    def expects(self, row: OutboxRow) -> Check | None:
        """Dispatch withdraws what was offered to the target when it became unavailable. The gig that it has just
        accepted is no longer waiting, so that all others are to be withdrawn; but who can take gigs again when the
        news arrives keeps its offers."""
        target = row.target.id
        # Of a gig whose commit is not known to the engine (yet) dispatch knows nothing either: it looks itself once it
        # has found it, and by then the operator may be free again.
        offering = [
            one.id
            for address, one in self._pending.items()
            if target in waiting_operators(one) and self.shadows[address].known
        ]

        def withdrawn() -> Violation | None:
            self._news[target] -= 1
            if self._news[target] or self._is_available(target):
                return None  # Later news is judged in its turn.
            for id in offering:
                address = Address(GIG.name, id)
                gig = self._pending.get(address)
                waits = gig is not None and target in waiting_operators(gig)
                # A withdrawal that crashes its gig is not repeated by itself.
                if waits and not self.shadows[address].crashed:
                    seen = f"{row.id} was delivered and {id} still waits for {target}"
                    return Violation(DELIVERED, seen, [address, row.source])
            return None

        if not offering:
            return None
        self._news[target] += 1
        return withdrawn

    def _is_available(self, operator: str) -> bool:
        person = self.shadows[Address(PERSON.name, operator)].state
        online = person is not None and person.phase == "online"
        return online and operator not in self._live and not self._locked.get(operator)

    # -- refusals -----------------------------------------------------------------------------------------------

    def refused(self, refusal: Refusal) -> tuple[Address, bool] | None:
        """See ``Rules``."""
        account, address, began = refusal.account, refusal.address, refusal.began
        if address.kind != GIG.name:
            return None
        match refusal.error:
            case Engaged(session=id):
                address = Address(GIG.name, id)
                if isinstance(refusal.command, RequestGig):
                    self._itself(address, refusal.command)
                return address, self._was(began, address, lambda one: _engages(one, account))
            case RatingRequired(gig=id):
                address = Address(GIG.name, id)
                return address, self._was(began, address, lambda one: account in one.locked)
            case NotAllowedInPhase(phase=phase):
                return address, self._was(began, address, lambda one: one.phase == phase)
            case NotFound(what="gig"):
                return address, None in self.shadows[address].since(began)
            case NotAllowed() if isinstance(refusal.command, PARTYS):
                return address, not all(
                    one is not None and account in (one.customer, one.operator)
                    for one in self.shadows[address].since(began)
                )
            case _:
                return None

    def _itself(self, address: Address, command: RequestGig) -> None:
        """A request that is sent again with its key is not in its own way."""
        gig = self.shadows[address].state
        if isinstance(gig, Gig) and gig.claim_id == command.claim_id:
            seen = f"{command.customer} heard that its request itself engages it, in {gig.id}"
            raise Violation(FALSE, seen, [address])

    def _was(self, began: int, address: Address, holds: Callable[[Gig], bool]) -> bool:
        """Whether it held for the gig at any moment of the call."""
        met = self.shadows[address].since(began)
        return any(one is not None and holds(one) for one in met)

    # -- the end ------------------------------------------------------------------------------------------------

    def rests(self, database: MemoryDatabase) -> None:
        """Nobody is engaged, and every rating was counted once, for the one who got it."""
        if ENGAGEMENT in database.claims:
            raise Violation(CLAIMS, f"engagements are left: {database.claims[ENGAGEMENT]}")
        counts = Counter[tuple[str, str]]()
        sums = Counter[tuple[str, str]]()
        for gig in self._gigs():
            for name, account, rating in _given(gig):
                counts[name, account] += 1
                sums[name, account] += rating
        expected = {key: (count, sums[key]) for key, count in counts.items()}
        if expected != database.tallies:
            raise Violation(ONCE, f"tallies {database.tallies} for ratings {expected}")

    def counts(self) -> Mapping[str, int]:
        """Gigs by status, and parties that were locked for a missing rating."""
        return {**Counter(f"gigs {gig.phase}" for gig in self._gigs()), "locks": self._locks}

    def _gigs(self) -> list[Gig]:
        states = [shadow.state for shadow in self.shadows.all()]
        return [state for state in states if isinstance(state, Gig)]


def _engages(gig: Gig, account: str) -> bool:
    return gig.phase in LIVE and account in (gig.customer, gig.operator)


def _given(gig: Gig) -> list[tuple[str, str, int]]:
    found = []
    if gig.operator is not None and gig.operator_rating is not None:
        found.append(("operator-rating", gig.operator, gig.operator_rating.value))
    if gig.customer_rating is not None:
        found.append(("customer-rating", gig.customer, gig.customer_rating.value))
    return found
