"""Counts machine instructions of the pure parts with Valgrind: a regression shows however noisy the machine is.

Each case runs twice, few and many times; the difference is what the further ones took, without Python's start. The
counts of the last record (``instructions.json``) hold for one version of Python on one kind of machine.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from benchmarks.micro.pure import PURE
from benchmarks.work import HERE

RECORD = Path(__file__).with_name("instructions.json")

FEW, MANY = 10, 110

WORTH = 100_000_000
"""So many instructions are counted of a case at least: the start of a process differs by some 200,000 each time."""

CALLS_MOST = 20_000

MORE_MOST = 0.03
"""What a case may take beyond its record: dictionaries and allocators vary by less than 1 %."""

COLLECTED = re.compile(r"Collected\s*:\s*(\d+)")


class Recorded(msgspec.Struct, frozen=True):
    """Counts a call, and what they hold for."""

    python: str
    machine: str
    counts: dict[str, int]

    def fits(self) -> bool:
        """Whether they can be compared with counts of this Python on this machine."""
        return (self.python, self.machine) == here()


def here() -> tuple[str, str]:
    """This version of Python and this kind of machine."""
    return f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine()


def count(name: str) -> int:
    """Instructions of one call of that case."""
    few = _collected(name, FEW)
    about = (_collected(name, MANY) - few) / (MANY - FEW)
    many = min(CALLS_MOST, round(WORTH / about))
    if many <= MANY:
        return round(about)
    return round((_collected(name, many) - few) / (many - FEW))


def _collected(name: str, times: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        command += [sys.executable, "-m", "benchmarks.micro.counted", name, str(times)]
        # Otherwise the order in sets differs from run to run, and with it what is compared with what.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            command, cwd=HERE.parent, env=environment, capture_output=True, text=True, check=False
        )
    found = COLLECTED.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"valgrind failed:\n{done.stderr[-2000:]}")
    return int(found[1])


def compared(counts: Mapping[str, int], recorded: Recorded | None) -> list[str]:
    """A line a case."""
    lines = []
    for name, found in counts.items():
        line = f"{name:20} {found:>10,}"
        if recorded is not None and name in recorded.counts:
            line += f" {found / recorded.counts[name] - 1:+8.1%}"
        lines.append(line)
    return lines


def grown(counts: Mapping[str, int], recorded: Recorded) -> list[str]:
    """The cases that take more than they may."""
    return [
        name
        for name, found in counts.items()
        if name in recorded.counts and found > recorded.counts[name] * (1 + MORE_MOST)
    ]


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(PURE)))
@click.option("--record", is_flag=True, help="Keep the counts, to be compared with from now on.")
def main(names: Sequence[str], record: bool) -> None:
    """Count instructions of the pure parts; fails if one takes more than its record."""
    if shutil.which("valgrind") is None:
        raise click.ClickException("valgrind is missing, which counts instructions")
    recorded = msgspec.json.decode(RECORD.read_bytes(), type=Recorded)
    counts = {name: count(name) for name in names or PURE}
    for line in compared(counts, recorded if recorded.fits() else None):
        click.echo(line)
    if record:
        fresh = Recorded(*here(), {**(recorded.counts if recorded.fits() else {}), **counts})
        RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(fresh)) + b"\n")
    elif not recorded.fits():
        click.echo(f"nothing to compare with: the record is of Python {recorded.python}")
    elif more := grown(counts, recorded):
        raise click.ClickException(f"more than {MORE_MOST:.0%} beyond the record: {more}")


if __name__ == "__main__":
    main()
