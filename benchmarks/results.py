"""What was measured, as it is kept: JSON lines, one a load; and medians and ranges of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from benchmarks.load import Load

NOISY_CORES = 0.25
"""What everything else on the machine may take during a load that counts as quiet."""

QUIET_LEAST = 3
"""So many quiet repetitions, and the noisy ones are left out."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One load on one server."""

    server: str
    title: str
    workload: str
    """Its label."""
    repetition: int
    """Loads of the same repetition of a workload were run one right after the other."""
    load: Load | None = None
    failed: str = ""
    """Why there is no load."""

    @property
    def quiet(self) -> bool:
        """Whether the machine was ours alone meanwhile."""
        return self.load is not None and self.load.other_cores <= NOISY_CORES


class Spread(NamedTuple):
    """Of some repetitions."""

    low: float
    middle: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Lowest, median and highest. There must be one."""
    return Spread(min(values), median(values), max(values))


def write(file: Path, measured: Sequence[Measured]) -> None:
    """Keeps them, in place of what the file had."""
    encode = msgspec.json.encode
    file.write_bytes(b"".join(encode(one) + b"\n" for one in measured))


def read(file: Path) -> list[Measured]:
    """What was kept. Raises: OSError; ValueError: it is no such file."""
    return [msgspec.json.decode(line, type=Measured) for line in file.read_bytes().splitlines()]


class Results:
    """The loads of a sitting by workload and server."""

    def __init__(self, measured: Sequence[Measured]) -> None:
        self._by: dict[str, dict[str, list[Measured]]] = {}
        self.titles: dict[str, str] = {}
        for one in measured:
            self._by.setdefault(one.workload, {}).setdefault(one.server, []).append(one)
            self.titles[one.server] = one.title

    @property
    def workloads(self) -> list[str]:
        """Their labels, in the order in which they were measured."""
        return list(self._by)

    def servers(self, workload: str) -> list[str]:
        """Who was measured in it, in the order in which they were."""
        return list(self._by.get(workload, ()))

    def loads(self, workload: str, server: str) -> list[Measured]:
        """Those that count: without noisy ones where enough are quiet."""
        done = [one for one in self._all(workload, server) if one.load is not None]
        quiet = [one for one in done if one.quiet]
        return quiet if len(quiet) >= QUIET_LEAST else done

    def failures(self, workload: str, server: str) -> list[str]:
        """Why loads failed."""
        return [one.failed for one in self._all(workload, server) if one.failed]

    def noisy(self, workload: str, server: str) -> bool:
        """Whether loads count in which the machine was not ours alone."""
        return not all(one.quiet for one in self.loads(workload, server))

    def of(self, workload: str, server: str, value: Callable[[Load], float]) -> Spread | None:
        """That value over the loads that count; None if there are none."""
        values = [value(one.load) for one in self.loads(workload, server) if one.load is not None]
        return spread(values) if values else None

    def ratio(
        self, workload: str, server: str, other: str, value: Callable[[Load], float]
    ) -> Spread | None:
        """That value as a multiple of the other server's, load by load of the same repetition.

        None: there are no two such loads, or the other's is 0.
        """
        ours = {one.repetition: one.load for one in self.loads(workload, server)}
        theirs = {one.repetition: one.load for one in self.loads(workload, other)}
        ratios = []
        for repetition, load in ours.items():
            beside = theirs.get(repetition)
            if load is not None and beside is not None and value(beside) > 0:
                ratios.append(value(load) / value(beside))
        if ratios:
            return spread(ratios)
        # The quiet repetitions of one may be the noisy ones of the other.
        mine, its = self.of(workload, server, value), self.of(workload, other, value)
        if mine is None or its is None or its.low <= 0:
            return None
        return Spread(mine.low / its.high, mine.middle / its.middle, mine.high / its.low)

    def _all(self, workload: str, server: str) -> list[Measured]:
        return self._by.get(workload, {}).get(server, [])
