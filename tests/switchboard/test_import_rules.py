"""The import rules in pyproject.toml name every module that they must keep apart."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PARTS = {"engine", "outbound", "simulations", "store", "web"}
"""The packages that have rules of their own."""


def contracts() -> dict[str, dict[str, Any]]:
    """The contracts by name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {one["name"]: one for one in settings["tool"]["importlinter"]["contracts"]}


def modules_at_the_root() -> set[str]:
    """Those that see all."""
    root = ROOT / "switchboard"
    names = {file.stem for file in root.glob("*.py")} | {
        file.parent.name for file in root.glob("*/__init__.py")
    }
    return {f"switchboard.{name}" for name in names - PARTS - {"__init__"}}


def test_nobody_below_may_import_a_module_at_the_root() -> None:
    rules = contracts()
    for name in (
        "The engine knows neither HTTP nor SQL nor who starts it",
        "The store, the web and what goes out know the engine alone",
    ):
        assert modules_at_the_root() <= set(rules[name]["forbidden_modules"]), name


def test_asyncio_and_postgres_are_forbidden_everywhere_but_in_the_store() -> None:
    sources = set(contracts()["asyncio and Postgres are met in the store alone"]["source_modules"])
    parts = {f"switchboard.{part}" for part in PARTS - {"store"}}
    assert sources == modules_at_the_root() | parts
