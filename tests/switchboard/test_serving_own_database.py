"""``switchboard`` on a database that is not the embedded one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
from server_process import run, serve


def test_migrate_brings_the_schema_up_once(database_url: str, tmp_path: Path) -> None:
    options = ("--data-dir", str(tmp_path), "--database-url", database_url)
    first, second = run("migrate", *options), run("migrate", *options)
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout.startswith("applied 0001_")
    assert second.stdout == "the schema is up to date\n"


def test_a_second_server_on_the_same_database_fails_with_one_line(
    database_url: str, tmp_path: Path
) -> None:
    own = {"SWITCHBOARD_DATABASE_URL": database_url}
    with serve(tmp_path / "one", **own) as server:
        assert server.get("/readyz").status_code == 200
        # Nothing that eases trying out holds here: no administrator is made by itself.
        assert "shown once" not in server.output
        options = ("--data-dir", str(tmp_path / "two"), "--bind", "127.0.0.1:0")
        other = run("serve", *options, **own)
        assert other.returncode == 1
        assert other.stderr.count("\n") == 1
        assert other.stderr.startswith("switchboard: ")
        assert server.get("/readyz").status_code == 200
        assert server.end() == 0


def test_a_server_that_loses_its_database_to_another_ends_with_one_line(
    database_url: str, tmp_path: Path
) -> None:
    with serve(tmp_path, SWITCHBOARD_DATABASE_URL=database_url) as server:
        assert server.get("/readyz").status_code == 200
        asyncio.run(cut_off(database_url))
        assert server.wait() == 1
    told = [line for line in server.lines if line.startswith("switchboard: ")]
    assert len(told) == 1, server.output
    assert told[0].startswith("switchboard: stopped: ")
    assert "Traceback" not in server.output


async def cut_off(database_url: str) -> None:
    """Ends all the connections of that database's server process, as a fail-over or an administrator does."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
