"""The checkers and the tests of the stores are worth something: every fault that is planted is noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from switchboard.engine.runtime.actor import Actor
from switchboard.engine.runtime.draft import Draft
from switchboard.simulations.mutants import (
    MUTANTS,
    STORE_MUTANTS,
    WORLD_MUTANTS,
    WorldMutant,
)
from switchboard.simulations.mutants.__main__ import mutants
from switchboard.simulations.mutants.hunt import (
    NoTests,
    hunt_in_tests,
    hunt_in_worlds,
    violation_in,
)
from switchboard.simulations.mutants.mutant import Kinds, in_worlds
from switchboard.simulations.mutants.patches import Patches, patched
from switchboard.simulations.world import simulate
from switchboard.store import migrations

ROOT = Path(__file__).parents[2]

MUTANTS_LEAST = 32


@pytest.mark.parametrize("name", WORLD_MUTANTS)
def test_a_fault_in_a_world_is_noticed_within_the_first_seeds(name: str) -> None:
    verdict = hunt_in_worlds(WORLD_MUTANTS[name])
    assert not verdict.survived, (verdict.caught_by, verdict.missing)
    print(f"{name}: {verdict.caught_by}, seeds needed: {verdict.seeds}")


def test_a_fault_in_a_store_fails_every_test_that_is_named_for_it() -> None:
    verdicts = hunt_in_tests(list(STORE_MUTANTS.values()), ROOT)
    assert {one.mutant.name: one.missing for one in verdicts if one.survived} == {}


def test_there_are_many_mutants_and_each_says_what_it_does_in_one_sentence() -> None:
    assert len(MUTANTS) >= MUTANTS_LEAST
    for one in MUTANTS.values():
        assert one.about.endswith("."), one.name
        assert ". " not in one.about, one.name
    assert len({one.about for one in MUTANTS.values()}) == len(MUTANTS)
    assert all(one.rules for one in WORLD_MUTANTS.values())
    assert all(one.tests for one in STORE_MUTANTS.values())


def test_a_noticed_fault_can_be_seen_again_by_one_command() -> None:
    violation = violation_in(WORLD_MUTANTS["replies-before-the-commit"], 1)
    assert violation is not None
    assert "replay: switchboard simulate --seed 1" in str(violation)
    assert "trace:" in str(violation)


CONTROLS = {(one.scenario, one.faults, one.people): one for one in WORLD_MUTANTS.values()}
"""One mutant for each sort of world."""


@pytest.mark.parametrize("one", CONTROLS.values(), ids=lambda one: one.name)
def test_the_first_world_of_each_sort_is_sound_without_the_fault(one: WorldMutant) -> None:
    simulate(one.plan(1))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_fault_is_gone_when_its_block_ends(name: str) -> None:
    parts: list[Any] = [Actor, Draft, migrations]
    before = [dict(vars(part)) for part in parts]
    for _ in range(2):
        with MUTANTS[name].planted():
            pass
    assert [dict(vars(part)) for part in parts] == before


def test_a_fault_cannot_be_planted_where_there_is_nothing() -> None:
    with pytest.raises(AttributeError), patched(Actor, "no_such_method", None):
        raise AssertionError("it was planted")
    with Patches() as patches, pytest.raises(LookupError):
        patches.rewrite("no such statement", "")


# -- survivors


@in_worlds("some rule")
def changes_nothing(_: Patches) -> Kinds | None:
    """Nothing is wrong."""
    return None


def test_a_fault_that_nobody_notices_is_a_survivor() -> None:
    verdict = hunt_in_worlds(changes_nothing, seeds_most=1)
    assert verdict.survived
    assert verdict.missing == ("nobody noticed in 1 worlds",)


def test_a_fault_that_breaks_another_rule_than_it_should_is_a_survivor() -> None:
    verdict = hunt_in_worlds(replace(WORLD_MUTANTS["skips-a-phase"], rules=("another rule",)))
    assert verdict.survived
    assert "not what it should" in verdict.missing[0]


def test_tests_that_are_not_there_are_not_taken_for_tests_that_fail(tmp_path: Path) -> None:
    unnoticed = replace(
        STORE_MUTANTS["checks-no-fence"], tests=("store/test_commit.py::test_nobody_wrote_this",)
    )
    with pytest.raises(NoTests, match="root of the source tree"):
        hunt_in_tests([unnoticed], tmp_path)
    with pytest.raises(NoTests, match="did not run"):
        hunt_in_tests([unnoticed], ROOT)


# -- the command


def test_the_command_shows_who_noticed_and_how_many_seeds_it_took() -> None:
    result = CliRunner().invoke(mutants, ["replies-before-the-commit", "skips-a-phase"])
    assert result.exit_code == 0, result.output
    assert "only what is committed is answered" in result.output
    assert result.output.splitlines()[-1] == "2 of 2 caught"


def test_the_command_ends_with_status_1_when_a_fault_survives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = "switchboard.simulations.mutants.__main__.MUTANTS"
    monkeypatch.setattr(registry, {changes_nothing.name: changes_nothing})
    result = CliRunner().invoke(mutants, ["--seeds", "1"])
    assert result.exit_code == 1
    assert "changes-nothing survives: Nothing is wrong." in result.output
    assert "0 of 1 caught" in result.output


def test_the_command_refuses_a_fault_that_it_does_not_know() -> None:
    result = CliRunner().invoke(mutants, ["no-such-fault"])
    assert result.exit_code == 2
    assert "no such mutant" in result.output


def test_the_command_can_say_what_each_fault_is() -> None:
    result = CliRunner().invoke(mutants, ["--list"])
    assert result.exit_code == 0
    for name, one in MUTANTS.items():
        assert f"{name} ({one.where}): {one.about}" in result.output
