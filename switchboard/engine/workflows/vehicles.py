"""Vehicles that organizations register, so that visitors see a model and a photo instead of a number."""

from __future__ import annotations

from urllib.parse import urlsplit

from switchboard.engine.engine import Engine
from switchboard.engine.errors import Invalid
from switchboard.engine.records import Vehicle

VIN_LENGTH_MOST = 64
"""contracts/auto.md: a stream's ``vin`` is free text of so many characters, and this is what it is looked up by."""


async def register_vehicle(
    engine: Engine, organization: str, vin: str, model: str, photo: str | None
) -> Vehicle:
    """Stores a car of that organization's, in place of the one with the same number. Raises: Invalid, StoreDown."""
    number = vin.strip().upper()
    if not 1 <= len(number) <= VIN_LENGTH_MOST:
        raise Invalid({"vin": f"must have 1 to {VIN_LENGTH_MOST} characters"})
    if not model.strip():
        raise Invalid({"model": "is required"})
    if photo is not None and not _shows(photo):
        raise Invalid({"photo": "must be an http or https URL"})
    vehicle = Vehicle(
        organization=organization,
        vin=number,
        model=model.strip(),
        photo=photo,
        created_at=engine.clock.now(),
    )
    await engine.store.vehicles.put(vehicle)
    return vehicle


def _shows(url: str) -> bool:
    """Whether pages may show what is there: any other scheme could run something."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
