"""What is checked of every commit, at the moment it takes effect in the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from switchboard.engine.ports import JournalEntry, Turn
from switchboard.engine.runtime.draft import DEADLINE
from switchboard.engine.sessions import Address, Event, ImpossibleTransition, next_phase
from switchboard.engine.workflows.withdrawals import RECHECK
from switchboard.simulations.cast import Rules
from switchboard.simulations.checkers.names import FOLD, LEGAL, NOTHING, ONCE, ORDER, STILL, TOLD
from switchboard.simulations.checkers.shadows import Shadow, Shadows
from switchboard.simulations.checkers.timers import Timers
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

Words = tuple[str, str, str]


class Commits:
    """Judges turns in the order in which they take effect."""

    def __init__(
        self,
        shadows: Shadows,
        timers: Timers,
        rules: Mapping[str, Rules],
        database: MemoryDatabase,
    ) -> None:
        self._shadows = shadows
        self._timers = timers
        self._rules = rules
        self._database = database
        self._causes: dict[tuple[Address, str], str] = {}
        """(session, request) -> the turn that it was decided in."""
        self._requests: dict[str, Address] = {}
        """Request -> the session that it changed last."""
        self._keys: dict[str, str] = {}
        """Idempotency key -> the turn that it was answered in."""
        self._denied: dict[str, str] = {}
        """Request -> what its caller heard, which says that nothing changed."""

    def committed(self, turn: Turn) -> None:
        """Folds the turn into its session's shadow. Raises: Violation."""
        shadow = self._shadows[turn.address]
        if turn.address in self._database.quarantine:
            seen = f"{turn.address} writes {[entry.name for entry in turn.entries]}"
            raise Violation(STILL, seen, [turn.address])
        rules = self._rules[turn.address.kind]
        expected: list[Words] = []
        for entry in turn.entries:
            self._entry(shadow, entry, turn)
            event = shadow.codec.decode_event(entry.name, entry.format, entry.body)
            self._timers.before(shadow, entry)
            before, after = shadow.state, self._evolve(shadow, event)
            rules.event(shadow.address, before, event)
            expected += _says(shadow, before, event, after)
            shadow.version, shadow.latest = entry.version, entry.at
            shadow.became(after)
            self._shadows.committed(shadow)
        self._keyed(turn)
        self._outcome(turn, shadow)
        rules.committed(shadow)
        written = [("notice", one.topic, one.name) for one in turn.notices]
        written += [("reaction", one.target.id, one.name) for one in turn.outbox]
        written += [("tally", one.key, str(one.value)) for one in turn.tallies]
        if len(written) != len(expected) or Counter(written) != Counter(expected):
            seen = f"{turn.address} wrote {sorted(written)} instead of {sorted(expected)}"
            raise Violation(TOLD, seen, [turn.address])

    def _evolve(self, shadow: Shadow, event: Event) -> Any:
        before, cast = shadow.state, shadow.cast
        try:
            next_phase(cast.transitions, None if before is None else before.phase, event)
            return cast.kind.evolve(before, event)
        except ImpossibleTransition as error:
            raise Violation(LEGAL, f"{shadow.address}: {error}", [shadow.address]) from error

    def _outcome(self, turn: Turn, shadow: Shadow) -> None:
        about = [turn.address]
        if shadow.state is None or turn.phase != shadow.state.phase:
            seen = f"{turn.address} is {turn.phase!r}, its events lead to {shadow.plain!r}"
            raise Violation(LEGAL, seen, about)
        if turn.snapshot is not None:
            kept = shadow.codec.decode_state(turn.snapshot.format, turn.snapshot.body)
            if shadow.cast.plain(kept) != shadow.plain:
                raise Violation(FOLD, f"snapshot {kept!r} of {shadow.plain!r}", about)

    # -- once ---------------------------------------------------------------------------------------------------

    def _entry(self, shadow: Shadow, entry: JournalEntry, turn: Turn) -> None:
        about = [shadow.address]
        if entry.version != shadow.version + 1:
            seen = f"version {entry.version} after {shadow.version}"
            raise Violation(ONCE, seen, about)
        if entry.at < shadow.latest:
            seen = f"{shadow.address}: {entry.name} {shadow.latest - entry.at} ms before the last"
            raise Violation(ORDER, seen, about)
        cause = entry.caused_by
        # A recheck is no request: each may withdraw something, and all go by the same name.
        if entry.by == DEADLINE or cause in (None, RECHECK):
            return
        decided_in = self._causes.setdefault((shadow.address, cause), turn.id)
        if decided_in != turn.id:
            seen = f"request {cause} changed {shadow.address} in two turns"
            raise Violation(ONCE, seen, about)
        self._requests[cause] = shadow.address
        if cause in self._denied:
            self._changed(cause, shadow.address)

    def _keyed(self, turn: Turn) -> None:
        for reply in turn.keyed:
            if self._keys.setdefault(reply.key, turn.id) != turn.id:
                raise Violation(ONCE, f"key {reply.key} was answered twice", [turn.address])

    def denied(self, cause: str, heard: str) -> None:
        """The caller of that request heard that nothing changed, now and for ever. Raises: Violation."""
        self._denied[cause] = heard
        if cause in self._requests:
            self._changed(cause, self._requests[cause])

    def _changed(self, cause: str, address: Address) -> None:
        seen = f"request {cause} changed {address} and its caller heard {self._denied[cause]}"
        raise Violation(NOTHING, seen, [address])


def _says(shadow: Shadow, before: Any, event: Event, after: Any) -> list[Words]:
    kind = shadow.cast.kind
    return [
        *(("notice", one.topic, one.name) for one in kind.notices(before, event, after)),
        *(
            ("reaction", one.target.id, type(one.command).__name__)
            for one in kind.reactions(before, event, after)
        ),
        *(("tally", one.key, str(one.value)) for one in kind.tallies(before, event, after)),
    ]
