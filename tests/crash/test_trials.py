"""``switchboard crash`` in a short form: real servers are killed, cut off and taken over from, and keep their word."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from real_gigs import data_folder, new_postgres_pid
from server_process import COMMAND, environment, lives, started

from switchboard.crash.ending import Result
from switchboard.crash.findings import Finding
from switchboard.crash.one_server import EARLY
from switchboard.crash.report import summary

SECONDS_MOST = 110.0
"""For one trial of these, which takes a fifth of it on an idle machine."""

NOTHING = {"kills": 0, "faults": 0, "stops": 0, "takeovers": 0, "control": 0}


def trial(**options: str | int) -> tuple[int, Any]:
    """The exit code, and the answer in JSON."""
    arguments = [f"--{name}={value}" for name, value in (NOTHING | options).items()]
    done = subprocess.run(
        [*COMMAND, "crash", "--places=4", "--json", *arguments],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MOST,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_server_killed_stopped_and_cut_off_from_its_database_keeps_all_it_acknowledged() -> None:
    code, told = trial(kills=2, stops=1, faults=4, seed=31)
    assert told["findings"] == []
    assert code == 0
    assert sum(told["faults"].values()) == 7
    assert told["checks"] == 8
    assert told["acknowledged"] > 100
    assert told["entries"] >= told["gigs"] > 10


def test_an_engine_that_wakes_up_after_another_has_taken_over_says_yes_to_nothing_and_ends() -> (
    None
):
    code, told = trial(takeovers=1)
    assert told["findings"] == []
    assert code == 0
    assert told["faults"] == {"take-over": 1}
    assert told["acknowledged"] > 50


def test_a_server_that_answers_before_it_commits_is_found_out() -> None:
    code, told = trial(kills=2, module=EARLY)
    assert code == 1
    assert told["lost"] > 0
    assert any(one.startswith("lost: #") and "acknowledged 200" in one for one in told["findings"])


@pytest.mark.parametrize(
    ("found", "control", "good"),
    [([], 1, True), ([Finding("lost", "x")], 1, False), ([], 0, False), ([], None, True)],
)
def test_a_trial_is_good_if_it_finds_nothing_and_its_control_something(
    found: list[Finding], control: int | None, good: bool
) -> None:
    result, liar = Result(), Result()
    result.counts.findings += found
    liar.counts.findings += [Finding("lost", "y")] * (control or 0)
    kills = 0 if control is None else 3
    assert summary(1, [result], None if control is None else liar, kills).good is good


def test_a_trial_that_is_asked_to_end_leaves_nothing_behind() -> None:
    with data_folder() as folder:
        folder.chmod(0o755)
        arguments = [*COMMAND, "crash", "--kills=1000", "--places=1", f"--scratch={folder}"]
        with started(arguments, {}) as process:
            database = new_postgres_pid(
                folder, "switchboard-crash-*/one/data/postgres/postmaster.pid"
            )
            assert process.end() != 0
        assert not lives(database)
        assert list(folder.iterdir()) == []
        assert "Traceback" not in process.output
