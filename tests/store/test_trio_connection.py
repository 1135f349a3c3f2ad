"""A connection to Postgres without asyncio."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from functools import partial

import pytest
import trio
from psycopg import pq

from switchboard.store import trio_connection
from switchboard.store.binary_arrays import encoder
from switchboard.store.commit_groups import TYPES
from switchboard.store.trio_connection import LinkLost, ServerError, TrioConnection

SECONDS_MOST = 20.0


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[TrioConnection]:
    """To the test's database."""
    opened = await TrioConnection.open(
        database_url, seconds=SECONDS_MOST, settings={"application_name": "tried", "jit": "off"}
    )
    yield opened
    opened.close()


async def ask(connection: TrioConnection, sql: str) -> str:
    """The only column of the only row, a text."""
    name = sql.encode()
    await connection.prepare(name, sql, [])
    value = (await connection.call(name, [])).get_value(0, 0)
    assert value is not None
    return value.decode()


async def test_its_settings_are_the_servers(connection: TrioConnection) -> None:
    assert await ask(connection, "SHOW application_name") == "tried"
    assert await ask(connection, "SHOW jit") == "off"


async def test_a_refusal_is_told_with_its_state_and_the_connection_lives_on(
    connection: TrioConnection,
) -> None:
    with pytest.raises(ServerError, match="division by zero") as refused:
        await ask(connection, "SELECT (1 / 0)::text")
    assert (refused.value.state, refused.value.rolled_back) == ("22012", True)
    with pytest.raises(ServerError, match="syntax error"):
        await connection.prepare(b"wrong", "SELEKT", [])
    assert connection.is_open
    assert await ask(connection, "SELECT 'well'") == "well"


async def test_the_rest_goes_on_while_an_answer_is_waited_for(connection: TrioConnection) -> None:
    answers: list[str] = []

    async def slow() -> None:
        answers.append(await ask(connection, "SELECT 'slow' FROM pg_sleep(0.2)"))

    steps = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        while not answers:
            await trio.lowlevel.checkpoint()
            steps += 1
    assert steps > 100


async def test_more_than_the_socket_takes_is_sent_while_the_server_writes(
    connection: TrioConnection,
) -> None:
    """Neither side waits for the other for ever."""
    text = "x" * 30_000_000
    await connection.prepare(b"echo", "SELECT unnest($1::text[])", [TYPES["text"]])
    with trio.fail_after(SECONDS_MOST):
        result = await connection.call(b"echo", [encoder(TYPES["text"])([text, "end"])])
    assert result.get_value(0, 0) == text.encode()
    assert result.get_value(1, 0) == b"end"


async def test_who_waits_hears_of_a_close(connection: TrioConnection) -> None:
    with trio.fail_after(SECONDS_MOST):
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                with pytest.raises(LinkLost):
                    await ask(connection, "SELECT 'never' FROM pg_sleep(60)")

            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            connection.close()
    assert not connection.is_open
    with pytest.raises(LinkLost):
        await ask(connection, "SELECT 'closed'")
    connection.close()


async def test_an_end_while_idle_is_noticed_before_anything_is_sent(
    connection: TrioConnection, database_url: str
) -> None:
    pid = await ask(connection, "SELECT pg_backend_pid()::text")
    other = await TrioConnection.open(database_url, seconds=SECONDS_MOST, settings={})
    await ask(other, f"SELECT pg_terminate_backend({pid}, 10000)::text")
    other.close()
    assert not connection.is_open


async def test_an_end_in_the_middle_is_not_certain(
    connection: TrioConnection, database_url: str
) -> None:
    pid = await ask(connection, "SELECT pg_backend_pid()::text")
    other = await TrioConnection.open(database_url, seconds=SECONDS_MOST, settings={})
    ended: list[bool] = []

    async def wait() -> None:
        try:
            await ask(connection, "SELECT 'never' FROM pg_sleep(60)")
        except ServerError as error:
            ended.append(error.rolled_back)
        except LinkLost:
            ended.append(False)

    with trio.fail_after(SECONDS_MOST):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            await ask(other, f"SELECT pg_terminate_backend({pid}, 10000)::text")
    other.close()
    assert ended == [False]


# -- connecting


async def test_a_server_that_is_not_there_or_says_nothing_is_given_up() -> None:
    listener = trio.socket.socket()
    await listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    url = f"postgresql://somebody:secret@127.0.0.1:{port}/nowhere"
    with pytest.raises(LinkLost) as refused:
        await TrioConnection.open(url, seconds=SECONDS_MOST, settings={})
    listener.listen()
    with pytest.raises(LinkLost) as silent:
        await TrioConnection.open(url, seconds=0.2, settings={})
    listener.close()
    assert "secret" not in f"{refused.value!r} {silent.value!r}"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (
            "postgresql://u:p@127.0.0.1:5/d",
            {"host": "127.0.0.1", "hostaddr": "127.0.0.1", "port": "5"},
        ),
        (
            "postgres://u@127.0.0.1:5,127.0.0.2:6/d",
            {"host": "127.0.0.1,127.0.0.2", "hostaddr": "127.0.0.1,127.0.0.2", "port": "5,6"},
        ),
        (
            "postgresql://u@/d?host=/some/folder&port=7",
            {"host": "/some/folder", "hostaddr": "", "port": "7"},
        ),
        (
            "postgresql://u:a%40b@127.0.0.1/d?sslmode=disable&statement_timeout=5s&search_path=a b",
            {
                "sslmode": "disable",
                "options": "-c statement_timeout=5s -c search_path=a\\ b",
                "password": "a@b",
            },
        ),
    ],
    ids=["address", "two", "folder", "settings"],
)
async def test_the_url_is_read_as_asyncpg_reads_it(url: str, wanted: dict[str, str]) -> None:
    parsed = pq.Conninfo.parse(await trio_connection._conninfo(url))
    found = {one.keyword.decode(): (one.val or b"").decode() for one in parsed}
    assert {name: found[name] for name in wanted} == wanted


async def test_a_name_is_looked_up_without_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        await trio.lowlevel.checkpoint()
        assert host == "database"
        return [(0, 0, 0, "", ("10.0.0.1", 0)), (0, 0, 0, "", ("::1", 0, 0, 0))]

    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    found = await trio_connection._addresses("database,/folder", "5,6")
    assert found == {
        "host": "database,database,/folder",
        "hostaddr": "10.0.0.1,::1,",
        "port": "5,5,6",
    }


async def test_a_url_that_cannot_be_read_is_not_quoted() -> None:
    read = partial(TrioConnection.open, seconds=SECONDS_MOST, settings={})
    with pytest.raises(ValueError, match="cannot read") as unreadable:
        await read("postgresql://u:sec%ret@127.0.0.1/d")
    assert "sec" not in str(unreadable.value)


async def test_a_close_while_more_is_to_be_sent_is_a_lost_link(
    connection: TrioConnection,
) -> None:
    """As when the server hangs, reads nothing more and is given up."""
    await connection.prepare(b"echo", "SELECT unnest($1::text[])", [TYPES["text"]])
    pid = int(await ask(connection, "SELECT pg_backend_pid()::text"))
    parameters = [encoder(TYPES["text"])(["x" * 30_000_000])]
    os.kill(pid, signal.SIGSTOP)
    try:
        with trio.fail_after(SECONDS_MOST):
            async with trio.open_nursery() as nursery:

                async def send() -> None:
                    with pytest.raises(LinkLost):
                        await connection.call(b"echo", parameters)

                nursery.start_soon(send)
                await trio.testing.wait_all_tasks_blocked()
                connection.close()
    finally:
        os.kill(pid, signal.SIGCONT)
