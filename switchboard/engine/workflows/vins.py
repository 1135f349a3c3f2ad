"""What a vehicle identification number says by itself, offline."""

from __future__ import annotations

from typing import Any

import msgspec
import vininfo
from vininfo.exceptions import ValidationError

from switchboard.engine.errors import Invalid, NotFound

FIRST_LATE_YEAR = 2010
"""49 CFR 565.15: from this model year on the seventh character of a passenger car sold in North America is a letter."""

NORTH_AMERICA = "North America"
UNSUPPORTED = "UnsupportedBrand"


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """What could be read from a VIN; None is what it does not say, or nobody here can read."""

    vin: str
    """In upper case."""
    make: str
    manufacturer: str
    model: str | None
    year: int | None
    country: str | None
    type: str | None
    """Of its body."""
    checksum_ok: bool
    """Whether its ninth digit is the check digit that North America demands; elsewhere it may be anything."""


def decode(text: str) -> Decoded:
    """Reads a VIN.

    Raises:
        Invalid: it is not 17 of A-Z and 0-9 without I, O and Q. NotFound: nobody knows its manufacturer.

    Source: ISO 3779, as the ``vininfo`` package has it.
    """
    try:
        vin = vininfo.Vin(text)
    except ValidationError as error:
        raise Invalid({"vin": "must be 17 of A-Z and 0-9 without I, O and Q"}) from error
    manufacturer = str(vin.manufacturer)
    if manufacturer == UNSUPPORTED:
        raise NotFound("manufacturer")
    details = vin.details
    brand = str(vin.brand.title)
    return Decoded(
        vin=vin.num,
        make=manufacturer if brand == UNSUPPORTED else brand,
        manufacturer=manufacturer,
        model=_name(details, "model"),
        year=_year(vin),
        country=vin.country,
        type=_name(details, "body"),
        checksum_ok=bool(vin.verify_checksum()),
    )


def _name(details: Any, part: str) -> str | None:
    found = getattr(details, part, None)
    return (found.name or None) if found is not None else None


def _year(vin: Any) -> int | None:
    """The model year, whose code repeats every 30 years: the latest, unless the number itself says 'before 2010'."""
    years: list[int] = vin.years
    if vin.region == NORTH_AMERICA and vin.num[6].isdigit():
        years = [year for year in years if year < FIRST_LATE_YEAR]
    return max(years, default=None)
