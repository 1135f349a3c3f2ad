"""The embedded Postgres, with real servers and real deaths.

Over 400 lines because all of it shares one way to make, own and kill a server.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import trio

from switchboard.engine.errors import StartError
from switchboard.store import embedded_user
from switchboard.store.embedded import EmbeddedPostgres, embedded_postgres
from switchboard.store.embedded_place import PLAIN_PATH
from switchboard.store.embedded_process import LOG_BYTES_MOST, Found, found, is_server, limit_log
from switchboard.store.embedded_programs import copied, package_folder
from switchboard.store.embedded_user import ServerUser, server_user

OWNER = Path(__file__).parent.parent / "support" / "embedded_owner.py"
SECONDS_MOST = 30
"""For one test: the slowest makes a database and starts it three times, 1.5 s when nothing else runs."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may pass through (pytest's own are closed, and root's server is another user)."""
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="switchboard-", dir=memory if memory.is_dir() else None))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


class Events(list[str]):
    """A log that keeps the names of the events."""

    def __call__(self, event: str, /, **fields: object) -> None:
        """Keeps it."""
        self.append(event)


async def ask(url: str, query: str) -> object:
    """The query's one value, over a connection of its own."""

    async def answer() -> object:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            value = await connection.fetchval(query)
        except BaseException:
            connection.terminate()
            raise
        await connection.close()
        return value

    return await trio.to_thread.run_sync(asyncio.run, answer())


@asynccontextmanager
async def running(data_dir: Path, events: Events | None = None) -> AsyncIterator[EmbeddedPostgres]:
    """An embedded server with the test's deadline."""
    with trio.fail_after(SECONDS_MOST):
        async with embedded_postgres(data_dir, Events() if events is None else events) as server:
            yield server


@asynccontextmanager
async def owner(data_dir: Path, user: str | None = None) -> AsyncIterator[tuple[trio.Process, int]]:
    """Another process that owns an embedded server, with the server's pid; killed at the end."""
    process = await trio.lowlevel.open_process(
        [sys.executable, str(OWNER), str(data_dir), *([] if user is None else [user])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with trio.fail_after(SECONDS_MOST):
            yield process, int(await process.stdout.receive_some())
            await process.stdin.aclose()
            await process.wait()
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.stdin.aclose()
            await process.stdout.aclose()
            await process.wait()


async def leave_behind(data_dir: Path) -> int:
    """The pid of a server whose owner was killed."""
    async with owner(data_dir) as (process, pid):
        process.kill()
        await process.wait()
    return pid


def one_line(error: pytest.ExceptionInfo[StartError]) -> str:
    """The error's text, which must be one line."""
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


async def test_a_first_start_makes_a_durable_database_behind_a_password(folder: Path) -> None:
    async with running(folder / "data") as server:
        wanted = {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
        }
        for name, value in wanted.items():
            assert await ask(server.url, f"SHOW {name}") == value
        assert await ask(server.url, "SELECT datcollate FROM pg_database LIMIT 1") == "C"
        password = (folder / "data/postgres.password").read_text()
        assert (folder / "data/postgres.password").stat().st_mode & 0o777 == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(server.url.replace(password, "guessed"), "SELECT 1")


async def test_a_second_start_goes_on_with_the_data_of_the_first(folder: Path) -> None:
    async with running(folder) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS value")
        first = server.url
    async with running(folder) as server:
        assert server.url == first
        assert await ask(server.url, "SELECT value FROM kept") == 7


async def test_leaving_stops_the_server(folder: Path) -> None:
    async with running(folder) as server:
        pid = server.pid
        assert is_server(pid, (folder / "postgres").resolve())
    assert not is_server(pid, (folder / "postgres").resolve())


async def test_a_cancelled_owner_stops_the_server(folder: Path) -> None:
    events = Events()
    with trio.CancelScope() as scope:
        async with running(folder, events) as server:
            scope.cancel()
            await trio.sleep_forever()
    assert events == ["postgres_started", "postgres_stopped"]
    assert not is_server(server.pid, folder / "postgres")


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03, 0.1, 0.4])
async def test_a_first_start_cancelled_at_any_moment_leaves_no_obstacle(
    folder: Path, seconds: float
) -> None:
    for _ in range(2):
        with trio.move_on_after(seconds):
            async with running(folder, events := Events()):
                await trio.sleep_forever()
        assert events in ([], ["postgres_started", "postgres_stopped"])
    async with running(folder, events := Events()) as server:
        assert events == ["postgres_started"]
        assert await ask(server.url, "SELECT 1") == 1


