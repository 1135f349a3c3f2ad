"""The seed determines a world: across processes, hash seeds, and whatever ran before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import trio

from switchboard.simulations import world
from switchboard.simulations.report import Plan
from switchboard.simulations.world import deterministic, simulate

PLAN = Plan(seed=11, people=10, hours=0.2, scenario="fragile")

PROGRAM = """
from switchboard.simulations.report import Plan
from switchboard.simulations.world import simulate
print(simulate(Plan(seed=11, people=10, hours=0.2, scenario="fragile")).digest)
"""

SECONDS_MOST = 60.0
"""A process takes two."""


def digest_elsewhere(hash_seed: str) -> str:
    """The digest of the plan in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MOST,
        check=True,
    )
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_digest_in_every_process_and_with_every_hash_seed() -> None:
    here = simulate(PLAN).digest
    assert [digest_elsewhere(hash_seed) for hash_seed in ("0", "1", "random")] == [here] * 3


def test_another_seed_another_scenario_or_one_person_more_is_another_world() -> None:
    plans = [
        PLAN,
        Plan(seed=12, people=10, hours=0.2, scenario="fragile"),
        Plan(seed=11, people=10, hours=0.2, scenario="calm"),
        Plan(seed=11, people=11, hours=0.2, scenario="fragile"),
    ]
    assert len({simulate(plan).digest for plan in plans}) == len(plans)


def test_a_world_does_not_depend_on_the_one_before_it() -> None:
    first = simulate(PLAN)
    simulate(Plan(seed=5, people=4, hours=0.2, scenario="rush"))
    again = simulate(PLAN)
    assert (again.digest, again.counts, again.refusals) == (
        first.digest,
        first.counts,
        first.refusals,
    )


def test_trio_schedules_as_before_once_a_world_is_over() -> None:
    run = trio._core._run
    allowed, state = run._ALLOW_DETERMINISTIC_SCHEDULING, run._r.getstate()
    with deterministic(1):
        assert run._ALLOW_DETERMINISTIC_SCHEDULING
    assert allowed == run._ALLOW_DETERMINISTIC_SCHEDULING
    assert run._r.getstate() == state


def test_only_the_world_touches_trios_private_names() -> None:
    own = Path(world.__file__)
    sources = [path for path in own.parents[1].rglob("*.py") if path != own]
    assert [path.name for path in sources if "trio._" in path.read_text()] == []
