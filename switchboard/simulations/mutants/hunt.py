"""Looks for who notices a planted fault: worlds seed by seed, or the tests of the stores in one run of pytest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from switchboard.simulations.mutants.mutant import Mutant, StoreMutant, WorldMutant
from switchboard.simulations.trace import Violation
from switchboard.simulations.world import simulate

TESTS = "tests"
"""Below the source tree's root; the tests are not installed with the package."""

TEST_SECONDS_MOST = 60
"""Each test takes less than a second; a fault may make it wait for ever."""

RESULT = re.compile(r"^tests/(\S+) (PASSED|FAILED|ERROR)\b")
"""A line of ``pytest --verbose``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    caught_by: str
    """The rule that was broken, or how many tests failed."""
    seeds: int | None = None
    """How many worlds it took; None for tests."""
    missing: tuple[str, ...] = ()
    """Why it counts as a survivor: nobody noticed, a rule that it should not break, tests that passed."""

    @property
    def survived(self) -> bool:
        """Whether somebody did not notice who should have."""
        return bool(self.missing)


class NoTests(Exception):
    """The tests of the stores are not there, or did not run; the text says why."""


def violation_in(mutant: WorldMutant, seed: int) -> Violation | None:
    """What the checkers say of one world with the fault in it."""
    with mutant.planted() as kinds:
        try:
            simulate(mutant.plan(seed), kinds=kinds)
        except Violation as violation:
            return violation
    return None


def hunt_in_worlds(mutant: WorldMutant, seeds_most: int | None = None) -> Verdict:
    """Runs the seeds from 1 on until one of them breaks a rule, at most as many as the mutant says if None."""
    seeds_most = seeds_most or mutant.seeds_most
    for seed in range(1, seeds_most + 1):
        violation = violation_in(mutant, seed)
        if violation is not None:
            rule = violation.rule
            missing = () if rule in mutant.rules else (f"broke {rule!r}, not what it should",)
            return Verdict(mutant=mutant, caught_by=rule, seeds=seed, missing=missing)
    missing = (f"nobody noticed in {seeds_most} worlds",)
    return Verdict(mutant=mutant, caught_by="", seeds=seeds_most, missing=missing)


def hunt_in_tests(
    mutants: Sequence[StoreMutant], root: Path, progress: Callable[[], None] = lambda: None
) -> list[Verdict]:
    """Runs the tests that must notice these mutants, all of them in one pytest with one database server.

    Args:
        root: of the source tree.
        progress: called after every test.

    Raises: NoTests.
    """
    if not (root / TESTS).is_dir():
        raise NoTests(f"{root} has no folder {TESTS!r}: run it at the root of the source tree")
    if not mutants:
        return []
    results = _run(_command(mutants), root, progress)
    return [_verdict(mutant, results) for mutant in mutants]


def _command(mutants: Sequence[StoreMutant]) -> list[str]:
    named = {f"{TESTS}/{test.partition('[')[0]}": None for one in mutants for test in one.tests}
    planted = [word for one in mutants for word in ("--mutant", one.name)]
    options = ["--verbose", "--tb=no", "-p", "no:cacheprovider", f"--timeout={TEST_SECONDS_MOST}"]
    return [sys.executable, "-m", "pytest", *options, *planted, *named]


def _run(command: Sequence[str], root: Path, progress: Callable[[], None]) -> dict[str, str]:
    """Test as pytest names it -> PASSED, FAILED or ERROR. Raises: NoTests."""
    environment = {**os.environ, "COLUMNS": "400", "PYTEST_ADDOPTS": ""}
    results: dict[str, str] = {}
    with subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            match = RESULT.match(line)
            if match is not None:
                results[match[1]] = match[2]
                progress()
    # 0: all passed (so all survived), 1: some failed; anything else says that the run itself is broken.
    if process.returncode not in (0, 1) or "ERROR" in results.values():
        raise NoTests("the tests did not run:\n" + "".join(lines[-40:]))
    return results


def _verdict(mutant: StoreMutant, results: dict[str, str]) -> Verdict:
    failed, missing = 0, []
    for test in mutant.tests:
        outcome = _outcome(test, mutant.name, results)
        failed += outcome == "FAILED"
        if outcome != "FAILED":
            missing.append(f"{test}: {outcome.lower()}")
    caught_by = ""
    if failed:
        sentence = mutant.tests[0].partition("[")[0].rpartition("::test_")[2].replace("_", " ")
        caught_by = f"test: {sentence}" + (f" (and {failed - 1} more)" if failed > 1 else "")
    return Verdict(mutant=mutant, caught_by=caught_by, missing=tuple(missing))


def _outcome(test: str, name: str, results: dict[str, str]) -> str:
    plain = test.partition("[")[0]
    for found, outcome in results.items():
        nodeid, _, parameters = found.rstrip("]").partition("[")
        if nodeid == plain and name in parameters and named(nodeid, parameters, name) == test:
            return outcome
    return "not run"


def named(nodeid: str, parameters: str, name: str) -> str:
    """How a test that runs with that fault is named without it.

    Args:
        nodeid: file and name. parameters: as pytest joins them, the fault's name among them.
    """
    for with_hyphen in (f"-{name}", f"{name}-"):
        if with_hyphen in parameters:
            return f"{nodeid}[{parameters.replace(with_hyphen, '', 1)}]"
    return nodeid
