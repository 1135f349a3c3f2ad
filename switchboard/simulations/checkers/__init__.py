"""The invariants of a world, checked at every commit, at every state that is adopted, at every answer, and at the end.

``Judge`` is what the world and its people talk to; it ends the world at the first violation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import Rejected
from switchboard.engine.ports import Turn
from switchboard.engine.sessions import Address, Command
from switchboard.simulations.cast import Cast, Refusal
from switchboard.simulations.checkers.answers import Answers
from switchboard.simulations.checkers.callers import Callers
from switchboard.simulations.checkers.commits import Commits
from switchboard.simulations.checkers.ending import check_rest
from switchboard.simulations.checkers.holdings import Holdings
from switchboard.simulations.checkers.names import CHECKERS, CRASHES, FOLD, WRITER
from switchboard.simulations.checkers.shadows import Shadows
from switchboard.simulations.checkers.supervision import Supervision
from switchboard.simulations.checkers.timers import Timers
from switchboard.simulations.faults.weather import Weather
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

P = ParamSpec("P")


class Judge:
    """All checkers of one world. Its methods are synchronous and never raise; see ``violation``.

    Args:
        now: the present instant on the clock of the engine that runs.
        stop: called at the first violation.
    """

    def __init__(
        self,
        scenario: Scenario,
        casts: Iterable[Cast],
        database: MemoryDatabase,
        weather: Weather,
        now: Callable[[], Instant],
        stop: Callable[[], None],
    ) -> None:
        self.violation: Violation | None = None
        self.shadows = Shadows(casts)
        self.rules = {name: cast.rules(self.shadows) for name, cast in self.shadows.casts.items()}
        self.timers = Timers(scenario, weather, now)
        self.callers = Callers(scenario.capacity, now)
        self.supervision = Supervision(self.shadows, scenario.capacity, database, self.callers)
        self._commits = Commits(self.shadows, self.timers, self.rules, database)
        self._database = database
        self._holdings = Holdings(self.shadows, database, weather, self.rules)
        self._answers = Answers(self.shadows, self.rules)
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
            misunderstood = Violation(CHECKERS, repr(error))
            misunderstood.__cause__ = error
            self.fail(misunderstood)

    # -- told by the database -----------------------------------------------------------------------------------

    def committed(self, turn: Turn) -> None:
        """The turn has just taken effect."""
        self._judge(self._committed, turn)

    def _committed(self, turn: Turn) -> None:
        self.callers.decided(turn)
        self._commits.committed(turn)
        self._holdings.committed(self.shadows[turn.address])
        self._holdings.reactions(turn.outbox)

    def voided(self, address: Address, at: Instant) -> None:
        """A settled commit took up a version without an effect."""
        shadow = self.shadows[address]
        shadow.version += 1
        shadow.latest = max(shadow.latest, at)

    def intruded(self, what: str, address: Address | None = None) -> None:
        """An engine that was fenced off has written something."""
        about = [] if address is None else [address]
        self.fail(Violation(WRITER, what, about))

    # -- told by the engine -------------------------------------------------------------------------------------

    def ready(self, at: Instant) -> None:
        """An engine takes commands from now on; watchdogs count from here."""
        self.up_again()
        self.supervision.began(at)
        self.shadows.began(self._database.quarantine)
        for shadow in self.shadows.all():
            shadow.reload(self._database.stored(shadow.address), at)

    def up_again(self) -> None:
        """The engine that was frozen goes on."""
        self.timers.ready_since = trio.current_time()

    def down(self) -> None:
        """No engine takes commands."""
        self.timers.ready_since = None

    def adopted(self, address: Address, after: Any, *, current: bool) -> None:
        """An engine has taken a state over as the committed one.

        Args:
            current: whether it is the engine that owns the sessions; one that was taken over may still learn of what it
                wrote before.
        """
        self._judge(self._adopted, address, after, current)

    def _adopted(self, address: Address, after: Any, current: bool) -> None:
        shadow = self.shadows[address]
        plain = shadow.cast.plain(after)
        if plain != shadow.plain and (current or plain not in shadow.since(-1)):
            seen = f"{address} became {after!r}, its journal says {shadow.plain!r}"
            raise Violation(FOLD, seen, [address])
        if not current:
            return
        seen_at = shadow.cast.seen_at
        if seen_at(after) > seen_at(shadow.state):
            shadow.heard(after)
        self.shadows.tick += 1
        shadow.adopted(self.shadows.tick)

    def logged(self, event: Mapping[str, Any], *, current: bool) -> None:
        """A listener of an engine's supervision log; ``current``: of the one that owns the sessions."""
        self.supervision.incident(event)
        if not current:
            return
        if event["event"] == "ownership_lost":
            self.fail(Violation(CRASHES, f"the owner gave up: {event}"))
        self._judge(self.supervision.logged, event)

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
        self._judge(self._answers.refused, Refusal(began, address, command, account, error))

    def denied(self, cause: str, error: Exception) -> None:
        """The caller of that request heard an error that says: nothing changed."""
        self._judge(self._commits.denied, cause, repr(error))

    @contextmanager
    def asking(self, engine: object, address: Address) -> Iterator[None]:
        """A command is with an engine for the length of the block."""
        with ExitStack() as stack:
            self._judge(stack.enter_context, self.callers.asking(engine, address))
            yield

    def turned_away(self, address: Address, error: Exception) -> None:
        """An engine that takes commands has said that it is stopping."""
        self._judge(self.callers.turned_away, address, error)

    def crashed(self, error: Exception) -> None:
        """A caller heard of a bug."""
        self._judge(self.supervision.answered, error)

    # -- told by the world --------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Now and then: is anything stuck or left over?"""
        self._judge(self._sweep)

    def _sweep(self) -> None:
        for shadow in self.shadows.armed():
            self.timers.overdue(shadow)
        self._holdings.claims()
        self._holdings.delivered(self.timers.ready_since)

    def rest(self) -> None:
        """At the end, when all deadlines have passed."""
        self._judge(self._sweep)
        self._judge(check_rest, self.shadows, self._database, self.rules)


__all__ = ["Judge", "Violation"]
