"""Accounts with their identities, and organizations, in Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from sys import intern
from typing import Any

import asyncpg
import msgspec

from switchboard.engine.errors import Conflict, IdentityTaken
from switchboard.engine.records import Account, Identity, Organization
from switchboard.engine.records.accounts import Realm
from switchboard.store.bridge import Connection, Database
from switchboard.store.loader import Together
from switchboard.store.records_rules import folded, in_order, storable

COLUMNS = tuple(
    field.name for field in msgspec.structs.fields(Account) if field.name != "identities"
)
"""A column bears the name of its field; identities are rows of their own."""

WORDS = ("realm", "type", "status", "operator", "dealer", "organization")
"""Columns with the same few texts for all accounts, of which thousands are in memory: one copy of each will do."""

SELECT = f"""
    SELECT {", ".join(COLUMNS)}, (
        SELECT json_agg(
            json_build_object('id', i.id, 'type', i.type, 'value', i.value, 'shown', i.shown,
                'verified', i.verified, 'created_at', i.created_at, 'updated_at', i.updated_at)
            ORDER BY i.place)
        FROM identity AS i WHERE i.account = account.id
    ) AS identities
    FROM account
"""

INSERT = f"""
    INSERT INTO account ({", ".join(COLUMNS)})
    VALUES ({", ".join(f"${number}" for number, _ in enumerate(COLUMNS, 1))})
    ON CONFLICT (id) DO NOTHING RETURNING id
"""

UPDATE = f"""
    UPDATE account SET ({", ".join(COLUMNS)})
        = ROW({", ".join(f"${number}" for number, _ in enumerate(COLUMNS, 1))})
    WHERE id = $1 AND version = ${len(COLUMNS) + 1} RETURNING id
"""

INSERT_IDENTITIES = """
    INSERT INTO identity
        (realm, type, value, id, account, place, shown, verified, created_at, updated_at)
    SELECT $1, type, value, id, $2, place, shown, verified, created_at, updated_at
    FROM unnest($3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::boolean[],
        $9::bigint[], $10::bigint[]) WITH ORDINALITY
        AS new (type, value, id, place, shown, verified, created_at, updated_at, number)
    ORDER BY number
    ON CONFLICT (realm, type, value) DO NOTHING
    RETURNING type, value
"""


class PostgresAccounts:
    """``Accounts`` in the tables ``account`` and ``identity``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.loads = Together(self._load_all)
        """Its ``run`` must have started."""

    async def add(self, account: Account) -> None:
        """Stores a new account with its identities.

        Raises: IdentityTaken, Conflict (the id is known), both with nothing stored; StoreDown.
        """
        await self._database.run(_add, account)

    async def get(self, id: str) -> Account | None:
        """That account. Whoever connects is looked up, and thousands may connect at once: they share a query."""
        return await self.loads.ask(id) if storable(id) else None

    async def many(self, ids: Sequence[str]) -> Mapping[str, Account]:
        """Those that exist."""
        wanted = [id for id in ids if storable(id)]
        if not wanted:
            return {}
        rows = await self._database.run(_fetch, f"{SELECT} WHERE id = ANY($1::text[])", wanted)
        return {row["id"]: _account(row) for row in rows}

    async def _load_all(self, ids: Sequence[str]) -> list[Account | None]:
        found = await self.many(ids)
        return [found.get(id) for id in ids]

    async def by_identity(self, realm: Realm, type: str, value: str) -> Account | None:
        """The account with that normalized identity."""
        if not storable(type) or not storable(value):
            return None
        condition = """WHERE id = (
            SELECT account FROM identity WHERE realm = $1 AND type = $2 AND value = $3)"""
        rows = await self._database.run(_fetch, f"{SELECT} {condition}", realm, type, value)
        return _account(rows[0]) if rows else None

    async def update(self, account: Account, **changes: Any) -> Account:
        """Stores ``account`` with those fields changed and its version one up; identities are replaced as a whole.

        Raises: Conflict if its version is no longer the stored one; IdentityTaken; StoreDown. Nothing changed then.
        """
        changed = msgspec.structs.replace(account, **{**changes, "version": account.version + 1})
        await self._database.run(_update, account, changed)
        return changed

    async def dealers(self, organization: str) -> Sequence[str]:
        """The ids of the organization's active, approved dealers, in their order."""
        if not storable(organization):
            return []
        query = """SELECT id FROM account
            WHERE organization = $1 AND dealer = 'approved' AND status = 'active' ORDER BY id"""
        return [row["id"] for row in await self._database.run(_fetch, query, organization)]

    async def of_organization(
        self, organization: str, skip: int, limit: int, *, staff: bool = False
    ) -> Sequence[Account]:
        """An organization's active accounts in the order of their ids; ``staff``: only operators and administrators."""
        kept = "AND (admin OR operator = 'approved')" if staff else ""
        condition = (
            f"WHERE organization = $1 AND status = 'active' {kept} ORDER BY id OFFSET $2 LIMIT $3"
        )
        rows = await self._database.run(_fetch, f"{SELECT} {condition}", organization, skip, limit)
        return [_account(row) for row in rows]

    async def count(self, organization: str) -> int:
        """How many active accounts the organization has."""
        query = "SELECT count(*) FROM account WHERE organization = $1 AND status = 'active'"
        rows = await self._database.run(_fetch, query, organization)
        return int(rows[0]["count"])

    async def latest(self, realm: Realm, skip: int, limit: int) -> Sequence[Account]:
        """The realm's active accounts, who changed last first."""
        condition = """WHERE realm = $1 AND status = 'active'
            ORDER BY updated_at DESC, id DESC OFFSET $2 LIMIT $3"""
        rows = await self._database.run(_fetch, f"{SELECT} {condition}", realm, skip, limit)
        return [_account(row) for row in rows]

    async def page(self, realm: Realm | None, after: str | None, limit: int) -> Sequence[Account]:
        """Accounts in the order of their ids."""
        condition = "WHERE id > $2 AND ($1::text IS NULL OR realm = $1) ORDER BY id LIMIT $3"
        rows = await self._database.run(_fetch, f"{SELECT} {condition}", realm, after or "", limit)
        return [_account(row) for row in rows]


