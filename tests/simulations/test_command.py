"""``switchboard simulate`` as somebody at a terminal meets it."""

from __future__ import annotations

import itertools
import json
import shlex

import pytest
from click.testing import CliRunner

from switchboard.command_line import switchboard
from switchboard.engine.runtime.announcements import Announcements
from switchboard.simulations.faults import FAULTS
from switchboard.simulations.plan import Plan

SMALL = ["simulate", "--people", "6", "--hours", "0.3", "--scenario", "rush"]


def test_the_summary_names_what_happened_and_how_long_it_took() -> None:
    result = CliRunner().invoke(switchboard, [*SMALL, "--seed", "4"])
    assert result.exit_code == 0, result.output
    for words in (
        "switchboard simulate --seed 4 --people 6 --hours 0.3 --scenario rush",
        "gigs ",
        "heard ",
        "late timers",
        "locks",
        "operations",
        "simulated hours",
        "wall seconds",
        "digest",
    ):
        assert words in result.output


def test_many_worlds_are_run_one_after_another_with_the_following_seeds() -> None:
    result = CliRunner().invoke(switchboard, [*SMALL, "--seed", "4", "--worlds", "3", "--json"])
    assert result.exit_code == 0, result.output
    worlds = [json.loads(line) for line in result.output.splitlines()]
    assert [one["plan"]["seed"] for one in worlds] == [4, 5, 6]
    assert len({one["digest"] for one in worlds}) == 3
    table = CliRunner().invoke(switchboard, [*SMALL, "--seed", "4", "--worlds", "2"])
    assert "seeds 4 to 5" in table.output


def test_a_violated_invariant_ends_it_with_the_trace_and_the_command_that_replays_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Announcements, "publish", lambda _self, _topic, _announcements: None)
    result = CliRunner().invoke(switchboard, [*SMALL, "--seed", "4", "--worlds", "9"])
    assert result.exit_code == 1
    assert "notices are heard in order and without a silent hole" in result.output
    assert "trace:" in result.output
    lines = result.output.splitlines()
    assert "switchboard simulate --seed 4 --people 6 --hours 0.3 --scenario rush" in lines
    # Nothing but the fault itself is needed, so all that could be left out was.
    assert lines[-1].startswith("switchboard simulate --seed 4 --people 2 --hours 0.0")
    assert "--scenario rush --faults none --kinds " in lines[-1]


def test_a_smaller_plan_is_not_looked_for_if_nobody_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Announcements, "publish", lambda _self, _topic, _announcements: None)
    result = CliRunner().invoke(switchboard, [*SMALL, "--seed", "4", "--no-reduce"])
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last == "switchboard simulate --seed 4 --people 6 --hours 0.3 --scenario rush"


def parsed(command: str) -> Plan:
    """The plan that the command runs."""
    result = CliRunner().invoke(switchboard, [*shlex.split(command)[1:], "--json"])
    assert result.exit_code == 0, result.output
    plan = json.loads(result.output)["plan"]
    faults = plan.pop("faults")
    return Plan(**plan, faults=None if faults is None else tuple(faults))


@pytest.mark.parametrize("faults", [None, (), ("kill", "clock"), tuple(FAULTS)])
def test_a_plans_command_runs_that_plan(faults: tuple[str, ...] | None) -> None:
    plan = Plan(seed=77, people=3, hours=1 / 30, faults=faults)
    assert parsed(plan.command) == plan


def test_faults_can_be_named_and_left_out() -> None:
    start = "switchboard simulate --people 2 --hours 0.01 --seed 5"
    assert parsed(f"{start} --faults lost,kill").faults == ("kill", "lost")
    assert parsed(f"{start} --faults all --without kill,zombie").faults == tuple(
        name for name in FAULTS if name not in ("kill", "zombie")
    )
    drawn = Plan(seed=5).active
    assert parsed(f"{start} --without {drawn[0]}").faults == drawn[1:]


def test_worlds_in_two_processes_are_the_same_as_in_one_and_summed_up() -> None:
    many = ["simulate", "--people", "3", "--hours", "0.05", "--worlds", "4"]
    one, two = (
        CliRunner().invoke(switchboard, [*many, "--jobs", jobs, "--json"]) for jobs in ("1", "2")
    )
    digests = [
        [json.loads(line)["digest"] for line in result.output.splitlines()] for result in (one, two)
    ]
    assert len(digests[0]) == 4
    assert digests[0] == digests[1]
    table = CliRunner().invoke(switchboard, [*many, "--twice"])
    for words in ("seeds 1 to 4", "twice the same", "worlds/min", "simulated hours", "kills"):
        assert words in table.output


def test_it_runs_for_as_long_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every look at the clock takes a minute.
    minutes = itertools.count(0, 60)
    monkeypatch.setattr("switchboard.simulations.command.time.monotonic", lambda: next(minutes))
    arguments = ["simulate", "--people", "2", "--hours", "0.01", "--minutes", "3", "--json"]
    result = CliRunner().invoke(switchboard, arguments)
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--people", "1"],
        ["--hours", "0"],
        ["--scenario", "none"],
        ["--worlds", "0"],
        ["--faults", "kill,rain"],
        ["--jobs", "0"],
    ],
)
def test_a_plan_that_cannot_be_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(switchboard, ["simulate", *arguments])
    assert result.exit_code == 2


def test_the_kinds_that_live_there_bring_what_they_need_and_are_part_of_the_plan() -> None:
    result = CliRunner().invoke(switchboard, [*SMALL, "--kinds", "stream"])
    assert result.exit_code == 0, result.output
    assert "--scenario rush --kinds gig,person,stream" in " ".join(result.output.split())
    assert "streams " in result.output
    assert "holders timed out" not in result.output
    unknown = CliRunner().invoke(switchboard, [*SMALL, "--kinds", "stream,ship"])
    assert unknown.exit_code == 2
    assert "'ship' is none of gig, person, stream, room" in unknown.output
