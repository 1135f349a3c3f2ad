"""The load generator, a process of its own: keep-alive connections over plain sockets, as lean as Python allows.

Run as ``python -P switchboard/bench/load.py``: reads a ``Task`` as JSON from stdin, writes a ``Result`` as JSON to
stdout. It sends to the loopback address alone and ends by itself.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import msgspec
import trio

from switchboard.loopback import Connection, connect, request


class Pair(msgspec.Struct, frozen=True):
    """Two people who hold gigs with each other, at a place where there is nobody else."""

    customer_token: str
    operator_token: str
    latitude: float
    longitude: float


class Task(msgspec.Struct, frozen=True):
    """What to do: ``pairs`` empty means the bare endpoint."""

    port: int
    at_once: int
    seconds: float
    pairs: Sequence[Pair] = ()


class Result(msgspec.Struct, frozen=True):
    """What was done. Latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    own_cpu_seconds: float


class Load:
    """A run of the generator."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._latencies: list[float] = []
        self._end = 0.0

    async def run(self) -> Result:
        """Everybody connects and gets ready; then the clock runs."""
        task = self._task
        connections = [await connect(task.port) for _ in range(task.at_once)]
        for connection, pair in zip(connections, task.pairs, strict=False):
            place = msgspec.json.encode({"lat": pair.latitude, "lng": pair.longitude})
            await _post(connection, "/dropin/accounts/status/online", pair.operator_token, place)
        began, cpu = time.perf_counter(), time.process_time()
        self._end = began + task.seconds
        async with trio.open_nursery() as nursery:
            for number, connection in enumerate(connections):
                if task.pairs:
                    nursery.start_soon(self._gigs, connection, task.pairs[number])
                else:
                    nursery.start_soon(self._hellos, connection)
        seconds = time.perf_counter() - began
        latencies = sorted(self._latencies)
        return Result(
            requests=len(latencies),
            seconds=seconds,
            p50=latencies[len(latencies) // 2] * 1000,
            p99=latencies[len(latencies) * 99 // 100] * 1000,
            own_cpu_seconds=time.process_time() - cpu,
        )

    async def _hellos(self, connection: Connection) -> None:
        # As long as a real token and body, so that both servers read the same.
        while time.perf_counter() < self._end:
            await self._timed(connection, "/hello", "x" * 280, b'{"response":"accept"}')

    async def _gigs(self, connection: Connection, pair: Pair) -> None:
        customer, operator = pair.customer_token, pair.operator_token
        place = msgspec.json.encode({"latitude": pair.latitude, "longitude": pair.longitude})
        while time.perf_counter() < self._end:
            answer = await self._timed(connection, "/dropin/gigs", customer, place)
            gig = msgspec.json.decode(answer)["gig"]["id"]
            for step, token, body in (
                ("claim", operator, b'{"response":"accept"}'),
                ("confirm", customer, b"null"),
                ("handshake", operator, b"null"),
                ("start", customer, b"null"),
                ("stop", customer, b"null"),
                ("rate", customer, b'{"rating":5}'),
                ("rate", operator, b'{"rating":4}'),
            ):
                await self._timed(connection, f"/dropin/gigs/{step}/{gig}", token, body)

    async def _timed(self, connection: Connection, path: str, token: str, body: bytes) -> bytes:
        before = time.perf_counter()
        answer = await _post(connection, path, token, body)
        self._latencies.append(time.perf_counter() - before)
        return answer


async def _post(connection: Connection, path: str, token: str, body: bytes) -> bytes:
    """The body of a 200. Raises: RuntimeError for any other answer; Lost."""
    answer = await connection.exchange(request("POST", path, token, body))
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {answer.body[:200]!r}")
    return answer.body


def main() -> None:
    """The program."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    result = trio.run(Load(task).run)
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main()
