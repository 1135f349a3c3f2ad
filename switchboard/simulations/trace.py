"""What happened in a world, for the one who has to understand a violated invariant."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from switchboard.engine.clock import Instant
from switchboard.engine.sessions import Address

RECORDS_MOST = 50_000
"""Some hours of a small city; the trace of a violation looks at the last minutes of few sessions."""

SHOWN_MOST = 60
"""Lines of the trace that a violation shows: a screen."""

DAY_MILLISECONDS = 24 * 3600 * 1000


class Violation(Exception):
    """An invariant does not hold. Its text is the rule, what was seen, and the trace of the sessions involved."""

    def __init__(self, rule: str, seen: str, about: Iterable[Address] = ()) -> None:
        super().__init__(f"{rule}: {seen}")
        self.rule = rule
        self.about = tuple(dict.fromkeys(about))


class Record(NamedTuple):
    """One line of the trace and the ids that it concerns."""

    at: Instant
    text: str
    ids: tuple[str, ...]


class Trace:
    """The latest records of a world."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._records: deque[Record] = deque(maxlen=RECORDS_MOST)

    def note(self, text: str, *ids: str) -> None:
        """Remembers a line that concerns those ids; one without ids concerns everybody."""
        self._records.append(Record(self._now(), text, ids))

    def about(self, ids: Iterable[str]) -> list[str]:
        """The latest lines that concern any of the ids, oldest first."""
        wanted = set(ids)
        found = [one for one in self._records if not one.ids or not wanted.isdisjoint(one.ids)]
        return [f"{clock_time(one.at)}  {one.text}" for one in found[-SHOWN_MOST:]]


def clock_time(at: Instant) -> str:
    """The time of day of a simulated instant."""
    seconds, milliseconds = divmod(at % DAY_MILLISECONDS, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
