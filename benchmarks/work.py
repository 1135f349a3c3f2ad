"""The folder outside of the repository in which everything lies that a comparison makes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
"""Where the peers' servers and the adapters are."""

VARIABLE = "SWITCHBOARD_BENCH_WORK"

POSTGRES = "postgres"
"""The folder of the sitting's Postgres, within that of the sitting."""


def work_folder() -> Path:
    """The folder; it is made if it is not there. What is installed and what was measured stays in it."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "switchboard-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextmanager
def sitting_folder() -> Iterator[Path]:
    """A folder for the databases and logs of one sitting, removed at its end."""
    with tempfile.TemporaryDirectory(
        prefix="sitting-", dir=work_folder(), ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        # Postgres does not run as root, and has to reach its files.
        folder.chmod(0o755)
        (folder / POSTGRES).mkdir(mode=0o755)
        yield folder
