"""What may be asked of a person's presence."""

from __future__ import annotations

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.kind import Command


class GoOnline(Command, frozen=True, kw_only=True):
    """The person is available from now on; a place if the client sent one."""

    id: str
    latitude: float | None = None
    longitude: float | None = None
    timeout: Milliseconds = 120_000
    """Without a sign for so long the person is away."""


class GoOffline(Command, frozen=True, kw_only=True):
    """The person is not available; a repeat does nothing. Somebody unheard of is known, and offline, from now on."""

    id: str


class Heartbeat(Command, frozen=True, kw_only=True):
    """A sign, and a place if sent. Volatile, but for what it changes: away -> online, and once a minute the last-seen.

    Who chose to be offline stays so. The first sign of somebody never heard of is durable, so that there is a person.
    """

    id: str
    latitude: float | None = None
    longitude: float | None = None


class ReachDeadline(Command, frozen=True, kw_only=True):
    """No sign came until ``due``."""

    due: Instant
