"""What sessions hold in the database: claims, places in lists, their header; and the outbox."""

from __future__ import annotations

from collections.abc import Mapping

import trio

from switchboard.engine.ports import OutboxRow
from switchboard.engine.sessions import Claim
from switchboard.simulations.cast import Check, Rules
from switchboard.simulations.checkers.names import CLAIMS, DELIVERED, HEADER, LISTS
from switchboard.simulations.checkers.shadows import Shadow, Shadows
from switchboard.simulations.faults.weather import Weather
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

DELIVERY_SECONDS_MOST = 30.0
"""How long a reaction may wait once the database and the engine are there: its tries are at most 7.5 s apart
(engine/runtime/reactions.py), and each asks up to a handful of gigs that may have to be loaded."""


class Holdings:
    """Judges the database by the shadows."""

    def __init__(
        self,
        shadows: Shadows,
        database: MemoryDatabase,
        weather: Weather,
        rules: Mapping[str, Rules],
    ) -> None:
        self._shadows = shadows
        self._database = database
        self._weather = weather
        self._rules = rules
        self._waiting: dict[str, tuple[OutboxRow, float, list[Check]]] = {}
        """Row's id -> the row, when it was committed, and what must be true once it is delivered."""

    # -- after each commit --------------------------------------------------------------------------------------

    def committed(self, shadow: Shadow) -> None:
        """Judges what the session that was just written holds. Raises: Violation."""
        self._header(shadow)
        kind, address, database = shadow.cast.kind, shadow.address, self._database
        claims, lists = kind.claims(shadow.state), kind.lists(shadow.state)
        for claim in sorted(claims | shadow.claims):
            holder = database.claims.get(claim.scope, {}).get(claim.key)
            if (holder == address) != (claim in claims):
                seen = f"{address} {'lacks' if claim in claims else 'still holds'} {claim}"
                raise Violation(CLAIMS, seen, [address])
        for entry in sorted(lists | shadow.lists):
            if (address in database.lists.get(entry, {})) != (entry in lists):
                raise Violation(LISTS, f"{address} and {entry}", [address])
        shadow.claims, shadow.lists = claims, lists

    def _header(self, shadow: Shadow) -> None:
        row, deadline = self._database.sessions[shadow.address], shadow.deadline
        expected = None if deadline is None else deadline.at
        matches = row.deadline == expected or (
            # The turn may know of signs that were not observed yet.
            shadow.watched and row.deadline is not None and row.deadline <= shadow.horizon
        )
        if not matches or (row.version, row.phase) != (shadow.version, shadow.state.phase):
            seen = f"{shadow.address}: {row} but {expected}, {shadow.version}, {shadow.plain}"
            raise Violation(HEADER, seen, [shadow.address])
        shadow.stored_deadline = row.deadline

    # -- now and then -------------------------------------------------------------------------------------------

    def claims(self) -> None:
        """Judges every claim there is. Raises: Violation."""
        for scope, holders in self._database.claims.items():
            for key, address in holders.items():
                claim = Claim(scope, key)
                if claim not in self._shadows[address].claims:
                    raise Violation(CLAIMS, f"{address} still holds {claim}", [address])

    def reactions(self, rows: tuple[OutboxRow, ...]) -> None:
        """Remembers rows that have just been committed."""
        for row in rows:
            expected = [rules.expects(row) for rules in self._rules.values()]
            checks = [check for check in expected if check is not None]
            self._waiting[row.id] = (row, trio.current_time(), checks)

    def delivered(self, ready_since: float | None) -> None:
        """Judges the reactions that wait, and those that were taken. Raises: Violation."""
        now = trio.current_time()
        for id, (row, written_at, checks) in list(self._waiting.items()):
            if id not in self._database.outbox:
                del self._waiting[id]
                for violation in [check() for check in checks]:
                    if violation is not None:
                        raise violation
            elif ready_since is not None and not self._weather.down:
                # A target that is in quarantine takes nothing until it is released.
                clear = max(self._shadows.clear_since, self._weather.fair_since, ready_since)
                waited = now - max(written_at, clear)
                if waited > DELIVERY_SECONDS_MOST:
                    seen = f"{id} to {row.target} has waited {waited:.0f} s"
                    raise Violation(DELIVERED, seen, [row.source])
