"""Support apps and the bank's directory, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from switchboard.engine.errors import Conflict
from switchboard.engine.records import BankCustomer, SupportApp
from switchboard.store.bridge import Connection, Database
from switchboard.store.records_rules import storable

ADD = """
    INSERT INTO support_app (id, code, name, secret, needs_auth_token, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id
"""
APPS = "SELECT id, code, name, secret, needs_auth_token, created_at FROM support_app"
PUT = """
    INSERT INTO bank_customer (app, alias, phone, fio)
    SELECT $1, alias, phone, fio FROM unnest($2::text[], $3::text[], $4::text[]) AS new (alias, phone, fio)
    ORDER BY alias
    ON CONFLICT (app, alias) DO UPDATE SET phone = excluded.phone, fio = excluded.fio
"""
CUSTOMER = "SELECT alias, phone, fio FROM bank_customer WHERE app = $1"

LINES_AT_ONCE = 5000
"""Of one statement; all of them are in one transaction."""


class PostgresSupportApps:
    """``SupportApps`` in the table ``support_app``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, app: SupportApp) -> None:
        """See ``SupportApps``."""
        values = (app.id, app.code, app.name, app.secret, app.needs_auth_token, app.created_at)
        if not await self._database.run(_fetch, ADD, *values):
            raise Conflict("the app's code is taken")

    async def find(self, id_or_code: str) -> SupportApp | None:
        """See ``SupportApps``."""
        if not storable(id_or_code):
            return None
        condition = "WHERE id = $1 OR code = $1 ORDER BY id = $1 DESC LIMIT 1"
        rows = await self._database.run(_fetch, f"{APPS} {condition}", id_or_code)
        return SupportApp(**dict(rows[0])) if rows else None

    async def all(self) -> Sequence[SupportApp]:
        """See ``SupportApps``."""
        rows = await self._database.run(_fetch, f"{APPS} ORDER BY code")
        return [SupportApp(**dict(row)) for row in rows]


class PostgresBankDirectory:
    """``BankDirectory`` in the table ``bank_customer``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, app: str, customers: Sequence[BankCustomer]) -> None:
        """See ``BankDirectory``."""
        # A statement changes a row once: of several lines with one alias the last counts.
        latest = list({one.alias: one for one in customers}.values())
        await self._database.run(_put, app, latest)

    async def by_phone(self, app: str, phone: str) -> BankCustomer | None:
        """See ``BankDirectory``."""
        return await self._one("AND phone = $2 ORDER BY alias LIMIT 1", app, phone)

    async def by_alias(self, app: str, alias: str) -> BankCustomer | None:
        """See ``BankDirectory``."""
        return await self._one("AND alias = $2", app, alias)

    async def _one(self, condition: str, app: str, value: str) -> BankCustomer | None:
        if not storable(value):
            return None
        rows = await self._database.run(_fetch, f"{CUSTOMER} {condition}", app, value)
        return BankCustomer(**dict(rows[0])) if rows else None


async def _fetch(connection: Connection, query: str, *arguments: Any) -> list[asyncpg.Record]:
    return await connection.fetch(query, *arguments)


async def _put(connection: Connection, app: str, customers: Sequence[BankCustomer]) -> None:
    async with connection.transaction():
        for begin in range(0, len(customers), LINES_AT_ONCE):
            some = customers[begin : begin + LINES_AT_ONCE]
            columns = ([getattr(one, name) for one in some] for name in ("alias", "phone", "fio"))
            await connection.execute(PUT, app, *columns)
