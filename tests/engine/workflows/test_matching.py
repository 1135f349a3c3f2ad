"""The index of places against a search that looks at everybody."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.engine.workflows.matching import Places, metres

LATITUDES = st.floats(-89.9, 89.9)
LONGITUDES = st.floats(-180, 180)
NEARBY = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))


@settings(max_examples=150, deadline=None)
@given(LATITUDES, LONGITUDES, st.lists(NEARBY, min_size=1, max_size=200), st.floats(1, 40_000))
def test_the_index_finds_whom_a_full_search_finds(
    latitude: float, longitude: float, offsets: list[tuple[float, float]], radius: float
) -> None:
    places = Places()
    everybody = {}
    for number, (north, east) in enumerate(offsets):
        place = (max(-90.0, min(90.0, latitude + north)), (longitude + east + 180) % 360 - 180)
        everybody[f"{number:03}"] = place
        places.put(f"{number:03}", *place, fresh_until=10)
    expected = {
        account
        for account, place in everybody.items()
        if metres(latitude, longitude, *place) <= radius
    }
    found = places.near(latitude, longitude, radius, now=5)
    assert {one.account for one in found} == expected
    assert [one.distance_metres for one in found] == sorted(one.distance_metres for one in found)
    assert places.near(latitude, longitude, radius, now=10) == []


@pytest.mark.parametrize("radius", [500, 10_000, 60_000])
@pytest.mark.parametrize(
    "centre", [(10.79, 106.7), (58.16, 11.9), (-84.0, 10.0), (64.7, 10.54), (0.0, 179.99)]
)
def test_the_cells_that_are_looked_into_cover_the_radius_everywhere_on_earth(
    centre: tuple[float, float], radius: float
) -> None:
    chance, places, expected = random.Random(7), Places(), set()
    for number in range(8000):
        spread = radius / 60_000
        latitude = centre[0] + chance.uniform(-spread, spread)
        stretch = max(0.1, math.cos(math.radians(latitude)))
        longitude = (centre[1] + chance.uniform(-spread, spread) / stretch + 180) % 360 - 180
        places.put(str(number), latitude, longitude, fresh_until=1)
        if metres(*centre, latitude, longitude) <= radius:
            expected.add(str(number))
    assert {one.account for one in places.near(*centre, radius, now=0)} == expected
    assert len(expected) > 1000


def test_whoever_moves_is_found_at_the_new_place_alone() -> None:
    places = Places()
    for number in range(300):
        places.put(f"{number:03}", 10 + number / 10, 20, fresh_until=10)
    places.put("000", 60, 60, fresh_until=10)
    assert places.near(10, 20, 1000, now=0) == []
    assert [one.account for one in places.near(60, 60, 1000, now=0)] == ["000"]
    places.remove("000")
    places.remove("000")
    assert places.near(60, 60, 1000, now=0) == []
    assert len(places) == 299
