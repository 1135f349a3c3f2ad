"""The database's files: making them, and telling whether files that exist are ours to use."""

from __future__ import annotations

import os
import re
from pathlib import Path

from switchboard.engine.errors import StartError
from switchboard.store.embedded_place import Place, discard, new_cluster, write_secret
from switchboard.store.embedded_process import last_line, run_program

SETTINGS_AT_FIRST = {
    # Room for the pools of the server and of a few commands; every connection costs about 2 MB when used.
    "max_connections": "40",
    # Postgres' own default, written down because the limit of a stop depends on it.
    "shared_buffers": "128MB",
    # Compiling pays for statements of 100 ms and more; ours take one.
    "jit": "off",
}
"""Written into postgresql.conf once, where their owner may change them."""


async def version(place: Place) -> str:
    """The major version of the programs, e.g. ``18``. Raises: StartError: they do not run."""
    answer = await run_program(place, [str(place.program), "--version"])
    match = re.search(rb"\(PostgreSQL\) (\d+)", answer.stdout)
    if match is None:
        raise StartError(f"{place.program} does not run: {last_line(answer.stderr)}")
    return match[1].decode()


async def check_version(place: Place) -> None:
    """Raises: StartError: the folder holds no database, or one of another version of Postgres."""
    try:
        stored = (place.cluster / "PG_VERSION").read_text(errors="replace").strip()
    except FileNotFoundError:
        raise StartError(f"{place.cluster} holds no Postgres database (no PG_VERSION)") from None
    ours = await version(place)
    if stored != ours:
        raise StartError(
            f"the database in {place.cluster} is of Postgres {stored[:20]!r}, this is {ours}"
        )


async def initialize(place: Place) -> Path:
    """Makes the database's files; they get their name when they are complete, so a killed start leaves no half.

    Returns: the folder. Raises: StartError.
    """
    await version(place)
    fresh = new_cluster(place)
    folder = fresh.resolve()
    secret = folder.with_name(folder.name + ".secret")
    write_secret(secret, place.password)
    place.user.give(secret)
    settings = [f"--set={name}={value}" for name, value in SETTINGS_AT_FIRST.items()]
    command = [str(place.binaries / "initdb"), "--pgdata", str(folder), "--username", "switchboard"]
    command += ["--auth", "scram-sha-256", "--pwfile", str(secret), "--encoding", "UTF8"]
    command += ["--locale", "C", "--data-checksums", "--no-instructions", *settings]
    try:
        made = await run_program(place, command)
    finally:
        secret.unlink()
    if made.returncode == 0:
        # A server for one client, without a socket: the quickest way to a database of our own.
        single = [str(place.program), "--single", "-D", str(folder), "postgres"]
        made = await run_program(place, single, b"CREATE DATABASE switchboard;\n")
    if made.returncode != 0:
        discard(fresh)
        raise StartError(f"the database could not be made: {last_line(made.stderr)}")
    final = place.data_dir / "postgres"
    fresh.rename(final)
    _sync(place.data_dir)
    return final.resolve()


def _sync(folder: Path) -> None:
    """Makes a rename in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
