"""From what is stored to a state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from switchboard.engine.ports import JournalEntry, Stored
from switchboard.engine.sessions.codec import Codec
from switchboard.engine.sessions.kind import Kind

VOID = "void"
"""The journal entry that settles an unknown commit: it takes up a version and changes nothing."""


def fold(
    kind: Kind[Any], codec: Codec[Any], entries: Sequence[JournalEntry], state: Any | None = None
) -> Any | None:
    """The state after those entries, in order, on top of ``state``."""
    for entry in entries:
        if entry.name != VOID:
            event = codec.decode_event(entry.name, entry.format, entry.body)
            state = kind.evolve(state, event)
    return state


def restore(kind: Kind[Any], codec: Codec[Any], stored: Stored | None) -> tuple[Any | None, int]:
    """(state, version) of a stored session; (None, 0) if it does not exist."""
    if stored is None:
        return None, 0
    state = None
    if stored.snapshot is not None:
        state = codec.decode_state(stored.snapshot.format, stored.snapshot.body)
    return fold(kind, codec, stored.tail, state), stored.version
