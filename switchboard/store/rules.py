"""What both stores must agree on and cannot share as code, because one of them decides in SQL."""

from __future__ import annotations

from typing import Final

from switchboard.engine.clock import Instant
from switchboard.engine.ports import JournalEntry, Turn

VOID: Final = "void"
"""Name of the entry, and phase of an otherwise empty session, that rule out an unknown commit."""

SETTLING: Final = "system:settle"


def instant_of(turn: Turn) -> Instant:
    """When the turn was decided; a turn without entries has no instant of its own."""
    return turn.entries[-1].at if turn.entries else 0


def void_entry(turn: Turn) -> JournalEntry:
    """What stands in the journal in place of a turn that never happened."""
    return JournalEntry(
        version=turn.expected + 1,
        name=VOID,
        format=1,
        body=b"{}",
        at=instant_of(turn),
        by=SETTLING,
        caused_by=turn.id,
        code_version=turn.entries[-1].code_version if turn.entries else "",
    )
