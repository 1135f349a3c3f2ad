"""``switchboard simulate`` as somebody at a terminal meets it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from switchboard.command_line import switchboard
from switchboard.engine.runtime.announcements import Announcements

SMALL = ["simulate", "--people", "6", "--hours", "0.3", "--scenario", "rush"]


def test_the_summary_names_what_happened_and_how_long_it_took() -> None:
    result = CliRunner().invoke(switchboard, [*SMALL, "--seed", "4"])
    assert result.exit_code == 0, result.output
    for words in (
        "switchboard simulate --seed 4 --people 6 --hours 0.3 --scenario rush",
        "gigs ",
        "heard ",
        "timers late",
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
    monkeypatch.setattr(Announcements, "publish", lambda _self, _announcement: None)
    result = CliRunner().invoke(switchboard, [*SMALL, "--seed", "4", "--worlds", "9"])
    assert result.exit_code == 1
    assert "notices are heard in order and without a silent hole" in result.output
    assert "trace:" in result.output
    last = result.output.splitlines()[-1]
    assert last == "switchboard simulate --seed 4 --people 6 --hours 0.3 --scenario rush"


@pytest.mark.parametrize(
    "arguments", [["--people", "1"], ["--hours", "0"], ["--scenario", "none"], ["--worlds", "0"]]
)
def test_a_plan_that_cannot_be_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(switchboard, ["simulate", *arguments])
    assert result.exit_code == 2
