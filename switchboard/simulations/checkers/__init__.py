"""The invariants of a world, checked at every commit, at every state that is adopted, at every answer, and at the end.

``Judge`` is what the world and its people talk to; it ends the world at the first violation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from switchboard.engine.clock import Instant
from switchboard.engine.errors import Rejected
from switchboard.engine.ports import Turn
from switchboard.engine.sessions import Address, Command
from switchboard.simulations.checkers.answers import Answers
from switchboard.simulations.checkers.commits import FOLD, Commits
from switchboard.simulations.checkers.ending import check_rest
from switchboard.simulations.checkers.holdings import Holdings
from switchboard.simulations.checkers.shadows import Shadows, plain
from switchboard.simulations.checkers.timers import Timers
from switchboard.simulations.faults import Weather
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

P = ParamSpec("P")

CRASHES = frozenset({"session_crashed", "session_stopped", "session_quarantined", "ownership_lost"})
"""Events of the supervision log that nobody in a world gives cause for."""

RELOADS = frozenset({"commit_settled", "session_stale"})
"""Events after which a session is loaded again, and the signs of life that it had are gone."""


class Judge:
    """All checkers of one world. Its methods are synchronous and never raise; see ``violation``.

    Args:
        stop: called at the first violation.
    """

    def __init__(
        self,
        scenario: Scenario,
        database: MemoryDatabase,
        weather: Weather,
        now: Callable[[], Instant],
        stop: Callable[[], None],
    ) -> None:
        self.violation: Violation | None = None
        self.shadows = Shadows()
        self.timers = Timers(scenario, weather, now)
        self.commits = Commits(self.shadows, self.timers)
        self._database = database
        self._holdings = Holdings(self.shadows, database, weather, now)
        self._answers = Answers(self.shadows)
        self._now = now
        self._stop = stop

    def fail(self, violation: Violation) -> None:
        """Ends the world."""
        if self.violation is None:
            self.violation = violation
            self._stop()

    def _judge(self, check: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        if self.violation is not None:
            return
        try:
            check(*args, **kwargs)
        except Violation as violation:
            self.fail(violation)
        except Exception as error:
            # Called from within a commit, where it would pass for a failure of the database.
            misunderstood = Violation("the checkers understand what is committed", repr(error))
            misunderstood.__cause__ = error
            self.fail(misunderstood)

    # -- told by the database -----------------------------------------------------------------------------------

    def committed(self, turn: Turn) -> None:
        """The turn has just taken effect."""
        self._judge(self._committed, turn)

    def _committed(self, turn: Turn) -> None:
        self.commits.committed(turn)
        self._holdings.committed(self.shadows[turn.address])
        self._holdings.reactions(turn.outbox)

    def voided(self, address: Address) -> None:
        """A settled commit took up a version without an effect."""
        self.shadows[address].version += 1

    # -- told by the engine -------------------------------------------------------------------------------------

    def ready(self, at: Instant) -> None:
        """The engine takes commands from now on; watchdogs count from here."""
        self.timers.ready_at = at
        for shadow in self.shadows.all():
            shadow.revive(at)

    def down(self) -> None:
        """The engine takes none."""
        self.timers.ready_at = None

    def adopted(self, address: Address, _before: Any, after: Any) -> None:
        """An engine's observer."""
        self._judge(self._adopted, address, after)

    def _adopted(self, address: Address, after: Any) -> None:
        shadow = self.shadows[address]
        if plain(after) != shadow.plain:
            seen = f"{address} became {after!r}, its journal says {shadow.plain!r}"
            raise Violation(FOLD, seen, [address])
        if after.seen_at > shadow.state.seen_at:
            shadow.state = after
        self.shadows.tick += 1
        shadow.adopted(self.shadows.tick)

    def logged(self, event: Mapping[str, Any]) -> None:
        """A listener of the supervision log."""
        if event["event"] in CRASHES:
            about = [Address(event["kind"], event["id"])] if "id" in event else []
            self.fail(Violation("nothing crashes", str(dict(event)), about))
        if event["event"] in RELOADS:
            self.shadows[Address(event["kind"], event["id"])].revive(self._now())

    # -- told by people -----------------------------------------------------------------------------------------

    def began(self) -> int:
        """A call begins; the number orders it among what is adopted."""
        return self.shadows.tick

    def answered(self, began: int, address: Address, command: Command | None, state: Any) -> None:
        """A call was answered with that state; no command: a read."""
        self._judge(self._answers.answered, began, address, command, state)

    def refused(
        self, began: int, address: Address, command: Command | None, account: str, error: Rejected
    ) -> None:
        """A call was refused."""
        self._judge(self._answers.refused, began, address, command, account, error)

    # -- told by the world --------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Now and then: is anything stuck or left over?"""
        self._judge(self._sweep)

    def _sweep(self) -> None:
        for shadow in self.shadows.armed():
            self.timers.overdue(shadow)
        self._holdings.claims()
        self._holdings.delivered(self.timers.ready_at)

    def rest(self) -> None:
        """At the end, when all deadlines have passed."""
        self._judge(self._sweep)
        self._judge(check_rest, self.shadows, self._database)


__all__ = ["Judge", "Violation"]
