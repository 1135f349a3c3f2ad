"""How the command line talks to the running server: JSON lines over loopback, opened by a key from the data folder.

One connection carries one request, ``{"key", "command", "arguments"}``, and one answer,
``{"answer"}`` or ``{"error"}``.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio

from switchboard.engine.errors import EngineError, SessionCrashed, Stopping
from switchboard.keys import write_private

FILE_NAME = "admin.json"

LINE_BYTES_MOST = 65_536
"""A request is a command with a few words; this is a thousand times that."""

ANSWER_BYTES_MOST = 64 * 1024 * 1024
"""The longest journal that is worth reading: some hundred thousand entries."""

READ_SECONDS_MOST = 5.0
"""The command line sends its line at once; whoever does not is something else."""

ANSWER_SECONDS_MOST = 60.0
"""An administrator's patience; what takes longer goes on in the engine."""

CONNECTIONS_MOST = 8
"""People who administer at the same time; whoever comes then waits."""

AdminCommand = Callable[..., Awaitable[Any]]
"""Called with the request's arguments by name; what it returns must have a form in JSON."""


class Refused(Exception):
    """The server answered with an error; the text is one line for the person at the terminal."""


class NoServer(Exception):
    """Nobody answers: no server runs on that data folder."""


class Door(msgspec.Struct, frozen=True):
    """What the data folder says of the running server."""

    port: int
    key: str


class Request(msgspec.Struct, frozen=True):
    """One line from the command line."""

    key: str
    command: str
    arguments: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line back."""

    answer: Any = None
    error: str | None = None


class AdminChannel:
    """The server's end."""

    def __init__(
        self, data_dir: Path, commands: Mapping[str, AdminCommand], logger: Any = None
    ) -> None:
        self._file = data_dir / FILE_NAME
        self._commands = commands
        self._key = secrets.token_hex(32)
        self._connections = trio.CapacityLimiter(CONNECTIONS_MOST)
        self._log = structlog.get_logger("admin") if logger is None else logger

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves until cancelled; the file in the data folder stands as long as that."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        write_private(self._file, msgspec.json.encode(Door(port, self._key)).decode())
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(trio.serve_listeners, self._connection, listeners)
                task_status.started()
        finally:
            self._file.unlink(missing_ok=True)

    async def _connection(self, stream: trio.SocketStream) -> None:
        """Nothing that one connection does may end the server: what fails here is that connection."""
        async with stream, self._connections:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                with trio.move_on_after(READ_SECONDS_MOST) as reading:
                    line = await _read_line(stream)
                if reading.cancelled_caught:
                    return
                with trio.move_on_after(ANSWER_SECONDS_MOST) as answering:
                    answer = await self._answer(line)
                if answering.cancelled_caught:
                    answer = Answer(error=f"no answer within {ANSWER_SECONDS_MOST:.0f} s")
                with trio.move_on_after(READ_SECONDS_MOST):
                    await stream.send_all(_encoded(answer))

    async def _answer(self, line: bytes | None) -> Answer:
        try:
            request = msgspec.json.decode(line or b"", type=Request)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Answer(error="that was no request")
        if not hmac.compare_digest(request.key.encode(errors="replace"), self._key.encode()):
            self._log.warning("admin_refused", command=request.command[:100])
            return Answer(error="wrong key")
        command = self._commands.get(request.command)
        if command is None:
            return Answer(error=f"unknown command {request.command[:100]}")
        self._log.info("admin_command", command=request.command)
        return await self._outcome(command, request)

    async def _outcome(self, command: AdminCommand, request: Request) -> Answer:
        try:
            return Answer(answer=await command(**request.arguments))
        except Stopping:
            return Answer(error="the server is stopping")
        except (EngineError, SessionCrashed, Refused) as error:
            return Answer(error=str(error) or type(error).__name__)
        except Exception:
            incident = secrets.token_hex(6)
            self._log.exception("admin_failed", command=request.command, incident=incident)
            return Answer(error=f"internal error {incident}, see the server's log")


async def _read_line(stream: trio.SocketStream) -> bytes | None:
    """The first line; None if it is longer than allowed or never ends."""
    read = bytearray()
    async for chunk in stream:
        read += chunk
        line, newline, _ = read.partition(b"\n")
        if newline:
            return bytes(line)
        if len(read) > LINE_BYTES_MOST:
            return None
    return None


def _encoded(answer: Answer) -> bytes:
    line = msgspec.json.encode(answer)
    if len(line) > ANSWER_BYTES_MOST:
        line = msgspec.json.encode(Answer(error="the answer is too long; ask for less"))
    return line + b"\n"


def ask_server(data_dir: Path, command: str, **arguments: Any) -> Any:
    """Has the running server do it, and returns its answer. For the command line: it blocks.

    Raises: NoServer; Refused.
    """
    try:
        door = msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=Door)
        with socket.create_connection(("127.0.0.1", door.port), READ_SECONDS_MOST) as connection:
            connection.settimeout(ANSWER_SECONDS_MOST + READ_SECONDS_MOST)
            request = Request(door.key, command, arguments)
            connection.sendall(msgspec.json.encode(request) + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline(ANSWER_BYTES_MOST + 1)
    except PermissionError as error:
        raise NoServer(f"{error.filename} may not be read: are you the server's user?") from error
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        raise NoServer(f"no server runs on the data folder {os.fspath(data_dir)}") from None
    except (OSError, msgspec.DecodeError) as error:
        raise NoServer(f"the server of {os.fspath(data_dir)} does not answer: {error}") from error
    if not line.endswith(b"\n"):
        raise NoServer(f"the server of {os.fspath(data_dir)} ended before it had answered")
    answer = msgspec.json.decode(line, type=Answer)
    if answer.error is not None:
        raise Refused(answer.error)
    return answer.answer
