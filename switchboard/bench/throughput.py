"""Gigs over HTTP beside the bare endpoint, turn about, on the same machine in the same minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import trio

from switchboard.bench.load import Pair, Result, Task
from switchboard.bench.processes import bare_command, load
from switchboard.engine.workflows.accounts import Registration
from switchboard.processes import cpu_seconds, free_port, running, switchboard_command
from switchboard.settings_loading import load as load_settings
from switchboard.store.postgres import open_postgres
from switchboard.wiring import assemble, database_url

APART_DEGREES = 0.5
"""Between the pairs' places: some 55 km, more than the search radius."""

SETTINGS = {"SWITCHBOARD_PERSON_TIMEOUT_SECONDS": "86400", "SWITCHBOARD_LOG_FORMAT": "json"}
"""The operators' phones are silent while it is measured. All else as anybody runs it."""


class Measured(msgspec.Struct, frozen=True):
    """One repetition of one server."""

    server: str
    """``bare`` or ``gigs``."""
    at_once: int
    requests_a_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    server_microseconds: float
    """CPU of the server process a request."""
    postgres_microseconds: float
    load_cores: float
    """The load generator's own CPU: well below 1, or it was the limit."""


async def _make_pairs(data_dir: Path, count: int) -> list[Pair]:
    settings = load_settings({}, {"data_dir": str(data_dir)})
    async with (
        database_url(settings) as url,
        open_postgres(url, on_lost=lambda reason: None) as store,
    ):
        services = assemble(settings, store)

        async def token(name: str, **roles: str) -> str:
            registration = Registration(
                first_name=name, identities=(("email", f"{name}@example.test"),)
            )
            account = await services.desk.create(registration, **roles)  # type: ignore[arg-type]
            return services.tokens.issue(account.id, "dropin")

        return [
            Pair(
                customer_token=await token(f"customer{number}"),
                operator_token=await token(f"operator{number}", operator="approved"),
                latitude=-60 + number * APART_DEGREES,
                longitude=20.0,
            )
            for number in range(count)
        ]


def measure(
    folder: Path,
    at_once: Sequence[int],
    seconds: float,
    repetitions: int,
    progress: Callable[[Measured | None], None],
) -> list[Measured]:
    """Alternates the two servers; ``progress`` hears of every load that has ended (None: the warming up)."""
    data_dir, bare_port, port = folder / "data", free_port(), free_port()
    pairs = trio.run(_make_pairs, data_dir, max(at_once))
    measured: list[Measured] = []
    with (
        running(bare_command(bare_port), folder / "bare.log", bare_port, "/hello", {}) as (bare, _),
        running(
            switchboard_command(data_dir, port), folder / "serve.log", port, "/readyz", SETTINGS
        ) as (server, _),
    ):
        postgres = int((data_dir / "postgres/postmaster.pid").read_text().split()[0])
        # Twice a tenth: code is compiled, plans are made, the first pages are written.
        load(Task(bare_port, at_once[0], seconds / 10))
        load(Task(port, at_once[0], seconds / 10, pairs))
        progress(None)
        for _ in range(repetitions):
            for count in at_once:
                for name, task, pid in (
                    ("bare", Task(bare_port, count, seconds), bare),
                    ("gigs", Task(port, count, seconds, pairs), server),
                ):
                    before, database = cpu_seconds(pid), cpu_seconds(postgres)
                    result = load(task)
                    after, database_after = cpu_seconds(pid), cpu_seconds(postgres)
                    one = _measured(name, count, result, after - before, database_after - database)
                    measured.append(one)
                    progress(one)
    return measured


def _measured(name: str, at_once: int, result: Result, server: float, postgres: float) -> Measured:
    return Measured(
        server=name,
        at_once=at_once,
        requests_a_second=result.requests / result.seconds,
        p50_milliseconds=result.p50,
        p99_milliseconds=result.p99,
        server_microseconds=server / result.requests * 1e6,
        postgres_microseconds=postgres / result.requests * 1e6 if name == "gigs" else 0.0,
        load_cores=result.own_cpu_seconds / result.seconds,
    )
