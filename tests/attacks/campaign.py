"""Runs attacks against servers as released and against ours, all at once: nearly all of their time is waiting."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import http_answers
import http_bodies
import http_heads
import many_connections
import stopping
import websocket_messages
import websocket_peers
from attack import Attack, Outcome, Profile
from server_process import ServerProcess, started
from target import BRIEF_SECONDS, PATIENCE_SECONDS, Target

Variant = Literal["released", "guarded", "switchboard"]
"""hypercorn and Quart-Trio as released; the same app on our transport; ``switchboard serve``."""

ATTACKS: tuple[Attack, ...] = (
    *http_heads.ATTACKS,
    *http_bodies.ATTACKS,
    *http_answers.ATTACKS,
    *many_connections.ATTACKS,
    *websocket_messages.ATTACKS,
    *websocket_peers.ATTACKS,
    *stopping.ATTACKS,
)

AT_ONCE = 12
"""Attacks under way: enough that the waiting overlaps, few enough that the servers' deadlines mean something."""
ALONE_AT_ONCE = 2
"""Those that have a server of their own need a processor to start it."""

VICTIM = Path(__file__).parents[1] / "support/victim.py"


class Strike(NamedTuple):
    """An attack on a server of that kind."""

    attack: Attack
    variant: Variant

    @property
    def name(self) -> str:
        """Of the test."""
        return f"{self.attack.name}-{self.variant}"


def _strikes(attack: Attack) -> Iterator[Strike]:
    yield Strike(attack, "released")
    yield Strike(attack, "guarded")
    if attack.on_switchboard:
        yield Strike(attack, "switchboard")


STRIKES = tuple(strike for attack in ATTACKS for strike in _strikes(attack))


@contextmanager
def victim(variant: Variant, profile: Profile = "hasty") -> Iterator[Target]:
    """The victim's app in a process of its own. It is not asked to end: the attack may have made it unable to."""
    command = [sys.executable, str(VICTIM), variant, profile]
    with started(command, {}) as server:
        try:
            yield Target(server, BRIEF_SECONDS if variant == "released" else PATIENCE_SECONDS)
        finally:
            server.process.kill()


def switchboard_target(server: ServerProcess) -> Target:
    """A running ``switchboard serve``."""
    return Target(server, PATIENCE_SECONDS, hello="/healthz", post="/dropin/login")


class Campaign:
    """Strikes under way, and their outcomes."""

    def __init__(self, strikes: Iterable[Strike], switchboard: Target | None) -> None:
        self._strikes = tuple(strikes)
        self._stack = ExitStack()
        self._shared: dict[Variant, Target] = {}
        if switchboard is not None:
            self._shared["switchboard"] = switchboard
        self._running: dict[str, Future[Outcome]] = {}

    def __enter__(self) -> Mapping[str, Future[Outcome]]:
        """Begins. Returns: the name of each strike -> its outcome to be."""
        together = [one for one in self._strikes if not one.attack.alone]
        for variant in sorted({one.variant for one in together} - set(self._shared)):
            self._shared[variant] = self._stack.enter_context(victim(variant))
        many = self._stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        few = self._stack.enter_context(ThreadPoolExecutor(ALONE_AT_ONCE))
        for one in self._strikes:
            pool, run = (few, self._alone) if one.attack.alone else (many, self._together)
            self._running[one.name] = pool.submit(run, one)
        return self._running

    def __exit__(self, *_: object) -> None:
        for one in self._running.values():
            one.cancel()
        self._stack.close()

    def _together(self, strike: Strike) -> Outcome:
        return strike.attack.run(self._shared[strike.variant])

    def _alone(self, strike: Strike) -> Outcome:
        with victim(strike.variant, strike.attack.profile) as target:
            return strike.attack.run(target)
