"""How a dialect says who may listen to which channel, what feeds it and how that is rendered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from switchboard.engine.sessions.kind import Address
from switchboard.web.realtime.hub import QuickRenderer, Renderer

if TYPE_CHECKING:
    from switchboard.web.call import Call
    from switchboard.web.services import Services


class Admission(NamedTuple):
    """Somebody may listen."""

    user: str | None = None
    """Who it is to the others in a presence channel."""
    info: Mapping[str, Any] | None = None
    session: Address | None = None
    """Whose end, or whose change of parties, ends the listening."""


class Plan(NamedTuple):
    """What feeds a channel."""

    topics: tuple[str, ...]
    render: Renderer
    render_now: QuickRenderer | None = None


class Listening(NamedTuple):
    """A dialect's channels. Names are plain: ``private-encrypted-X`` and ``private-cache-X`` come as ``private-X``."""

    admit: Callable[[Call, str], Awaitable[Admission]]
    """Whether the caller may listen to that channel. Raises: NotAllowed, LoginRequired, StoreDown."""
    plan: Callable[[Services, str], Awaitable[Plan]]
    """What feeds it; no topics if nothing does. Raises: StoreDown."""
    still: Callable[[Any, str | None], bool]
    """Whether that account (None: who has none) may go on, now that the admission's session has become this."""
    user: Callable[[Call], Awaitable[Admission]] | None = None
    """Who signs in. Raises: LoginRequired."""


async def silent(_announcement: object) -> None:
    """The renderer of a channel that nothing feeds."""


NOTHING = Plan((), silent)
"""For channels in which only their members and the servers speak."""
