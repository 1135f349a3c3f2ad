"""What the supervisors did: structured events for stdout, a ring buffer for the console, and counts for the metrics."""

from __future__ import annotations

import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from switchboard.engine.clock import Instant
from switchboard.engine.sessions.kind import Address

RING_LENGTH = 1000
"""Events kept for the console: some minutes of a busy engine, about 1 MB at most."""


class Flood:
    """How often an event has happened in a second."""

    __slots__ = ("count", "second")

    def __init__(self, second: int) -> None:
        self.second = second
        self.count = 0


class SupervisionLog:
    """Writes events. ``names`` used by the runtime:

    session_started, session_stopped, session_passivated, session_crashed, session_restarted, session_quarantined,
    breaker_open, session_released, session_stale, timer_late, turn_slow, mailbox_full, commit_failed, commit_unknown,
    commit_settled, reaction_failed, recheck_failed, ownership_lost, engine_started, engine_stopped; by pushes:
    push_failed (it is tried again), push_refused, push_given_up, push_device_gone, push_put_off (the store is away),
    push_unreadable.
    """

    def __init__(
        self, now: Callable[[], Instant], logger: Any = None, ring_length: int = RING_LENGTH
    ) -> None:
        self._now = now
        self._logger = structlog.get_logger("supervision") if logger is None else logger
        self._ring: deque[Mapping[str, Any]] = deque(maxlen=ring_length)
        self._listeners: list[Callable[[Mapping[str, Any]], None]] = []
        self.counts: Counter[str] = Counter()
        self._floods: dict[str, Flood] = {}

    def event(self, name: str, address: Address | None = None, **fields: Any) -> None:
        """Writes one event. Never raises for what a field holds."""
        self.counts[name] += 1
        if address is not None:
            fields = {"kind": address.kind, "id": address.id, **fields}
        self._ring.append({"event": name, "at": self._now(), **fields})
        if name not in FLOODS or self._has_room(name, fields):
            loud = name in LOUD
            (self._logger.warning if loud else self._logger.info)(name, **fields)
        for listener in self._listeners:
            listener(self._ring[-1])

    def _has_room(self, name: str, fields: dict[str, Any]) -> bool:
        """Whether one more line of that event is written in this second; how many were not is said in the next one."""
        second = self._now() // 1000
        flood = self._floods.get(name)
        if flood is None or flood.second != second:
            if flood is not None and flood.count > LINES_A_SECOND_MOST:
                fields["unwritten"] = flood.count - LINES_A_SECOND_MOST
            flood = self._floods[name] = Flood(second)
        flood.count += 1
        return flood.count <= LINES_A_SECOND_MOST

    def recent(self) -> Sequence[Mapping[str, Any]]:
        """The events in the ring, oldest first."""
        return tuple(self._ring)

    def listen(self, listener: Callable[[Mapping[str, Any]], None]) -> Callable[[], None]:
        """Calls ``listener`` with every event from now on; returns how to stop that. It must not raise."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


FLOODS = frozenset({"turn_slow", "timer_late", "mailbox_full"})
"""What a busy server has to say of each of hundreds of sessions at once. Each is counted, heard by listeners and in the
ring; in the log a second has ``LINES_A_SECOND_MOST`` of a sort, for writing them all made it busier still."""

LINES_A_SECOND_MOST = 10

LOUD = frozenset(
    {
        "session_crashed",
        "session_quarantined",
        "breaker_open",
        "timer_late",
        "turn_slow",
        "mailbox_full",
        "commit_failed",
        "commit_unknown",
        "reaction_failed",
        "ownership_lost",
        "push_unreadable",
    }
)
"""Events that somebody should look at: logged as warnings."""


def formatted(error: BaseException) -> str:
    """The traceback as text."""
    return "".join(traceback.format_exception(error))


def fingerprint(error: BaseException) -> str:
    """Names the place where an error happened, so that equal crashes can be grouped: type and innermost frames."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return "|".join([type(error).__name__, *(f"{f.name}:{f.lineno}" for f in frames)])
