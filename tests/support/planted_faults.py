"""A pytest plugin that runs tests of the stores with a planted fault in them: ``pytest tests/store_conformance --mutant
checks-no-fence``. They then must fail; ``switchboard.simulations.mutants`` is where faults and their tests are named.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from switchboard.simulations.mutants import STORE_MUTANTS
from switchboard.simulations.mutants.hunt import named

TESTS = Path(__file__).parents[1]

FOLDERS = ("store_conformance", "store")
"""Faults of a store are planted here and nowhere else."""

PARAMETER = "planted_fault"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option."""
    parser.addoption(
        "--mutant",
        action="append",
        default=[],
        choices=list(STORE_MUTANTS),
        help="Plant this fault in the stores (may be repeated), and run the tests that must notice it.",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test of a store is made once for every fault that was asked for."""
    names: list[str] = metafunc.config.getoption("mutant")
    if names and metafunc.definition.path.relative_to(TESTS).parts[0] in FOLDERS:
        metafunc.fixturenames.append(PARAMETER)
        metafunc.parametrize(PARAMETER, names, ids=names)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only the tests that must notice a fault are left."""
    if config.getoption("mutant"):
        kept = [item for item in items if _is_named(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def _is_named(item: pytest.Item) -> bool:
    name = _fault_of(item)
    return name is not None and (
        not STORE_MUTANTS[name].tests or _plain(item, name) in STORE_MUTANTS[name].tests
    )


def _fault_of(item: pytest.Item) -> str | None:
    callspec: Any = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(PARAMETER)


def _plain(item: pytest.Item, name: str) -> str:
    assert isinstance(item, pytest.Function)
    file = item.path.relative_to(TESTS).as_posix()
    return named(f"{file}::{item.originalname}", item.callspec.id, name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """The fault is there from before the test's fixtures until after them."""
    name = _fault_of(item)
    if name is None:
        return (yield)
    with STORE_MUTANTS[name].planted():
        return (yield)
