"""A connection to Postgres on Trio itself: psycopg's libpq, whose socket a Trio task waits for.

The way of a statement through asyncio inside Trio (bridge.py) was measured at five times the CPU and three times the
time of this one (570 and 120 us of CPU for ``SELECT 1``), because trio-asyncio replaces asyncio's futures and tasks by
Python's. That is right for reads and records, of which there are few; the committer sends every commit (decision 12).
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
import trio
from psycopg import pq
from psycopg.conninfo import make_conninfo

BINARY: Final = 1
"""Postgres' code of the form of parameters and rows."""

CONNECTION_EXCEPTION: Final = "08"
"""The class of SQLSTATEs."""


class ServerError(Exception):
    """The server's refusal of a statement. ``rolled_back``: it says so itself, and the connection lives on."""

    def __init__(self, state: str, message: str, *, rolled_back: bool) -> None:
        super().__init__(message)
        self.state = state
        """SQLSTATE; empty if the connection's end came instead of an answer."""
        self.rolled_back = rolled_back


class LinkLost(Exception):
    """The connection ended, or could not be made. What was sent before may have happened or not."""


class TrioConnection:
    """One statement at a time. Who is cancelled while one is under way must ``close``: its answer is still to come."""

    def __init__(self, raw: pq.abc.PGconn) -> None:
        self._raw = raw
        self._socket: int | None = raw.socket
        self._formats: dict[bytes, list[int]] = {}
        self._ended = False
        """The server has said that it ends the connection."""
        raw.notice_handler = self._noticed

    @classmethod
    async def open(cls, url: str, *, seconds: float, settings: Mapping[str, str]) -> TrioConnection:
        """Connects, and sets ``settings`` of the server for the connection's length.

        Args:
            url: as ``Database.open`` takes it.
            seconds: the longest that this may take.

        Raises: LinkLost, whose text does not quote the URL; ServerError for a setting; ValueError for a URL that
            libpq cannot read.
        """
        with trio.move_on_after(seconds):
            raw = await _connected(url)
            connection = cls(raw)
            try:
                await connection._set(settings)
            except BaseException:
                connection.close()
                raise
            return connection
        raise LinkLost(f"no connection within {seconds:g} s")

    @property
    def is_open(self) -> bool:
        """Whether the other end is still there, as far as can be known without asking it."""
        if self._socket is None:
            return False
        raw = self._raw
        try:
            raw.consume_input()
        except psycopg.OperationalError:
            return False
        # Has what came read, too, for its end is announced before it comes.
        return not raw.is_busy() and raw.status == pq.ConnStatus.OK and not self._ended

    def _noticed(self, notice: pq.abc.PGresult) -> None:
        severity = notice.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED)
        self._ended = self._ended or severity in (b"FATAL", b"PANIC")

    async def prepare(self, name: bytes, sql: str, types: Sequence[int]) -> None:
        """Prepares a statement with parameters of these types (OIDs; 0: as the server sees fit).

        Raises: ServerError, LinkLost.
        """
        await self._answer(partial(self._raw.send_prepare, name, sql.encode(), types))
        self._formats[name] = [BINARY] * len(types)

    async def call(
        self,
        name: bytes,
        parameters: Sequence[bytes | None],
        sent: Callable[[], None] | None = None,
    ) -> pq.abc.PGresult:
        """Executes a prepared statement with parameters in binary form. Returns: its rows, in binary form.

        Args:
            sent: called when all of it has been sent, and before the answer is waited for.

        Raises: ServerError, LinkLost.
        """
        formats = self._formats[name]
        send = partial(self._raw.send_query_prepared, name, parameters, formats, BINARY)
        return await self._answer(send, sent)

    def close(self) -> None:
        """Ends the connection at once; who waits for an answer hears LinkLost."""
        if self._socket is not None:
            trio.lowlevel.notify_closing(self._socket)
            self._socket = None
            self._raw.finish()

    async def _set(self, settings: Mapping[str, str]) -> None:
        places = range(1, 2 * len(settings), 2)
        calls = [f"set_config(${place}, ${place + 1}, false)" for place in places]
        texts = [text.encode() for pair in settings.items() for text in pair]
        sql = f"SELECT {', '.join(calls)}".encode()
        await self._answer(partial(self._raw.send_query_params, sql, texts))

    async def _answer(
        self, send: Callable[[], None], sent: Callable[[], None] | None = None
    ) -> pq.abc.PGresult:
        raw, result = self._raw, None
        try:
            send()
            while raw.flush():
                await self._either_way()
                raw.consume_input()
            if sent is not None:
                sent()
            while True:
                # Not asked of libpq while it is busy: that would wait, and everything else with it.
                while raw.is_busy():
                    await trio.lowlevel.wait_readable(self._require_socket())
                    raw.consume_input()
                found = raw.get_result()
                if found is None:
                    break
                result = found
        except (psycopg.OperationalError, trio.ClosedResourceError, OSError) as error:
            raise LinkLost(_line(error)) from error
        if result is None:
            raise LinkLost("the connection ended")
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise _server_error(result)
        return result

    def _require_socket(self) -> int:
        if self._socket is None:
            raise trio.ClosedResourceError
        return self._socket

    async def _either_way(self) -> None:
        """Until the socket takes more, or has something: a server that cannot write to us reads nothing either."""
        descriptor = self._require_socket()
        async with trio.open_nursery() as nursery:

            async def first(wait: Callable[[int], Awaitable[None]]) -> None:
                # Closed meanwhile: libpq says so at the next call.
                with suppress(trio.ClosedResourceError):
                    await wait(descriptor)
                nursery.cancel_scope.cancel()

            nursery.start_soon(first, trio.lowlevel.wait_writable)
            nursery.start_soon(first, trio.lowlevel.wait_readable)


