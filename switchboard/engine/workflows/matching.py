"""Who is near a place: an h3 index of available people. A hint only: whether somebody may be engaged is a claim."""

from __future__ import annotations

import math
from typing import NamedTuple

import h3

from switchboard.engine.clock import Instant

RESOLUTION = 6
"""h3's resolution 6 has cells of about 36 km2: a 10 km radius touches some 19 of them, and 61 are looked into."""

CELL_REACH_METRES = 1.1 * h3.average_hexagon_edge_length(RESOLUTION, unit="m")
"""How much further each ring of cells reaches at the least: 1.5 edges towards a corner, and the smallest cells' edges
are about three quarters of the average."""

RINGS_MOST = 60
"""Bounds the search for a very large radius (some 300 km); beyond it every entry is looked at."""


class Nearby(NamedTuple):
    """Somebody available, and how far away."""

    account: str
    latitude: float
    longitude: float
    distance_metres: int


class Present(NamedTuple):
    """An entry of the index."""

    latitude: float
    longitude: float
    fresh_until: Instant
    cell: str


class Places:
    """People by place. Every change and every search is synchronous."""

    def __init__(self) -> None:
        self._people: dict[str, Present] = {}
        self._cells: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._people)

    def __contains__(self, account: str) -> bool:
        return account in self._people

    def put(self, account: str, latitude: float, longitude: float, fresh_until: Instant) -> None:
        """The person is there, until that instant unless heard again."""
        old = self._people.get(account)
        if old is not None and (old.latitude, old.longitude) == (latitude, longitude):
            self._people[account] = old._replace(fresh_until=fresh_until)
            return
        cell = h3.latlng_to_cell(latitude, longitude, RESOLUTION)
        if old is not None and old.cell != cell:
            self.remove(account)
        self._people[account] = Present(latitude, longitude, fresh_until, cell)
        self._cells.setdefault(cell, {})[account] = None

    def remove(self, account: str) -> None:
        """The person is not available; unknown: nothing happens."""
        old = self._people.pop(account, None)
        if old is not None:
            people = self._cells[old.cell]
            del people[account]
            if not people:
                del self._cells[old.cell]

    def near(
        self, latitude: float, longitude: float, radius_metres: float, now: Instant
    ) -> list[Nearby]:
        """Everybody fresh within the radius, nearest first, ties by id."""
        found = [
            Nearby(account, person.latitude, person.longitude, round(distance))
            for account in self._candidates(latitude, longitude, radius_metres)
            if (person := self._people[account]).fresh_until > now
            and (distance := metres(latitude, longitude, person.latitude, person.longitude))
            <= radius_metres
        ]
        found.sort(key=lambda one: (one.distance_metres, one.account))
        return found

    def _candidates(self, latitude: float, longitude: float, radius_metres: float) -> list[str]:
        rings = math.ceil(radius_metres / CELL_REACH_METRES) + 1
        if rings > RINGS_MOST or 3 * rings * (rings + 1) + 1 > len(self._people):
            return list(self._people)  # Fewer people than cells to look into.
        here = h3.latlng_to_cell(latitude, longitude, RESOLUTION)
        return [
            account for cell in h3.grid_disk(here, rings) for account in self._cells.get(cell, ())
        ]


def metres(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """The great-circle distance in metres."""
    return float(
        h3.great_circle_distance((latitude, longitude), (other_latitude, other_longitude), unit="m")
    )
