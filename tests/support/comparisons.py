"""Results of a comparison as they could have been measured."""

from __future__ import annotations

from benchmarks.load import Load
from benchmarks.results import Measured

TITLES = {"switchboard": "Switchboard", "express": "Express", "fastapi": "FastAPI <asyncpg>"}


def measured(
    server: str, workload: str, repetition: int, rate: float, *, others: float = 0.0
) -> Measured:
    """A load with that many deliveries a second, while others took that many cores."""
    load = Load(
        messages_s=rate / 2,
        deliveries_s=rate,
        p50_ms=1.0,
        p99_ms=1000 / rate,
        server_cpu_s_per_1k=100 / rate,
        pg_cpu_s_per_1k=0.01,
        other_cores=others,
    )
    return Measured(
        server=server,
        title=TITLES[server],
        workload=workload,
        repetition=repetition,
        load=load,
    )


def idle(server: str, kilobytes: float) -> Measured:
    """What an idle connection weighs."""
    load = Load(kb_per_conn=kilobytes, rss_mb=100.0)
    return Measured(
        server=server, title=TITLES[server], workload="W5 idle 2000", repetition=0, load=load
    )


def a_sitting() -> list[Measured]:
    """Three servers, two workloads and the idle connections, three times each."""
    rates = {"switchboard": 2000.0, "express": 1000.0, "fastapi": 500.0}
    loads = [
        measured(server, workload, repetition, rate + 10 * repetition)
        for workload in ("W1 N=100 K=64", "W3 REST 16")
        for repetition in range(3)
        for server, rate in rates.items()
    ]
    return [*loads, idle("switchboard", 44.0), idle("express", 12.0)]
