"""Every kind of session, pure: what a kind is, its codec, its fold. The kinds themselves are the sub-packages."""

from switchboard.engine.sessions.codec import Codec, UnknownFormat
from switchboard.engine.sessions.kind import (
    Address,
    Claim,
    Command,
    Context,
    Deadline,
    Event,
    Kind,
    ListEntry,
    MessageColumns,
    Notice,
    Projection,
    Reaction,
    Tally,
)
from switchboard.engine.sessions.transitions import (
    ImpossibleTransition,
    Transitions,
    fold,
    next_phase,
)

__all__ = [
    "Address",
    "Claim",
    "Codec",
    "Command",
    "Context",
    "Deadline",
    "Event",
    "ImpossibleTransition",
    "Kind",
    "ListEntry",
    "MessageColumns",
    "Notice",
    "Projection",
    "Reaction",
    "Tally",
    "Transitions",
    "UnknownFormat",
    "fold",
    "next_phase",
]