@pytest.mark.parametrize("seconds", [0.01, 0.02, 0.03, 0.04])
async def test_a_later_start_cancelled_at_any_moment_leaves_no_server(
    folder: Path, seconds: float
) -> None:
    async with running(folder):
        pass
    with trio.move_on_after(seconds):
        async with running(folder):
            await trio.sleep_forever()
    assert found(folder / "postgres") is None


async def test_an_error_of_the_owner_comes_out_as_it_is(folder: Path) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with running(folder):
            raise LookupError("mine")


async def test_a_server_left_behind_is_adopted(folder: Path) -> None:
    pid = await leave_behind(folder)
    async with running(folder, events := Events()) as server:
        assert events == ["postgres_adopted"]
        assert server.pid == pid
        assert await ask(server.url, "SELECT 1") == 1
    assert not is_server(pid, folder / "postgres")


async def test_an_adopted_server_that_dies_is_started_again(folder: Path) -> None:
    pid = await leave_behind(folder)
    async with running(folder, events := Events()) as server:
        os.kill(pid, signal.SIGKILL)
        await server.wait_other_than(pid)
        assert await ask(server.url, "SELECT 1") == 1
        assert events == ["postgres_adopted", "postgres_died", "postgres_restarted"]


async def test_a_server_killed_with_its_owner_is_no_obstacle(folder: Path) -> None:
    pid = await leave_behind(folder)
    os.kill(pid, signal.SIGKILL)
    async with running(folder, events := Events()) as server:
        assert events == ["postgres_started"]
        assert await ask(server.url, "SELECT 1") == 1


async def test_a_number_that_went_to_another_program_is_no_obstacle(folder: Path) -> None:
    pid = await leave_behind(folder)
    cluster = folder / "postgres"
    os.kill(pid, signal.SIGKILL)
    for file in (cluster / "postmaster.pid", cluster / ".s.PGSQL.5432.lock"):
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    async with running(folder, events := Events()):
        assert events == ["postgres_started"]


async def test_a_server_that_dies_is_started_again_with_what_was_committed(folder: Path) -> None:
    async with running(folder, events := Events()) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS value")
        first, url = server.pid, server.url
        os.kill(first, signal.SIGKILL)
        await server.wait_other_than(first)
        assert server.url == url
        assert await ask(url, "SELECT value FROM kept") == 7
    assert events == [
        "postgres_started",
        "postgres_died",
        "postgres_restarted",
        "postgres_stopped",
    ]


async def test_control_c_in_the_terminal_does_not_reach_the_server(folder: Path) -> None:
    async with running(folder) as server:
        assert os.getsid(server.pid) != os.getsid(0)
        assert os.getpgid(server.pid) != os.getpgid(0)


async def test_a_second_owner_is_refused(folder: Path) -> None:
    async with running(folder):
        with pytest.raises(StartError) as error:
            async with running(folder):
                raise AssertionError("two owners")
    assert f"in use by another Switchboard (process {os.getpid()})" in one_line(error)


async def test_a_path_too_long_for_a_socket_is_served_from_a_temporary_folder(folder: Path) -> None:
    data_dir = folder / ("long" * 30) / "odd, name"
    async with running(data_dir, Events()) as server:
        pid = server.pid
        assert await ask(server.url, "SELECT 1") == 1
        os.kill(pid, signal.SIGKILL)
        await server.wait_other_than(pid)
        assert await ask(server.url, "SELECT 1") == 1
        status = found(data_dir / "postgres")
    assert status is not None
    assert not await trio.Path(status.socket_folder).exists()
    pid = await leave_behind(data_dir)
    async with running(data_dir, events := Events()) as server:
        assert events == ["postgres_adopted"]
        assert await ask(server.url, "SELECT 1") == 1


