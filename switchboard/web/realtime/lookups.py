"""What renderers look up beside an announcement, so that one of them serves both ways of telling.

A renderer is a plain function of an announcement and ``Lookups``. What is in memory, which is nearly everything that
was committed a moment ago, it gets at once. Where it needs more it is left (``Missing``), that is read, and it is
called again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from switchboard.engine.records import Account
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.messages import Message
from switchboard.web.realtime.hub import NotNow

if TYPE_CHECKING:
    from switchboard.web.services import Services

T = TypeVar("T")


class Missing(NotNow):
    """Something is not in memory; ``fetch`` reads it."""

    def __init__(self, fetch: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.fetch = fetch


class Lookups:
    """Each method returns what is known, or None for what does not exist. Raises: Missing."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._read: dict[tuple[str, str], Any] = {}

    def message(self, id: str) -> Message | None:
        """That message."""
        messages = self._services.messages
        return self._have(("message", id), messages.recent, messages.get)

    def room(self, id: str) -> Room | None:
        """That room."""
        rooms = self._services.rooms
        return self._have(("room", id), rooms.here, rooms.get)

    def account(self, id: str) -> Account | None:
        """That account."""
        directory = self._services.directory
        return self._have(("account", id), directory.known, directory.get)

    def _have(
        self,
        key: tuple[str, str],
        at_once: Callable[[str], T | None],
        read: Callable[[str], Awaitable[T | None]],
    ) -> T | None:
        if key in self._read:
            found: T | None = self._read[key]
            return found
        found = at_once(key[1])
        if found is None:
            raise Missing(partial(self._fetch, key, read))
        return found

    async def _fetch(self, key: tuple[str, str], read: Callable[[str], Awaitable[Any]]) -> None:
        self._read[key] = await read(key[1])


Rendering: TypeAlias = Callable[[Announcement, Lookups], T | None]
"""None: nothing that is told. Raises: Missing."""


class Renderers(NamedTuple):
    """The two ways in which the hub asks (``hub.Renderer``, ``hub.QuickRenderer``)."""

    render: Callable[[Announcement], Awaitable[Any]]
    render_now: Callable[[Announcement], Any]


def renderers(services: Services, rendering: Rendering[Any]) -> Renderers:
    """Both of them, of one rendering."""
    in_memory = Lookups(services)

    async def render(announcement: Announcement) -> Any:
        lookups = Lookups(services)
        while True:
            try:
                return rendering(announcement, lookups)
            except Missing as missing:
                await missing.fetch()

    def render_now(announcement: Announcement) -> Any:
        return rendering(announcement, in_memory)

    return Renderers(render, render_now)