async def _connected(url: str) -> pq.abc.PGconn:
    """Raises: LinkLost."""
    try:
        raw = pq.PGconn.connect_start(await _conninfo(url))
        try:
            await _completed(raw)
        except BaseException:
            raw.finish()
            raise
    except (psycopg.Error, OSError) as error:
        raise LinkLost(_line(error)) from error
    raw.nonblocking = 1
    return raw


async def _completed(raw: pq.abc.PGconn) -> None:
    # The attempt may go through several sockets, one after the other.
    while raw.status != pq.ConnStatus.BAD:
        match raw.connect_poll():
            case pq.PollingStatus.OK:
                return
            case pq.PollingStatus.READING:
                await trio.lowlevel.wait_readable(raw.socket)
            case pq.PollingStatus.WRITING:
                await trio.lowlevel.wait_writable(raw.socket)
            case _:
                break
    raise LinkLost(_first_line(raw.error_message))


async def _conninfo(url: str) -> bytes:
    """As libpq takes it: with addresses, since its own look-up of a name makes everything else wait, and with what is
    not its own among the options, as asyncpg takes that for settings of the server. Raises: ValueError, OSError."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    place, _, query = url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    ours = urlencode([pair for pair in pairs if pair[0] in known], quote_via=quote)
    try:
        parsed = pq.Conninfo.parse(f"{place}?{ours}".encode())
    except psycopg.OperationalError:
        # Without the error's text, which may quote a part of the password.
        raise ValueError("libpq cannot read the database URL") from None
    options = {one.keyword.decode(): one.val.decode() for one in parsed if one.val is not None}
    settings = [f"-c {name}={_escaped(value)}" for name, value in pairs if name not in known]
    if settings:
        options["options"] = " ".join([options.get("options", ""), *settings]).strip()
    if "hostaddr" not in options and options.get("host"):
        options |= await _addresses(options["host"], options.get("port", ""))
    return make_conninfo("", **options).encode()


async def _addresses(hosts: str, ports: str) -> dict[str, str]:
    """Each host once for each of its addresses; folders of sockets as they are."""
    names = hosts.split(",")
    numbers = ports.split(",")
    if len(numbers) != len(names):
        numbers = numbers[:1] * len(names)
    found: list[tuple[str, str, str]] = []
    for name, number in zip(names, numbers, strict=True):
        if name.startswith(("/", "@")):
            found.append((name, "", number))
            continue
        infos = await trio.socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        found += [(name, str(info[4][0]), number) for info in infos]
    keys = ("host", "hostaddr", "port")
    return {
        key: ",".join(values) for key, values in zip(keys, zip(*found, strict=True), strict=True)
    }


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _server_error(result: pq.abc.PGresult) -> ServerError:
    field = result.error_field
    state = (field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    severity = field(pq.DiagnosticField.SEVERITY_NONLOCALIZED)
    message = field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
    return ServerError(state, _first_line(message), rolled_back=is_certain(severity, state))


def is_certain(severity: bytes | None, state: str) -> bool:
    """Whether a server's error means that the statement was rolled back.

    A connection that the server ends (FATAL), or whose end came instead of an answer, can have committed just before.
    """
    return severity == b"ERROR" and not state.startswith(CONNECTION_EXCEPTION)


def _line(error: Exception) -> str:
    return _first_line(str(error).encode()) or type(error).__name__


def _first_line(message: bytes) -> str:
    return next(iter(message.decode(errors="replace").splitlines()), "")