async def test_a_folder_below_a_closed_one_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as /root, through which the user whom root lends to Postgres may not pass."""
    monkeypatch.setattr(embedded_user, "REACHABLE_ROOT", folder / "reachable")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for _ in range(2):
        async with running(closed / "data") as server:
            assert await ask(server.url, "SELECT 1") == 1
    user = server_user(closed / "data")
    assert user.may_enter((closed / "data/postgres").resolve())
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_programs_below_a_closed_folder_are_copied_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_user, "REACHABLE_ROOT", folder / "reachable")
    stranger = ServerUser(os.geteuid() + 1, os.getegid() + 1, lent=True)
    package = package_folder()
    copy = copied(package)
    assert stranger.may_enter(copy / "pginstall/bin")
    assert os.access(copy / "pginstall/bin/postgres", os.X_OK)
    assert copied(package) == copy
    assert len(list((folder / "reachable").iterdir())) == 1
    ran = await trio.run_process([str(copy / "pginstall/bin/initdb"), "-V"], capture_stdout=True)
    assert ran.stdout.startswith(b"initdb (PostgreSQL)")


async def test_it_works_for_an_ordinary_user_too(folder: Path) -> None:
    """Root has another process own the server as ``nobody``, if that user can reach the programs at all."""
    nobody = pwd.getpwnam("nobody")
    user = ServerUser(nobody.pw_uid, nobody.pw_gid, lent=True)
    switch = os.geteuid() == 0 and user.may_enter(package_folder())
    if switch:
        user.give(folder)
    async with owner(folder, "nobody" if switch else None) as (_, pid):
        assert found(folder / "postgres") == Found(pid, folder / "postgres", "ready")
    assert found(folder / "postgres") is None


async def test_what_a_killed_first_start_left_is_cleared_away(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new/PG_VERSION").write_text("18\n")
    async with running(folder) as server:
        assert await ask(server.url, "SELECT 1") == 1
    assert not (folder / "postgres.new").exists()


def file_instead(data_dir: Path) -> None:
    data_dir.write_text("")


def cluster_is_a_file(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "postgres").write_text("")


def no_database(data_dir: Path) -> None:
    make_cluster(data_dir)
    (data_dir / "postgres/holiday.jpeg").write_text("")


def other_version(data_dir: Path) -> None:
    make_cluster(data_dir)
    (data_dir / "postgres/PG_VERSION").write_text("9.6\n")


def garbage(data_dir: Path) -> None:
    make_cluster(data_dir)
    (data_dir / "postgres/PG_VERSION").write_text("18\n")


def password_gone(data_dir: Path) -> None:
    make_cluster(data_dir)
    (data_dir / "postgres.password").unlink()


def files_gone(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "postgres").symlink_to("/nonexistent/postgres")


def make_cluster(data_dir: Path) -> None:
    """An empty folder in the place of the server's, with the right owner, and a password."""
    (data_dir / "postgres").mkdir(parents=True, mode=0o700)
    server_user(data_dir).give(data_dir / "postgres")
    (data_dir / "postgres.password").write_text("0" * 48)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (file_instead, "cannot be used: "),
        (cluster_is_a_file, "is a file"),
        (no_database, "holds no Postgres database"),
        (other_version, "is of Postgres '9.6', this is 18"),
        (garbage, "Postgres does not start: "),
        (password_gone, "postgres.password is missing"),
        (files_gone, "points to /nonexistent/postgres"),
    ],
)
async def test_a_broken_data_folder_is_one_clear_line(
    folder: Path, spoil: object, says: str
) -> None:
    assert callable(spoil)
    spoil(folder / "data")
    with pytest.raises(StartError) as error:
        async with running(folder / "data"):
            raise AssertionError("it started")
    assert says in one_line(error)
    assert str(folder / "data") in one_line(error)


async def test_a_folder_that_cannot_be_made_is_one_clear_line() -> None:
    with pytest.raises(StartError) as error:
        async with running(Path("/proc/switchboard")):
            raise AssertionError("it started")
    assert "data folder /proc/switchboard cannot be used: " in one_line(error)


async def test_a_password_that_does_not_open_the_database_is_one_clear_line(folder: Path) -> None:
    async with running(folder) as server:
        pid = server.pid
    (folder / "postgres.password").write_text("0" * 48)
    with pytest.raises(StartError) as error:
        async with running(folder):
            raise AssertionError("it started")
    assert "password authentication failed" in one_line(error)
    assert not is_server(pid, folder / "postgres")


def test_the_log_of_the_server_keeps_within_its_limit(folder: Path) -> None:
    file = folder / "postgres.log"
    file.write_bytes(b"old" + b"x" * LOG_BYTES_MOST)
    limit_log(file)
    assert file.stat().st_size == 0
    assert (folder / "postgres.log.1").stat().st_size == LOG_BYTES_MOST
    file.write_bytes(b"new")
    limit_log(file)
    assert file.read_bytes() == b"new"


def test_paths_that_mean_something_else_in_a_url_or_a_setting_are_told_apart() -> None:
    assert PLAIN_PATH.match("/srv/switchboard-1/.data/postgres")
    for path in ("/srv/a b", "/srv/a,b", "/srv/a?b", "/srv/ä", "/srv/a\n"):
        assert not PLAIN_PATH.match(path)
