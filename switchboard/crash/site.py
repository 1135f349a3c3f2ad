"""Where the clients of a trial are: one server's address, a gate, and the way from an operation to an answer."""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec
import trio

from switchboard.crash.ledger import Attempt, Ledger, Operation
from switchboard.loopback import Answer, Connection, Lost, Unreachable, connect, request

PATIENCE_SECONDS = 20.0
"""How long a client waits for an answer: twice the server's own limit for a request."""

AGAIN_SECONDS = 0.1
"""Before a refused connection or a 503 is tried again."""


class Gate:
    """Lets requests pass while it is open, and tells when none is under way."""

    def __init__(self) -> None:
        self._open = trio.Event()
        self._idle = trio.Event()
        self._idle.set()
        self._under_way = 0

    def open(self) -> None:
        """From now on requests pass."""
        self._open.set()

    def close(self) -> None:
        """From now on they wait."""
        self._open = trio.Event()

    async def idle(self) -> None:
        """Returns when nothing is under way."""
        await self._idle.wait()

    async def enter(self) -> None:
        """Waits for the gate, and is under way from then on."""
        await self._open.wait()
        if self._under_way == 0:
            self._idle = trio.Event()
        self._under_way += 1

    def leave(self) -> None:
        """Is no longer under way."""
        self._under_way -= 1
        if self._under_way == 0:
            self._idle.set()


@dataclass(frozen=True, slots=True)
class Someone:
    """An account with its token."""

    id: str
    token: str


class Site:
    """What all clients of a trial share. ``stragglers`` outlives them: given-up requests end there."""

    def __init__(self, ledger: Ledger, chance: random.Random, stragglers: trio.Nursery) -> None:
        self.ledger = ledger
        self.chance = chance
        self.gate = Gate()
        self.port = 0
        self.patience_seconds = PATIENCE_SECONDS
        self.finishing = False
        """Nobody begins anything new."""
        self._stragglers = stragglers
        self._idle: dict[int, list[Connection]] = {}
        """Port -> connections that wait for a request."""

    def move_to(self, port: int) -> None:
        """From now on requests go to the server there."""
        self.port = port
        self.hang_up()

    def hang_up(self) -> None:
        """Ends the connections that wait for a request: their server has gone, or is about to."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def attempt(
        self, operation: Operation, path: str, token: str, more: str = ""
    ) -> Attempt | None:
        """Asks once. Returns: what came of it; None if nothing was sent, because nobody listened."""
        headers = more + (f"Idempotency-Key: {operation.key}\r\n" if operation.key else "")
        body = msgspec.json.encode(operation.body)
        await self.gate.enter()
        try:
            attempt = self.ledger.begin(operation, trio.current_time(), self.port)
            sent = request("POST", path, token, body, headers)
            try:
                answer = await self._within_patience(operation, attempt, sent)
            except Unreachable:
                self.ledger.withdraw(operation, attempt)
                return None
            self._note(operation, attempt, answer)
            return attempt
        finally:
            self.gate.leave()

    async def look(self, path: str, token: str, *, through_gate: bool = True) -> Answer | None:
        """The answer to a GET; None if there was none."""
        if through_gate:
            await self.gate.enter()
        try:
            with trio.move_on_after(self.patience_seconds):
                return await self._exchange(request("GET", path, token, b""))
            return None
        except (Lost, Unreachable):
            return None
        finally:
            if through_gate:
                self.gate.leave()

    def _note(self, operation: Operation, attempt: Attempt, answer: Answer | None) -> None:
        if answer is None:
            attempt.outcome = "unknown"
        else:
            id = answer.header(b"x-request-id")
            body = msgspec.json.decode(answer.body)
            attempt.note(answer.status, None if id is None else id.decode(), body)
        self.ledger.note(operation, attempt)

    async def _within_patience(
        self, operation: Operation, attempt: Attempt, sent: bytes
    ) -> Answer | None:
        """The answer, or None; one that comes after the client has given up is noted all the same."""
        port = attempt.port
        connection = await self._connection(port)
        got: list[Answer | None] = []
        done = trio.Event()

        async def exchange() -> None:
            try:
                answer: Answer | None = await connection.exchange(sent)
            except Lost:
                answer = None
            if attempt.late and answer is not None:
                self._note(operation, attempt, answer)
            got.append(answer)
            done.set()
            self._put_back(port, connection, answer)

        self._stragglers.start_soon(exchange)
        with trio.move_on_after(self.patience_seconds):
            await done.wait()
        attempt.late = not got
        return got[0] if got else None

    async def _exchange(self, sent: bytes) -> Answer:
        port = self.port
        connection = await self._connection(port)
        answer: Answer | None = None
        try:
            answer = await connection.exchange(sent)
        finally:
            self._put_back(port, connection, answer)
        return answer

    async def _connection(self, port: int) -> Connection:
        idle = self._idle.get(port)
        return idle.pop() if idle else await connect(port)

    def _put_back(self, port: int, connection: Connection, answer: Answer | None) -> None:
        if answer is None or answer.header(b"connection") == b"close":
            connection.close()
        else:
            self._idle.setdefault(port, []).append(connection)
