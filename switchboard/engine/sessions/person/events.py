"""What can have happened to a person's presence. A shipped class is never changed (see ``kind.Event``)."""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.engine.instants import Milliseconds
from switchboard.engine.sessions.kind import Event


class PersonMet(Event, frozen=True, kw_only=True):
    """The person was heard of for the first time, and has not chosen to be available."""

    id: str
    latitude: float | None
    longitude: float | None


class WentOnline(Event, frozen=True, kw_only=True):
    """The person chose to be available. No place: the last one stands."""

    id: str
    latitude: float | None
    longitude: float | None
    timeout: Milliseconds


class WentOffline(Event, frozen=True, kw_only=True):
    """The person chose not to be available (or an administrator did)."""


class WentAway(Event, frozen=True, kw_only=True):
    """Nothing was heard for the time-out."""


class CameBack(Event, frozen=True, kw_only=True):
    """A sign came after all."""

    latitude: float | None
    longitude: float | None


class LastSeenSaved(Event, frozen=True, kw_only=True):
    """A sign that is journaled, so that a crash forgets at most a minute of them."""

    latitude: float | None
    longitude: float | None


class PersonHeard(Event, frozen=True, kw_only=True):
    """A sign. Volatile: never journaled."""

    latitude: float | None
    longitude: float | None


EVENTS: Mapping[str, tuple[int, type[Event]]] = {
    "PersonMet": (1, PersonMet),
    "WentOnline": (1, WentOnline),
    "WentOffline": (1, WentOffline),
    "WentAway": (1, WentAway),
    "CameBack": (1, CameBack),
    "LastSeenSaved": (1, LastSeenSaved),
}
"""Journaled name -> (format, class) of everything that is durable."""
