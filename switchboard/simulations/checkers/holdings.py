"""What sessions hold in the database: claims, places in lists, their header; and the outbox."""

from __future__ import annotations

from collections.abc import Callable

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.ports import OutboxRow
from switchboard.engine.sessions import Address, Claim
from switchboard.engine.sessions.gig import Gig
from switchboard.engine.sessions.gig.holdings import ENGAGEMENT, rating_debt, waiting_operators
from switchboard.simulations.checkers.shadows import Shadow, Shadows
from switchboard.simulations.faults import Weather
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

CLAIMS = "living sessions hold engagements, locked parties' gigs debts, and nobody else anything"
LISTS = "a session stands in the lists that its state names"
HEADER = "the header is the state's"
DELIVERED = "every reaction is delivered"

DELIVERY_MOST: Milliseconds = 30_000
"""How long a reaction may wait once the database and the engine are there: its tries are at most 7.5 s apart
(engine/runtime/reactions.py), and each asks up to a handful of gigs that may have to be loaded."""


class Holdings:
    """Judges the database by the shadows."""

    def __init__(
        self,
        shadows: Shadows,
        database: MemoryDatabase,
        weather: Weather,
        now: Callable[[], Instant],
    ) -> None:
        self._shadows = shadows
        self._database = database
        self._weather = weather
        self._now = now
        self._waiting: dict[str, tuple[OutboxRow, tuple[str, ...]]] = {}
        """Row's id -> the row and the gigs that then offered something to its target."""

    # -- after each commit --------------------------------------------------------------------------------------

    def committed(self, shadow: Shadow) -> None:
        """Judges what the session that was just written holds. Raises: Violation."""
        self._header(shadow)
        gig = shadow.state
        if not isinstance(gig, Gig):
            return
        expected = shadow.kind.claims(gig)
        for account in (gig.customer, gig.operator):
            if account is not None:
                engagement = Claim(ENGAGEMENT, account)
                self._claim(shadow.address, engagement, expected)
                self._claim(shadow.address, Claim(rating_debt(account), gig.id), expected)
        for entry in shadow.kind.lists(gig):
            if shadow.address not in self._database.lists.get(entry, {}):
                raise Violation(LISTS, f"{shadow.address} is not in {entry}", [shadow.address])

    def _header(self, shadow: Shadow) -> None:
        row, deadline = self._database.sessions[shadow.address], shadow.deadline
        expected = None if deadline is None else deadline.at
        matches = row.deadline == expected or (
            # The turn may know of signs that were not observed yet.
            shadow.watched and row.deadline is not None
        )
        if not matches or (row.version, row.phase) != (shadow.version, shadow.state.phase):
            seen = f"{shadow.address}: {row} but {expected}, {shadow.version}, {shadow.plain}"
            raise Violation(HEADER, seen, [shadow.address])

    def _claim(self, address: Address, claim: Claim, expected: frozenset[Claim]) -> None:
        holder = self._database.claims.get(claim.scope, {}).get(claim.key)
        if (holder == address) != (claim in expected):
            seen = f"{address} {'lacks' if claim in expected else 'still holds'} {claim}"
            raise Violation(CLAIMS, seen, [address])

    # -- now and then -------------------------------------------------------------------------------------------

    def claims(self) -> None:
        """Judges every claim there is. Raises: Violation."""
        for scope, holders in self._database.claims.items():
            for key, address in holders.items():
                shadow = self._shadows[address]
                claim = Claim(scope, key)
                if shadow.state is None or claim not in shadow.kind.claims(shadow.state):
                    raise Violation(CLAIMS, f"{address} still holds {claim}", [address])

    def reactions(self, rows: tuple[OutboxRow, ...]) -> None:
        """Remembers rows that have just been committed."""
        for row in rows:
            # The offer in the gig that was just claimed is no longer waiting, so all of these are to be withdrawn.
            offering = tuple(
                gig.id for gig in self._shadows.pending() if row.target.id in waiting_operators(gig)
            )
            self._waiting[row.id] = (row, offering)

    def delivered(self, ready_at: Instant | None) -> None:
        """Judges the reactions that wait, and those that were taken. Raises: Violation."""
        for id, (row, offering) in list(self._waiting.items()):
            if id not in self._database.outbox:
                del self._waiting[id]
                self._withdrawn(row, offering)
            elif ready_at is not None and not self._weather.down:
                waited = self._now() - max(row.at, ready_at, self._weather.fair_since)
                if waited > DELIVERY_MOST:
                    seen = f"{id} to {row.target} has waited {waited} ms"
                    raise Violation(DELIVERED, seen, [row.source])

    def _withdrawn(self, row: OutboxRow, offering: tuple[str, ...]) -> None:
        if self._available(row.target.id) or self._told_again(row):
            return  # Who can take gigs again when the news arrives keeps its offers.
        for id in offering:
            address = Address("gig", id)
            gig = self._shadows[address].state
            if isinstance(gig, Gig) and row.target.id in waiting_operators(gig):
                seen = f"{row.id} was delivered and {id} still waits for {row.target.id}"
                raise Violation(DELIVERED, seen, [address, row.source])

    def _available(self, operator: str) -> bool:
        claims = self._database.claims
        person = self._shadows[Address("person", operator)].state
        online = person is not None and person.phase == "online"
        return (
            online
            and operator not in claims.get(ENGAGEMENT, {})
            and not claims.get(rating_debt(operator))
        )

    def _told_again(self, row: OutboxRow) -> bool:
        """Whether later news of the same operator waits, which will be judged in its turn."""
        return any(later.target == row.target for later, _ in self._waiting.values())
