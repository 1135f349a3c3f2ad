"""Everything durable, in one port: the sessions and the records, by subject."""

from __future__ import annotations

from typing import Protocol

from switchboard.engine.ports import Sessions
from switchboard.engine.queries.searches import RoomSearches
from switchboard.engine.queries.streams import Streams
from switchboard.engine.records import (
    Accounts,
    ApiKeys,
    Attempts,
    BankDirectory,
    Devices,
    Leads,
    Limits,
    Organizations,
    Revocations,
    Serials,
    SupportApps,
    Uploads,
    Vehicles,
)


class Store(RoomSearches, Protocol):
    """Everything durable. Opened and closed by whoever wires the engine."""

    @property
    def sessions(self) -> Sessions:
        """The sessions."""

    @property
    def accounts(self) -> Accounts:
        """The accounts."""

    @property
    def organizations(self) -> Organizations:
        """The organizations."""

    @property
    def attempts(self) -> Attempts:
        """The one-time codes."""

    @property
    def limits(self) -> Limits:
        """The counters of tries."""

    @property
    def revocations(self) -> Revocations:
        """The tokens that were taken back."""

    @property
    def serials(self) -> Serials:
        """Numbers beside ids."""

    @property
    def api_keys(self) -> ApiKeys:
        """The keys of organizations' own servers."""

    @property
    def support_apps(self) -> SupportApps:
        """The apps of support desks."""

    @property
    def bank_directory(self) -> BankDirectory:
        """The customers of a bank."""

    @property
    def uploads(self) -> Uploads:
        """What people upload."""

    @property
    def streams(self) -> Streams:
        """The lists of streams."""

    @property
    def leads(self) -> Leads:
        """What visitors left."""

    @property
    def vehicles(self) -> Vehicles:
        """The registered vehicles."""

    @property
    def devices(self) -> Devices:
        """The phones that pushes go to."""

    async def ping(self) -> None:
        """Returns if the database answers. Raises: StoreDown."""
