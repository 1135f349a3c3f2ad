"""One room of many members: durable messages of ours beside a bare Quart-Trio broadcast that keeps nothing.

Both are measured turn about. Ours goes the whole way of ally's relay: the frame is read and checked, the message is
committed by the room's actor, and only then told to every connection.
"""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from switchboard.bench.processes import bare_command, load_room
from switchboard.bench.room_load import BODY, RoomTask, enter
from switchboard.processes import (
    cpu_seconds,
    free_port,
    memory_kilobytes,
    running,
    switchboard_command,
)

BARE, OURS = "bare", "switchboard"

OUTSTANDING = 64
"""Messages that have been said and not been heard by everybody."""

APP, OPERATOR, PASSWORD = "bench", "operator", "only for the length of this"
"""Of a server that ends with the measurement and that this machine alone can reach."""


class RoomMeasured(msgspec.Struct, frozen=True):
    """One repetition of one server with a room of one size."""

    server: str
    members: int
    deliveries_a_second: float
    server_microseconds: float
    """CPU of the server process a delivery."""
    postgres_microseconds: float
    load_cores: float
    """The load generator's own CPU: near 1, it was the limit."""


class Desk(NamedTuple):
    """A room that an operator holds, and the way to it."""

    path: str
    message: str
    """A frame that is said there."""


def measure_rooms(
    folder: Path,
    sizes: Sequence[int],
    seconds: float,
    repetitions: int,
    progress: Callable[[], None],
) -> list[RoomMeasured]:
    """Alternates the two servers; ``progress`` hears of every load that has ended: two a size and repetition, and as
    many to warm up."""
    bare_port, measured = free_port(), list[RoomMeasured]()
    with (
        running(bare_command(bare_port), folder / "bare.log", bare_port, "/hello", {}) as (bare, _),
        desk(folder) as (port, server, postgres, room),
    ):
        for repetition in range(repetitions + 1):
            for members in sizes:
                time = seconds if repetition else seconds / 10
                for name, task, pid in (
                    (BARE, RoomTask(bare_port, members, OUTSTANDING, time), bare),
                    (OURS, RoomTask(port, members, OUTSTANDING, time, *room), server),
                ):
                    before, database = cpu_seconds(pid), cpu_seconds(postgres)
                    result = load_room(task)
                    used, stored = cpu_seconds(pid) - before, cpu_seconds(postgres) - database
                    progress()
                    if repetition:
                        each = 1e6 / result.deliveries
                        measured.append(
                            RoomMeasured(
                                server=name,
                                members=members,
                                deliveries_a_second=result.deliveries / result.seconds,
                                server_microseconds=used * each,
                                postgres_microseconds=stored * each if name == OURS else 0.0,
                                load_cores=result.own_cpu_seconds / result.seconds,
                            )
                        )
    return measured


def measure_connections(folder: Path, count: int, progress: Callable[[int], None]) -> float:
    """Kilobytes of the server that each of so many idle connections costs."""
    with desk(folder) as (port, server, _, room):
        warm = [enter(port, room.path) for _ in range(20)]
        before = memory_kilobytes(server)
        members = []
        for _ in range(count):
            members.append(enter(port, room.path))
            progress(1)
        each = (memory_kilobytes(server) - before) / count
        for member in (*warm, *members):
            member.close()
    return each


@contextmanager
def desk(folder: Path) -> Iterator[tuple[int, int, int, Desk]]:
    """(port, the server's process, that of its Postgres, the room), for the length of the block."""
    data_dir, port = folder / "data", free_port()
    command = switchboard_command(data_dir, port)
    with running(command, folder / "serve.log", port, "/readyz", {}) as (server, _):
        postgres = int((data_dir / "postgres/postmaster.pid").read_text().split()[0])
        place = ["--data-dir", str(data_dir)]
        _run([*command[: command.index("serve")], "support-app", "add", APP, *place])
        staff = ["support-app", "staff", OPERATOR, "--app", APP, "--password", PASSWORD]
        _run([*command[: command.index("serve")], *staff, *place])
        base = f"http://127.0.0.1:{port}/ally"
        token = _call(base, "POST", "/api/auth", login=OPERATOR, password=PASSWORD)["token"]
        client = _call(base, "POST", "/api/user/register", alias="client", app_id=APP)["id"]
        there = _call(base, "POST", "/api/token", alias="client", app_id=APP)["token"]
        rooms = _call(base, "GET", f"/api/user/{client}/rooms?token={there}")["rooms"]
        room = rooms[0]["id"]
        _call(base, "PUT", f"/api/room/{room}/active?token={token}")
        frame = {"type": "message", "content": {"room": room, "message": BODY}}
        yield port, server, postgres, Desk(f"/ally/relay?token={token}", json.dumps(frame))


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[-1]} failed:\n{done.stderr}")


def _call(base: str, method: str, path: str, **form: str) -> Any:
    body = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(base + path, data=body, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def show_rooms(measured: Sequence[RoomMeasured], console: Console) -> None:
    """A table of medians with the lowest and the highest."""
    table = Table(title="medians (lowest to highest)", box=None, padding=(0, 1, 0, 0))
    for title in (
        "members",
        "",
        "a second",
        "server us",
        "Postgres us",
        "load's cores",
        "times bare",
    ):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    for members in dict.fromkeys(one.members for one in measured):
        of_size = [one for one in measured if one.members == members]
        bare, ours = ([one for one in of_size if one.server == name] for name in (BARE, OURS))
        # Those that were measured one right after the other are compared.
        times = [
            one.deliveries_a_second / other.deliveries_a_second
            for one, other in zip(ours, bare, strict=True)
        ]
        for name, some, ratio in ((BARE, bare, ""), (OURS, ours, spread(times, 1))):
            table.add_row(
                str(members),
                name,
                spread([one.deliveries_a_second for one in some], 0),
                spread([one.server_microseconds for one in some], 1),
                spread([one.postgres_microseconds for one in some], 1),
                f"{median(one.load_cores for one in some):.2f}",
                ratio,
            )
    console.print(table)


def spread(values: Sequence[float], digits: int) -> str:
    """The median, and below it the lowest and the highest."""
    low, middle, high = min(values), median(values), max(values)
    return f"{middle:.{digits}f}\n[dim]{low:.{digits}f}-{high:.{digits}f}[/]"
