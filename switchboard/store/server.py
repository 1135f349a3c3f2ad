"""What a Postgres server must be like before the engine trusts it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from switchboard.engine.errors import StartError

if TYPE_CHECKING:
    from switchboard.store.bridge import Connection

VERSION_LEAST: Final = 16
"""The oldest release that the schema is meant for (design page); the tests run on 18."""

DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
"""With any of these off the server acknowledges commits that a crash takes back."""

log = logging.getLogger(__name__)


class ServerFacts(msgspec.Struct, frozen=True):
    """What was found."""

    version: int
    unsafe: tuple[str, ...]
    """Settings that allow acknowledged commits to be lost."""


async def check_server(connection: Connection, *, allow_unsafe: bool) -> ServerFacts:
    """Looks at the server; asyncio code.

    Raises: StartError if it is too old, a standby, or may lose acknowledged commits (unless ``allow_unsafe``).
    """
    version = int(await connection.fetchval("SHOW server_version_num")) // 10_000
    if version < VERSION_LEAST:
        raise StartError(
            f"the database server is Postgres {version}; {VERSION_LEAST} or later is needed"
        )
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        raise StartError("the database server is a standby, which takes no writes")
    unsafe: list[str] = []
    for setting in DURABLE:
        if await connection.fetchval("SELECT current_setting($1)", setting) == "off":
            unsafe.append(setting)
    if unsafe:
        said = f"the database server has {', '.join(unsafe)} off"
        if not allow_unsafe:
            raise StartError(f"{said}: what is acknowledged could be lost in a crash")
        log.error("%s: what is acknowledged can be lost in a crash", said)
    return ServerFacts(version, tuple(unsafe))
