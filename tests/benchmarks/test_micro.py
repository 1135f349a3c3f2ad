"""The micro-benchmarks run, and counts of instructions are compared with their record."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.micro.instructions import RECORD, Recorded, compared, grown, here
from benchmarks.micro.pure import PURE

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PURE)
def test_a_case_gives_the_same_each_time(name: str) -> None:
    run = PURE[name]()
    assert run() == run()


def test_every_micro_benchmark_runs_once() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-c", "benchmarks/micro/pytest.ini"]
    done = subprocess.run(
        [*command, "benchmarks/micro", "--benchmark-disable"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_growth_beyond_the_record_is_named() -> None:
    recorded = Recorded("3.11", "x86_64", {"gig_claim": 1000, "room_message": 1000})
    counts = {"gig_claim": 1020, "room_message": 1100, "relay_frame": 5}
    assert grown(counts, recorded) == ["room_message"]
    lines = compared(counts, recorded)
    assert [line.split() for line in lines] == [
        ["gig_claim", "1,020", "+2.0%"],
        ["room_message", "1,100", "+10.0%"],
        ["relay_frame", "5"],
    ]


def test_a_record_holds_for_one_python_on_one_kind_of_machine() -> None:
    assert Recorded(*here(), {}).fits()
    assert not Recorded("2.7", "pdp11", {}).fits()


def test_the_record_has_every_case() -> None:
    recorded = msgspec.json.decode(RECORD.read_bytes(), type=Recorded)
    assert set(recorded.counts) == set(PURE)
