"""How a dialect says who may join which topic, what feeds it and what may be pushed there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from switchboard.engine.records import Account
from switchboard.engine.runtime.announcements import Announcement
from switchboard.web.parsing import Values
from switchboard.web.security import Token

if TYPE_CHECKING:
    from switchboard.web.services import Services


class UnmatchedTopic(Exception):
    """There is no topic of that name."""


class UnmatchedEvent(Exception):
    """Nothing of that name can be pushed to the topic."""


class TooFast(Exception):
    """What is told without being stored comes too often."""


class Speaker(NamedTuple):
    """Who is connected."""

    services: Services
    account: Account


class Told(NamedTuple):
    """What an announcement is to those in a topic."""

    event: str
    payload: Any
    message: str | None = None
    """The id of the message that it tells of: who pushed it here is answered with it instead."""


class Push(NamedTuple):
    """What a client sends to a topic that it has joined."""

    speaker: Speaker
    id: str
    """Names it in the journal."""
    event: str
    payload: Values
    tell: Callable[[str, Any], Awaitable[None]]
    """Event and payload, for everybody else in the topic; kept nowhere."""
    may_tell: Callable[[], None]
    """To be asked before anything is done that is told so. Raises: TooFast."""
    answered_with: Callable[[str], None]
    """The message of that id, which is about to be stored, is not told to this client in this topic: it is in its
    reply."""
    not_answered_with: Callable[[str], None]
    """It was not stored under that id."""


Render: TypeAlias = Callable[[Announcement], Awaitable[Told | None]]
"""None: nothing that this topic tells. May raise Unavailable; then it is asked again."""

RenderNow: TypeAlias = Callable[[Announcement], Told | None]
"""The same without waiting. Raises: NotNow (hub)."""


class Place(NamedTuple):
    """What a topic's name means to who joins it."""

    key: str
    """Two with the same key are in the same topic."""
    topics: tuple[str, ...]
    """What feeds it."""
    render: Render
    render_now: RenderNow
    push: Callable[[Push], Awaitable[Any]]
    """Returns the reply's response, once what it tells of is committed. Raises: UnmatchedEvent, and whatever
    ``Speaking.refusal`` knows."""
    present: str | None = None
    """Who it is to the others there; None: nobody is told who is there."""


class Speaking(NamedTuple):
    """A dialect's topics."""

    authenticate: Callable[[Services, str], Awaitable[tuple[Token, Account]]]
    """Whose token that is. Raises: LoginRequired, StoreDown."""
    join: Callable[[Speaker, str, Any], Awaitable[Place]]
    """Speaker, topic and the payload of the join. Raises: UnmatchedTopic, and whatever ``refusal`` knows."""
    refusal: Callable[[Exception], Mapping[str, Any]]
    """The response of a reply that says no; has ``reason``. Raises: KeyError for what it does not know."""
