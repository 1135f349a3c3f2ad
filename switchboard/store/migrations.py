"""Numbered SQL files, applied at the start, in order, once each, and never changed after they were shipped."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from typing import Final

import msgspec

from switchboard.engine.errors import StartError
from switchboard.store.bridge import Connection, Database

LOCK: Final = 0x5357_4D49_4752_4154
"""Of the advisory lock that two starting processes meet at; the ASCII codes of 'SWMIGRAT'."""

NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

UNHURRIED: Final = {
    "lock_timeout": "60s",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""A migration may rewrite a table; only waiting for another process's has an end, a minute."""

MIGRATION_SECONDS_MOST: Final = 3600.0

HISTORY: Final = """
    CREATE TABLE IF NOT EXISTS migration (
        number integer PRIMARY KEY,
        name text NOT NULL,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
"""


class Migration(msgspec.Struct, frozen=True):
    """One file."""

    number: int
    name: str
    checksum: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    sql: str


def shipped() -> list[Migration]:
    """The files of this version of the code, in order. Raises: StartError if the numbers have a gap or repeat."""
    found: list[Migration] = []
    for file in resources.files("switchboard.store.schema").iterdir():
        match = NAME.fullmatch(file.name)
        if match is not None:
            data = file.read_bytes()
            checksum = hashlib.sha256(data).hexdigest()
            found.append(Migration(int(match[1]), file.name, checksum, data.decode()))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        names = ", ".join(migration.name for migration in found)
        raise StartError(f"the installation is broken: migrations {names} are not numbered from 1")
    return found


async def migrate(database: Database, migrations: list[Migration] | None = None) -> list[str]:
    """Brings the schema up to this version of the code, in one transaction. Two processes wait for each other.

    Args:
        migrations: those of this version of the code; all that are shipped if None.

    Returns: the names of the files that were applied now.
    Raises: StartError if the database knows a newer schema or another text of a file; nothing was changed then.
    """
    known = shipped() if migrations is None else migrations

    async def apart() -> list[str]:
        # transaction_timeout is set only where it exists (bridge.py).
        settings = UNHURRIED | ({"transaction_timeout": "0"} if database.version >= 17 else {})
        connection = await database.connect(seconds=MIGRATION_SECONDS_MOST, **settings)
        try:
            async with connection.transaction():
                return await _apply(connection, known)
        finally:
            await connection.close(timeout=MIGRATION_SECONDS_MOST)

    return await database.run_apart(apart)


async def _apply(connection: Connection, known: list[Migration]) -> list[str]:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    await connection.execute(HISTORY)
    done = await connection.fetch("SELECT number, name, checksum FROM migration ORDER BY number")
    _check(known, [(row["number"], row["name"], row["checksum"]) for row in done])
    applied: list[str] = []
    for migration in known[len(done) :]:
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )
        applied.append(migration.name)
    return applied


def _check(known: list[Migration], done: list[tuple[int, str, str]]) -> None:
    if len(done) > len(known):
        raise StartError(
            f"the database has schema {done[-1][0]}, which is newer than this version of the code"
            f" ({len(known)}): install the newer version again"
        )
    for migration, (number, name, checksum) in zip(known, done, strict=False):
        if (migration.number, migration.checksum) != (number, checksum):
            raise StartError(f"the database was set up by another {name} than this version has")
