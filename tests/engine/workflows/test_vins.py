"""What a vehicle identification number says by itself."""

from __future__ import annotations

import random
import string

import pytest
from vininfo.dicts import WMI

from switchboard.engine.errors import Invalid, NotFound
from switchboard.engine.workflows import vins


def test_a_year_before_2010_is_told_by_the_seventh_character_in_north_america() -> None:
    assert vins.decode("1M8GDM9AXKP042788").year == 1989
    assert vins.decode("WBAPH5C55BA123456").year == 2011


def test_whatever_well_formed_number_comes_is_answered_or_not_found() -> None:
    """Every maker that the package knows, with tails that nobody checked."""
    chance = random.Random(5)
    letters = "".join(sorted(set(string.ascii_uppercase + string.digits) - set("IOQ")))
    makers = [maker for maker in WMI if set(maker) <= set(letters)]
    answered = 0
    for maker in makers:
        tail = "".join(chance.choice(letters) for _ in range(17 - len(maker)))
        try:
            answered += bool(vins.decode(maker + tail).manufacturer)
        except NotFound:
            continue
    assert answered > len(makers) * 0.9


@pytest.mark.parametrize(
    "text", ["", "1HGCM82633A00435", "1HGCM82633A00435Q", "ü" * 17, "\x00" * 17]
)
def test_a_number_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        vins.decode(text)
    assert set(caught.value.fields) == {"vin"}
