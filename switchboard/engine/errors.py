"""Everything that the engine can say no with, split by whose doing it is.

``EngineError`` is never raised itself. A ``Rejected`` is the caller's doing and changed nothing; an ``Unavailable``
is ours, and the same call may go through later. A bug is neither: it is answered as ``SessionCrashed``, which is no
``EngineError``, so that no dialect's table can take it for an expected refusal.
"""

from __future__ import annotations


class EngineError(Exception):
    """The root of every expected refusal; never raised itself."""


class Rejected(EngineError):
    """The command was understood and refused; nothing changed, and repeating it unchanged is refused again."""


class NotFound(Rejected):
    """There is no such thing, or none that this caller may know of."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no such {what}")
        self.what = what


class NotAllowed(Rejected):
    """The caller has no right to do this to that session."""


class NotAllowedInPhase(Rejected):
    """The session's phase does not take this command."""

    def __init__(self, phase: str) -> None:
        super().__init__(f"not allowed while {phase}")
        self.phase = phase


class Conflict(Rejected):
    """The command contradicts what has been decided already."""


class Engaged(Conflict):
    """The party is in another live session; ``session`` is the id of the one that holds it."""

    def __init__(self, session: str) -> None:
        super().__init__(f"already engaged in {session}")
        self.session = session


class RoomHeld(Conflict):
    """Another operator holds the room; ``holder`` is its account."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by {holder}")
        self.holder = holder


class RoomExists(Conflict):
    """The room that was to be opened is there; ``session`` is its id."""

    def __init__(self, session: str) -> None:
        super().__init__(f"room {session} is the same one")
        self.session = session


class RatingRequired(NotAllowed):
    """The party owes a rating; ``gig`` is the id of the gig to be rated."""

    def __init__(self, gig: str) -> None:
        super().__init__(f"gig {gig} waits for a rating")
        self.gig = gig


class NoOperatorsNearby(NotFound):
    """Nobody available is within the radius."""

    def __init__(self) -> None:
        super().__init__("operator nearby")


class NoDealers(NotFound):
    """The organization has no dealers at all."""

    def __init__(self) -> None:
        super().__init__("dealer")


class NobodyAvailable(NotFound):
    """No dealer of the organization is online and free; ``session`` is the stream that is kept to say so."""

    def __init__(self, session: str) -> None:
        super().__init__("available dealer")
        self.session = session


class OrganizationDisabled(NotAllowed):
    """The organization takes nothing new."""


class AlreadyRequested(Conflict):
    """The visitor's earlier request still waits; ``session`` is its stream."""

    def __init__(self, session: str) -> None:
        super().__init__(f"{session} was requested before")
        self.session = session


class TakenByAnother(Conflict):
    """Somebody else accepted first."""


class NotOnline(NotAllowed):
    """Only who is online may accept."""


class IdentityTaken(Conflict):
    """An identity (email, phone, username) belongs to another account; ``field`` names which."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is taken")
        self.field = field


class Invalid(Rejected):
    """A field has a value that cannot be; ``fields`` maps each to its reason."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in fields.items()))
        self.fields = fields


class KeyReused(Rejected):
    """An idempotency key was sent again with another request."""


class WrongCredentials(Rejected):
    """The password or one-time code does not open that account, or there is no such account: nobody is told which."""

    def __init__(self) -> None:
        super().__init__("wrong credentials")


class LimitExceeded(Rejected):
    """Too many tries; ``retry_after_seconds`` says when the next is counted afresh."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"too many tries, again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class Unavailable(EngineError):
    """Try again: not the caller's doing. Only ``CommitUnknown`` may have had an effect."""

    retry_after_seconds = 1


class MailboxFull(Unavailable):
    """The session has more waiting for it than its mailbox holds."""


class CommitQueueFull(Unavailable):
    """More turns wait for the database than the committer's queue holds."""


class Quarantined(Unavailable):
    """The session crashed too often and stands still until an operator releases it."""

    retry_after_seconds = 60


class StoreDown(Unavailable):
    """The database did not take the work; it certainly had no effect."""


class CommitUnknown(Unavailable):
    """The answer to a commit was lost: it may have happened. Repeat with the same idempotency key."""


class NotOwner(Unavailable):
    """This node does not own the session (any more)."""


class Expired(Unavailable):
    """The caller's own deadline passed before the command was decided; it had no effect."""


class Stopping(Unavailable):
    """The engine is shutting down."""


class VideoUnavailable(Unavailable):
    """The video provider gave no session, now; asked again it may."""


class VideoRefused(VideoUnavailable):
    """It will not, however often it is asked."""


class SessionCrashed(Exception):
    """A bug: the command made its session crash. ``incident`` is the id under which the log has the traceback."""

    def __init__(self, incident: str) -> None:
        super().__init__(f"internal error {incident}")
        self.incident = incident


class StartError(Exception):
    """The process cannot start; its text is one line for the person at the terminal."""
