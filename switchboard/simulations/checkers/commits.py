"""What is checked of every commit, at the moment it takes effect in the database."""

from __future__ import annotations

from collections import Counter
from typing import Any

from switchboard.engine.ports import JournalEntry, Turn
from switchboard.engine.runtime.draft import DEADLINE
from switchboard.engine.sessions import Address, Event, ImpossibleTransition, next_phase
from switchboard.engine.sessions.gig import LIVE, Gig
from switchboard.engine.sessions.gig.events import (
    GigClaimed,
    GigConfirmed,
    GigRated,
    GigRequested,
)
from switchboard.simulations.checkers.shadows import CODECS, TABLES, Shadow, Shadows, plain
from switchboard.simulations.checkers.timers import Timers
from switchboard.simulations.trace import Violation

LEGAL = "only legal transitions"
LOCKED = "a locked party starts nothing"
ONE_LIVE = "one live gig an operator and a customer"
ONCE = "what was acknowledged is in the journal exactly once"
TOLD = "a commit writes what its events say"
FOLD = "the fold of the journal is the state"


class Commits:
    """Judges turns in the order in which they take effect."""

    def __init__(self, shadows: Shadows, timers: Timers) -> None:
        self._shadows = shadows
        self._timers = timers
        self._live: dict[str, Address] = {}
        """Account -> the live gig that it is in."""
        self._locked: dict[str, set[str]] = {}
        """Account -> the gigs that it has to rate."""
        self._requests: dict[str, Address] = {}
        """Customer's own number of a request -> the gig that came of it."""
        self.locks = 0

    def committed(self, turn: Turn) -> None:
        """Folds the turn into its session's shadow. Raises: Violation."""
        shadow = self._shadows[turn.address]
        expected = Counter[tuple[str, str, str]]()
        for entry in turn.entries:
            if entry.version != shadow.version + 1:
                seen = f"version {entry.version} after {shadow.version}"
                raise Violation(ONCE, seen, [turn.address])
            self._once(shadow, entry, turn)
            event = CODECS[turn.address.kind].decode_event(entry.name, entry.format, entry.body)
            self._timers.before(shadow, entry)
            before, after = shadow.state, self._evolve(shadow, event)
            self._event(shadow.address, before, event)
            expected.update(_says(shadow, before, event, after))
            shadow.version = entry.version
            shadow.became(after)
        self._shadows.committed(shadow)
        self._outcome(turn, shadow)
        if isinstance(shadow.state, Gig):
            self._index(shadow.address, shadow.state)
        written = Counter(
            [("notice", one.topic, one.name) for one in turn.notices]
            + [("reaction", one.target.id, one.name) for one in turn.outbox]
            + [("tally", one.key, str(one.value)) for one in turn.tallies]
        )
        if written != expected:
            seen = f"{turn.address} wrote {sorted(written)} instead of {sorted(expected)}"
            raise Violation(TOLD, seen, [turn.address])

    def _evolve(self, shadow: Shadow, event: Event) -> Any:
        before = shadow.state
        try:
            next_phase(TABLES[shadow.address.kind], None if before is None else before.phase, event)
            return shadow.kind.evolve(before, event)
        except ImpossibleTransition as error:
            raise Violation(LEGAL, f"{shadow.address}: {error}", [shadow.address]) from error

    def _outcome(self, turn: Turn, shadow: Shadow) -> None:
        about = [turn.address]
        if shadow.state is None or turn.phase != shadow.state.phase:
            seen = f"{turn.address} is {turn.phase!r}, its events lead to {shadow.plain!r}"
            raise Violation(LEGAL, seen, about)
        if turn.snapshot is not None:
            codec = CODECS[turn.address.kind]
            kept = codec.decode_state(turn.snapshot.format, turn.snapshot.body)
            if plain(kept) != shadow.plain:
                raise Violation(FOLD, f"snapshot {kept!r} of {shadow.plain!r}", about)

    def _once(self, shadow: Shadow, entry: JournalEntry, turn: Turn) -> None:
        if entry.by == DEADLINE or entry.caused_by is None:
            return
        decided_in = shadow.causes.setdefault(entry.caused_by, turn.id)
        if decided_in != turn.id:
            seen = f"request {entry.caused_by} changed {shadow.address} in two turns"
            raise Violation(ONCE, seen, [shadow.address])

    def _event(self, address: Address, before: Any, event: Event) -> None:
        match event:
            case GigRequested(customer=account, claim_id=number):
                self._starts(account, event, address)
                if number is not None and self._requests.setdefault(number, address) != address:
                    seen = f"request {number} made {address.id} and {self._requests[number].id}"
                    raise Violation(ONCE, seen, [address, self._requests[number]])
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

    def _starts(self, account: str, event: Event, address: Address) -> None:
        owed = self._locked.get(account)
        if owed:
            seen = f"{account} owes {sorted(owed)} and caused {type(event).__name__}"
            debts = [Address("gig", gig) for gig in sorted(owed)]
            raise Violation(LOCKED, seen, [address, *debts])

    def _index(self, address: Address, gig: Gig) -> None:
        parties = (gig.customer,) if gig.operator is None else (gig.customer, gig.operator)
        for account in parties:
            if gig.phase in LIVE:
                other = self._live.setdefault(account, address)
                if other != address:
                    seen = f"{account} is in {address.id} and {other.id}"
                    raise Violation(ONE_LIVE, seen, [address, other])
            elif self._live.get(account) == address:
                del self._live[account]
            owed = self._locked.setdefault(account, set())
            if account in gig.locked:
                self.locks += gig.id not in owed
                owed.add(gig.id)
            else:
                owed.discard(gig.id)


def _says(shadow: Shadow, before: Any, event: Event, after: Any) -> list[tuple[str, str, str]]:
    kind = shadow.kind
    return [
        *(("notice", one.topic, one.name) for one in kind.notices(before, event, after)),
        *(
            ("reaction", one.target.id, type(one.command).__name__)
            for one in kind.reactions(before, event, after)
        ),
        *(("tally", one.key, str(one.value)) for one in kind.tallies(before, event, after)),
    ]
