"""What is read out of a load, and what Switchboard is to reach in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.load import Load
from benchmarks.results import Results, Spread
from benchmarks.servers import OURS

MICROSECONDS = 1000.0
"""Seconds a thousand are milliseconds each; this makes microseconds of them."""


def rate(load: Load) -> float:
    """Deliveries, or requests, a second."""
    return load.deliveries_s


def p50(load: Load) -> float:
    """Milliseconds; from the sending of a message to a member's receipt, or of a request."""
    return load.p50_ms


def p99(load: Load) -> float:
    """The same of the slowest one in a hundred."""
    return load.p99_ms


def server_cpu(load: Load) -> float:
    """Microseconds of the server's CPU for a delivery, or a request."""
    return load.server_cpu_s_per_1k * MICROSECONDS


def postgres_cpu(load: Load) -> float:
    """The same of Postgres."""
    return load.pg_cpu_s_per_1k * MICROSECONDS


def total_cpu(load: Load) -> float:
    """The server and Postgres: what the machine has to give for it."""
    return server_cpu(load) + postgres_cpu(load)


def memory(load: Load) -> float:
    """Kilobytes by which the server grew for each idle connection."""
    return load.kb_per_conn


class Target(NamedTuple):
    """What a workload's result is to be."""

    workload: str
    what: str
    value: Callable[[Load], float]
    against: str | None
    """The peer of whose value it is a multiple; None: the value itself counts."""
    least: float | None
    most: float | None
    aim: bool
    """Whether it is what is hoped for, not what is promised."""

    @property
    def bound(self) -> str:
        """In words."""
        edge = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return f"{edge} kB" if self.against is None else f"{edge} x {self.against}"

    def reached(self, results: Results) -> tuple[Spread, bool] | None:
        """The value measured, and whether its median is within the bound; None: it was not measured."""
        if self.against is None:
            found = results.of(self.workload, OURS, self.value)
        else:
            found = results.ratio(self.workload, OURS, self.against, self.value)
        if found is None:
            return None
        low = self.least is None or found.middle >= self.least
        return found, low and (self.most is None or found.middle <= self.most)


def _targets() -> list[Target]:
    found = []
    for label in ("W1 N=2 K=4", "W1 N=2 K=64", "W2 500x2"):
        found.append(Target(label, "throughput", rate, "fastapi", 1.0, None, False))
        found.append(Target(label, "throughput", rate, "express-ordered", 1.0, None, True))
    for label in ("W1 N=100 K=64", "W1 N=500 K=64"):
        found.append(Target(label, "throughput", rate, "fastapi", 1.0, None, False))
        found.append(Target(label, "throughput", rate, "express", 1.3, None, True))
    for label in ("W3 REST 16", "W4 lifecycle 32"):
        found.append(Target(label, "total CPU", total_cpu, "fastapi", None, 1.0, False))
        found.append(Target(label, "total CPU", total_cpu, "express", None, 1.0, True))
    labels = list(dict.fromkeys(one.workload for one in found))
    found += [Target(label, "p99", p99, "fastapi", None, 1.0, False) for label in labels]
    for most, aim in ((45.0, False), (20.0, True)):
        found.append(Target("W5 idle 2000", "memory", memory, None, None, most, aim))
    return sorted(found, key=lambda one: (one.workload, one.aim))


TARGETS = tuple(_targets())