async def _fetch(connection: Connection, query: str, *arguments: object) -> list[asyncpg.Record]:
    return await connection.fetch(query, *arguments)


async def _add(connection: Connection, account: Account) -> None:
    async with connection.transaction():
        if await connection.fetchval(INSERT, *_values(account)) is None:
            raise Conflict("the account exists")
        await _insert_identities(connection, account)


async def _update(connection: Connection, account: Account, changed: Account) -> None:
    async with connection.transaction():
        if await connection.fetchval(UPDATE, *_values(changed), account.version) is None:
            raise Conflict("the account has changed meanwhile")
        # Of the same version, so the stored identities are those of ``account``.
        if (changed.realm, changed.identities) != (account.realm, account.identities):
            await connection.execute("DELETE FROM identity WHERE account = $1", account.id)
            await _insert_identities(connection, changed)


async def _insert_identities(connection: Connection, account: Account) -> None:
    """Raises: IdentityTaken, naming the first that is; the transaction must be rolled back."""
    places = {id(identity): place for place, identity in enumerate(account.identities)}
    wanted = in_order(account.identities)
    rows = await connection.fetch(
        INSERT_IDENTITIES,
        account.realm,
        account.id,
        [identity.type for identity in wanted],
        [identity.value for identity in wanted],
        [identity.id for identity in wanted],
        [places[id(identity)] for identity in wanted],
        [identity.shown for identity in wanted],
        [identity.verified for identity in wanted],
        [identity.created_at for identity in wanted],
        [identity.updated_at for identity in wanted],
    )
    _check_all_stored(wanted, {(row["type"], row["value"]) for row in rows})


def _check_all_stored(wanted: Iterable[Identity], stored: set[tuple[str, str]]) -> None:
    for identity in wanted:
        key = (identity.type, identity.value)
        if key not in stored:
            raise IdentityTaken(identity.type)
        # The same one twice is taken, too, by its twin.
        stored.remove(key)


def _values(account: Account) -> tuple[object, ...]:
    profile = msgspec.json.encode(account.profile).decode()
    return tuple(profile if column == "profile" else getattr(account, column) for column in COLUMNS)


def _account(row: asyncpg.Record) -> Account:
    identities = row["identities"]
    known = () if identities is None else msgspec.json.decode(identities, type=tuple[Identity, ...])
    columns = {column: row[column] for column in COLUMNS}
    for column in WORDS:
        columns[column] = columns[column] and intern(columns[column])
    columns["profile"] = msgspec.json.decode(row["profile"])
    return Account(**columns, identities=known)


class PostgresOrganizations:
    """``Organizations`` in the table ``organization``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, organization: Organization) -> None:
        """Raises: Conflict if the code is taken; StoreDown."""
        rows = await self._database.run(
            _fetch,
            """INSERT INTO organization (id, code, folded_code, name, enabled, created_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id""",
            organization.id,
            organization.code,
            folded(organization.code),
            organization.name,
            organization.enabled,
            organization.created_at,
        )
        if not rows:
            raise Conflict("the organization's code is taken")

    async def find(self, id_or_code: str) -> Organization | None:
        """By id or by code."""
        if not storable(id_or_code):
            return None
        found = await self._where(
            "WHERE id = $1 OR folded_code = $2 ORDER BY id = $1 DESC LIMIT 1",
            id_or_code,
            folded(id_or_code),
        )
        return found[0] if found else None

    async def enable(self, id: str, enabled: bool) -> Organization | None:
        """Says whether the organization takes anything new. Returns: as it is then; None if there is none."""
        query = """UPDATE organization SET enabled = $2 WHERE id = $1
            RETURNING id, code, name, enabled, created_at"""
        rows = await self._database.run(_fetch, query, id, enabled) if storable(id) else []
        return Organization(**dict(rows[0])) if rows else None

    async def all(self) -> Sequence[Organization]:
        """All, by code."""
        return await self._where("ORDER BY folded_code")

    async def _where(self, condition: str, *arguments: object) -> list[Organization]:
        query = f"SELECT id, code, name, enabled, created_at FROM organization {condition}"
        rows = await self._database.run(_fetch, query, *arguments)
        return [Organization(**dict(row)) for row in rows]
