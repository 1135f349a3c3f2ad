"""``switchboard bench`` in its smallest form: that it measures what it says, not how fast anything is."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from click.testing import CliRunner
from real_gigs import data_folder, new_postgres_pid
from rich.console import Console
from server_process import COMMAND, lives, run, started

from switchboard.bench import bench as command
from switchboard.bench.growth import (
    ACTIVATED,
    COUNTS,
    START,
    Cost,
    Size,
    growing,
    measure,
    measurements,
    sizes,
    steps,
)
from switchboard.bench.growth_table import show_growth
from switchboard.bench.table import show
from switchboard.bench.throughput import Measured

SERVERS = ("released", "transport")

POSTGRES = "switchboard-bench-*/*/postgres/postmaster.pid"
"""Where a bench's database tells its process."""


def bench(*options: str) -> Any:
    """What the command answers in JSON."""
    done = run("bench", *options, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_both_servers_are_measured_turn_about() -> None:
    measured = bench("--at-once", "2", "--seconds", "0.2", "--repetitions", "2")
    order = [(one["server"], one["at_once"]) for one in measured]
    assert order == [("bare", 2), ("gigs", 2), ("bare", 2), ("gigs", 2)]
    for one in measured:
        # Eight calls at least: whoever has begun a gig finishes it.
        assert one["requests_a_second"] > 0
        assert 0 < one["p50_milliseconds"] <= one["p99_milliseconds"]
        assert one["server_microseconds"] > 0
        # What the gigs' one takes in so short a time may be less than a tick of the system's clock.
        assert one["postgres_microseconds"] == 0 or one["server"] == "gigs"


def test_the_transport_is_measured_beside_the_released_servers_turn_about() -> None:
    compared = bench("--transport", "--seconds", "0.2", "--repetitions", "1")
    order = [(one["work"], one["server"]) for one in compared]
    assert order == [(work, server) for work in ("requests", "deliveries") for server in SERVERS]
    for one in compared:
        assert one["each_second"] > 0
        assert one["load_cores"] < 1


def test_a_durable_room_is_measured_beside_a_bare_broadcast() -> None:
    measured = bench("--room", "--members", "3", "--seconds", "0.3", "--repetitions", "1")
    assert [(one["server"], one["members"]) for one in measured] == [
        ("bare", 3),
        ("switchboard", 3),
    ]
    assert all(one["deliveries_a_second"] > 0 for one in measured)


def test_idle_connections_are_weighed() -> None:
    weighed = bench("--connections", "50")
    assert weighed["connections"] == 50
    assert 0 < weighed["kilobytes"] < 1000


def test_gigs_in_memory_are_weighed_and_passivated_ones_weigh_less() -> None:
    memory = bench("--idle", "600")
    assert memory["gigs"] == 600
    assert memory["passivated"] < memory["in_memory"]


def test_operators_online_are_weighed_and_those_whose_person_is_not_in_memory_weigh_less() -> None:
    memory = bench("--presences", "600")
    assert memory["operators"] == 600
    assert memory["passivated"] < memory["in_memory"]


def test_every_operation_is_measured_with_few_and_with_many_sessions() -> None:
    # Not by the command, which would have to be done within the minute that a command has, also on a busy machine.
    chosen = sizes([50], 300, repetitions=1)
    assert chosen == [Size(50, 2 * ACTIVATED * 2), Size(50, 300)]
    made: list[int] = []
    with data_folder() as folder:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        with growing(folder, chosen, made.append) as grown:
            assert sum(made) == steps(chosen)
            made.clear()
            costs = measure(grown, 1, lambda: made.append(1))
    assert sum(made) == measurements(chosen, 1)
    assert [one.operation for one in costs] == [name for name in (START, *COUNTS) for _ in chosen]
    for operation in (START, *COUNTS):
        few, many = (one for one in costs if one.operation == operation)
        assert {Size(few.live, few.stored), Size(many.live, many.stored)} == set(chosen)
        # All sizes do the same, at most as often as the smallest has sessions.
        assert 1 <= few.count == many.count <= min(COUNTS.get(operation, 1), 50)
        for one in (few, many):
            assert one.process_microseconds > 0
            assert one.microseconds > 0
            assert one.postgres_microseconds >= 0


def test_starts_are_timed() -> None:
    restart = bench("--restart", "1")
    assert restart["gigs"] == 1
    assert len(restart["seconds"]) == 3
    assert min(restart["seconds"]) > 0


@pytest.mark.parametrize("option", ["--idle", "--growth", "--seconds"])
def test_a_bench_that_is_asked_to_end_leaves_nothing_behind(option: str) -> None:
    with data_folder() as folder:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        arguments = [*COMMAND, "bench", option, "10000"]
        with started(arguments, {"TMPDIR": str(folder)}) as process:
            database = new_postgres_pid(folder, POSTGRES)
            assert process.end() != 0
        assert not lives(database)
        assert list(folder.iterdir()) == []
        assert "Traceback" not in process.output


@pytest.mark.parametrize("text", ["", "a", "1,0", "1,,2", "201"])
def test_loads_that_cannot_be_are_refused(text: str) -> None:
    done = CliRunner().invoke(command, ["--at-once", text])
    assert done.exit_code == 2
    assert "--at-once" in done.output


def test_without_many_stored_only_the_live_ones_are_compared() -> None:
    assert [size.live for size in sizes([50, 100], 0, repetitions=1)] == [50, 100]


@pytest.mark.parametrize("text", ["", "a", "49", "100,50", "100,100"])
def test_sizes_that_cannot_be_are_refused(text: str) -> None:
    done = CliRunner().invoke(command, ["--growth", text])
    assert done.exit_code == 2
    assert "--growth" in done.output


def test_the_table_of_growth_fits_into_80_columns_and_has_the_ratio_to_the_smallest_size() -> None:
    costs = [
        Cost(
            operation="operator goes and comes",
            live=live,
            stored=stored,
            count=100,
            process_microseconds=process * repetition,
            postgres_microseconds=0.0,
            microseconds=12_345.6,
            pause_milliseconds=process,
        )
        for repetition in (1, 2, 9)
        for live, stored, process in (
            (1000, 500, 100.0),
            (10_000, 500, 110.0),
            (100_000, 500, 220.0),
            (1000, 1_000_000, 90.0),
        )
    ]
    console = Console(width=80, file=io.StringIO())
    with console.capture() as capture:
        show_growth(costs, console)
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
    rows = [line.split() for line in lines]
    assert ["operator", "goes", "and", "comes", "CPU", "200.0", "1.10", "2.20", "0.90"] in rows
    assert ["Postgres", "0.0", "-", "-", "-"] in rows
    assert ["time", "12,345.6", "1.00", "1.00", "1.00"] in rows


def test_the_table_fits_into_80_columns_and_compares_what_was_measured_in_turn() -> None:
    measured = [
        Measured(
            server=server,
            at_once=64,
            requests_a_second=rate,
            p50_milliseconds=12.3,
            p99_milliseconds=123.4,
            server_microseconds=1234.5,
            postgres_microseconds=456.7,
            load_cores=0.12,
        )
        for server, rate in (("bare", 2000.0), ("gigs", 1000.0), ("bare", 1000.0), ("gigs", 900.0))
    ]
    console = Console(width=80, file=io.StringIO())
    with console.capture() as capture:
        show(measured, console)
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
    gigs = next(line for line in lines if re.match(r" *64 gigs", line))
    assert gigs.rstrip().endswith("70%")
    assert "50-90" in lines[lines.index(gigs) + 1]
