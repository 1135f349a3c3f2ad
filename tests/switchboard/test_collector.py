"""The collector of cycles in a process that serves."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from switchboard import collector
collector.settle()
assert gc.get_threshold() == (collector.YOUNG_MOST, collector.MIDDLE_MOST, collector.OLD_MOST)
assert gc.get_freeze_count() > 1000
assert gc.isenabled()
"""


def test_what_is_loaded_is_never_looked_at_again_and_the_young_ones_less_often() -> None:
    """In a process of its own: it lasts."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
