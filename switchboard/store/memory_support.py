"""Support apps and the bank's directory, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from switchboard.engine.errors import Conflict
from switchboard.engine.records import BankCustomer, SupportApp


class MemorySupportApps:
    """``SupportApps`` in a dictionary."""

    def __init__(self) -> None:
        self._apps: dict[str, SupportApp] = {}

    async def add(self, app: SupportApp) -> None:
        """See ``SupportApps``."""
        await trio.lowlevel.checkpoint()
        if app.id in self._apps or any(one.code == app.code for one in self._apps.values()):
            raise Conflict("the app's code is taken")
        self._apps[app.id] = app

    async def find(self, id_or_code: str) -> SupportApp | None:
        """See ``SupportApps``."""
        await trio.lowlevel.checkpoint()
        by_code = (one for one in self._apps.values() if one.code == id_or_code)
        return self._apps.get(id_or_code) or next(by_code, None)

    async def all(self) -> Sequence[SupportApp]:
        """See ``SupportApps``."""
        await trio.lowlevel.checkpoint()
        return sorted(self._apps.values(), key=lambda one: one.code)


class MemoryBankDirectory:
    """``BankDirectory`` in a dictionary."""

    def __init__(self) -> None:
        self._customers: dict[tuple[str, str], BankCustomer] = {}
        """By app and alias."""

    async def put(self, app: str, customers: Sequence[BankCustomer]) -> None:
        """See ``BankDirectory``."""
        await trio.lowlevel.checkpoint()
        for customer in customers:
            self._customers[app, customer.alias] = customer

    async def by_phone(self, app: str, phone: str) -> BankCustomer | None:
        """See ``BankDirectory``."""
        await trio.lowlevel.checkpoint()
        found = [
            one for (of, _), one in self._customers.items() if of == app and one.phone == phone
        ]
        return min(found, key=lambda one: one.alias, default=None)

    async def by_alias(self, app: str, alias: str) -> BankCustomer | None:
        """See ``BankDirectory``."""
        await trio.lowlevel.checkpoint()
        return self._customers.get((app, alias))
