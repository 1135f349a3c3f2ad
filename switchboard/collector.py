"""How often Python looks for garbage in cycles, in a process that serves for months."""

from __future__ import annotations

import gc
from typing import Final

YOUNG_MOST: Final = 25_000
"""New objects between two looks at the young ones (700 by default). A request leaves some hundred behind that reference
counts free; at 700, looks at what other requests still hold took a tenth of the server's time and more."""

MIDDLE_MOST: Final = 20
OLD_MOST: Final = 20
"""Looks at one generation for each at the next."""


def settle() -> None:
    """Called once everything is loaded: what is there now stays for good, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MOST, MIDDLE_MOST, OLD_MOST)
