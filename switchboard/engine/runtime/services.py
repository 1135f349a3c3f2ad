"""What every actor of an engine shares."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.ids import Ids
from switchboard.engine.ports import Capacity, JournalEntry, OutboxRow, Sessions, Turn
from switchboard.engine.runtime.announcements import Announcements
from switchboard.engine.runtime.breaker import Breaker
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.runtime.timers import Timers
from switchboard.engine.sessions.codec import Codec
from switchboard.engine.sessions.kind import Address, Kind

Observer = Callable[[Address, Any, Any], None]
"""(address, state before or None, state after): called synchronously with every state that is adopted."""

MessageObserver = Callable[[Address, Sequence[JournalEntry]], None]
"""(address, entries of a turn): called synchronously with what became durable, before anybody is told of it."""

MessageForeseer = Callable[[Turn], None]
"""Called synchronously with a turn whose commit is under way."""


@dataclass(kw_only=True, slots=True)
class Runtime:
    """The engine's parts as its actors see them."""

    clock: Clock
    ids: Ids
    sessions: Sessions
    capacity: Capacity
    log: SupervisionLog
    announcements: Announcements
    chance: random.Random
    """For jitter only; simulations seed it."""
    code_version: str
    fenced: Callable[[str], None]
    """Called when this node no longer owns its sessions: the engine stops."""
    deliver: Callable[[Sequence[OutboxRow]], None]
    """Hands committed outbox rows to their delivery."""
    recheck_outbox: Callable[[], None]
    """Rows may have been committed that nobody here has seen."""
    timers: Timers = field(default_factory=Timers)
    """When sessions are to be looked at."""
    ready_at: Instant = 0
    """Watchdogs of what was loaded count from here at the earliest."""
    observers: dict[str, list[Observer]] = field(default_factory=dict)
    """By kind."""
    message_observers: list[MessageObserver] = field(default_factory=list)
    message_foreseers: list[MessageForeseer] = field(default_factory=list)
    turns: int = 0
    commands: int = 0


class KindRuntime:
    """A kind with its codec and the runtime: one object that all its actors point to."""

    __slots__ = ("breaker", "codec", "kind", "runtime")

    def __init__(self, kind: Kind[Any], runtime: Runtime) -> None:
        self.kind = kind
        self.codec: Codec[Any] = Codec(kind)
        self.breaker = Breaker(runtime.capacity.quarantines_most)
        self.runtime = runtime
