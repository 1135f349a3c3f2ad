"""What dealers' organizations keep beside their streams: leads and vehicles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from switchboard.engine.clock import Instant


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor leaves to be called back. The texts are as the visitor wrote them."""

    id: str
    organization: str
    stream: str | None = None
    vin: str | None = None
    session: str | None = None
    """The visitor's own session id, or a stream's id, as the page sent it."""
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    comment: str | None = None
    created_at: Instant


class Leads(Protocol):
    """The leads."""

    async def add(self, lead: Lead) -> Lead:
        """Stores it, unless one with its id is stored. Returns: the one that is stored. Raises: StoreDown."""

    async def many(self, ids: Sequence[str]) -> Mapping[str, Lead]:
        """Those that exist."""


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A car of an organization."""

    organization: str
    vin: str
    """In upper case."""
    model: str
    photo: str | None = None
    """An http(s) URL."""
    created_at: Instant


class Vehicles(Protocol):
    """The registered vehicles."""

    async def put(self, vehicle: Vehicle) -> None:
        """Stores it, in place of the organization's vehicle with the same VIN. Raises: StoreDown."""

    async def many(self, organization: str, vins: Sequence[str]) -> Mapping[str, Vehicle]:
        """Those of the organization with these VINs (in upper case), by VIN."""
