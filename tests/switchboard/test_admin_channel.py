"""The loopback channel: who may use it, what it takes, and what it answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from switchboard import admin_channel
from switchboard.admin_channel import AdminChannel, AdminCommand, NoServer, Refused, ask_server
from switchboard.engine.errors import NotFound, Stopping


async def double(number: int) -> int:
    """Twice as much."""
    return 2 * number


async def miss() -> None:
    """Finds nothing."""
    raise NotFound("gig abc")


async def stop() -> None:
    """Meets an engine that is stopping."""
    raise Stopping


async def break_down() -> None:
    """Has a bug."""
    raise ZeroDivisionError("secret detail")


async def fill() -> str:
    """Answers at length."""
    return "x" * 1000


COMMANDS: Mapping[str, AdminCommand] = {
    "double": double,
    "miss": miss,
    "stop": stop,
    "break down": break_down,
    "fill": fill,
}


@asynccontextmanager
async def channel(data_dir: Path) -> AsyncIterator[None]:
    """A server's end for the length of the block."""
    async with trio.open_nursery() as nursery:
        await nursery.start(AdminChannel(data_dir, COMMANDS).run)
        yield
        nursery.cancel_scope.cancel()


async def ask(data_dir: Path, command: str, **arguments: Any) -> Any:
    """The command line's end, which blocks, in a thread."""
    return await trio.to_thread.run_sync(partial(ask_server, data_dir, command, **arguments))


async def send_raw(data_dir: Path, line: bytes) -> dict[str, Any]:
    """What the channel answers to those bytes."""
    port = json.loads((data_dir / admin_channel.FILE_NAME).read_text())["port"]
    with trio.fail_after(5):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(line)
            answer = b"".join([chunk async for chunk in stream])
    decoded: dict[str, Any] = json.loads(answer)
    return decoded


async def test_a_command_is_answered(tmp_path: Path) -> None:
    async with channel(tmp_path):
        assert await ask(tmp_path, "double", number=21) == 42


async def test_the_file_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    file = tmp_path / admin_channel.FILE_NAME
    async with channel(tmp_path):
        assert file.stat().st_mode & 0o777 == 0o600
    assert not file.exists()


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("miss", "no such gig abc"),
        ("stop", "the server is stopping"),
        ("nonsense", "unknown command nonsense"),
        ("break down", "internal error [0-9a-f]{12}, see the server's log"),
    ],
)
async def test_a_refusal_is_one_line_without_inner_details(
    tmp_path: Path, command: str, text: str
) -> None:
    async with channel(tmp_path):
        with pytest.raises(Refused, match=f"^{text}$"):
            await ask(tmp_path, command)


async def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    async with channel(tmp_path):
        file = tmp_path / admin_channel.FILE_NAME
        door = json.loads(file.read_text())
        file.write_text(json.dumps({**door, "key": "0" * 64}))
        with pytest.raises(Refused, match="wrong key"):
            await ask(tmp_path, "double", number=1)


@pytest.mark.parametrize("line", [b"\n", b"no json\n", b"[]\n", b'{"key": 1}\n', b"\xff\n"])
async def test_what_is_no_request_is_refused(tmp_path: Path, line: bytes) -> None:
    async with channel(tmp_path):
        assert await send_raw(tmp_path, line) == {"error": "that was no request"}


async def test_a_line_without_an_end_is_cut_off(tmp_path: Path) -> None:
    async with channel(tmp_path):
        line = b"x" * (admin_channel.LINE_BYTES_MOST + 1)
        assert await send_raw(tmp_path, line) == {"error": "that was no request"}
        assert await ask(tmp_path, "double", number=1) == 2


async def test_whoever_sends_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_channel, "READ_SECONDS_MOST", 0.05)
    async with channel(tmp_path):
        port = json.loads((tmp_path / admin_channel.FILE_NAME).read_text())["port"]
        with trio.fail_after(5):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                assert await stream.receive_some() == b""


async def test_an_answer_that_is_too_long_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_channel, "ANSWER_BYTES_MOST", 100)
    async with channel(tmp_path):
        with pytest.raises(Refused, match="too long"):
            await ask(tmp_path, "fill")


async def test_without_a_server_one_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoServer, match="no server runs on the data folder"):
        await ask(tmp_path, "double", number=1)
    with pytest.raises(NoServer, match="no server runs on the data folder"):
        await ask(tmp_path / "missing" / "folder", "double", number=1)


async def test_a_file_left_by_a_killed_server_is_no_server(tmp_path: Path) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    (tmp_path / admin_channel.FILE_NAME).write_text(json.dumps({"port": port, "key": "x"}))
    with pytest.raises(NoServer, match="no server runs"):
        await ask(tmp_path, "double", number=1)
