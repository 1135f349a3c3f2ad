"""What a support desk stands on: its apps, and the bank's directory of customers. Rows.

Source: contracts/ally.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from switchboard.engine.clock import Instant


class SupportApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app whose clients a desk serves: everything of it is seen within it alone."""

    id: str
    code: str
    """``app_id`` on the wire; unique."""
    name: str
    secret: str
    """Signs its clients' ``auth_token`` (HS256), which is why it is stored as it is; shown by the command line only."""
    needs_auth_token: bool = False
    """Whether a client is given a token only for an ``auth_token``."""
    created_at: Instant


class SupportApps(Protocol):
    """The apps."""

    async def add(self, app: SupportApp) -> None:
        """Stores it. Raises: Conflict if the code is taken; StoreDown."""

    async def find(self, id_or_code: str) -> SupportApp | None:
        """By id or by code. Raises: StoreDown."""

    async def all(self) -> Sequence[SupportApp]:
        """All, by code. Raises: StoreDown."""


class BankCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank's directory."""

    alias: str
    """The customer's alias among the app's clients; unique within the app."""
    phone: str
    """Digits with the country's code: ``79154983795``."""
    fio: str
    """Family name, first name, father's name."""


class BankDirectory(Protocol):
    """Who is a customer of the bank, by app."""

    async def put(self, app: str, customers: Sequence[BankCustomer]) -> None:
        """Stores all of them, or none; a line with a known alias replaces it. Raises: StoreDown."""

    async def by_phone(self, app: str, phone: str) -> BankCustomer | None:
        """The customer with that phone, the first by alias if several share it. Raises: StoreDown."""

    async def by_alias(self, app: str, alias: str) -> BankCustomer | None:
        """The customer with that alias. Raises: StoreDown."""
