"""Who is online and when it was last heard: exact, because it observes what is adopted."""

from __future__ import annotations

from typing import NamedTuple

from switchboard.engine.clock import Instant
from switchboard.engine.ports import Header, Sessions
from switchboard.engine.sessions.person import Person, PersonSummary

PAGE = 1000
"""People read at once at the start."""


class Presence(NamedTuple):
    """Somebody online."""

    heard_at: Instant
    fresh_until: Instant
    """From then on it is not taken for online, whether its own timer has run or not."""


class Presences:
    """People online. Every change and every look is synchronous."""

    def __init__(self) -> None:
        self._online: dict[str, Presence] = {}

    async def open(self, sessions: Sessions, now: Instant) -> None:
        """Reads who is online; they have their time-out, counted from now, to be heard. Raises: StoreDown."""
        after: Header | None = None
        while True:
            page = await sessions.timed("person", "online", PAGE, after=after)
            for header in page:
                if header.summary is not None:
                    person = PersonSummary.decode(header.summary)
                    fresh = max(person.seen_at, now) + person.timeout
                    self._online[person.account] = Presence(person.seen_at, fresh)
            if len(page) < PAGE:
                return
            after = page[-1]

    def changed(self, person: Person) -> bool:
        """A person was adopted in that state. Returns: whether it came online by it."""
        if person.phase != "online":
            self._online.pop(person.id, None)
            return False
        came = person.id not in self._online
        self._online[person.id] = Presence(person.seen_at, person.seen_at + person.timeout)
        return came

    def __contains__(self, account: str) -> bool:
        return account in self._online

    def heard_at(self, account: str, now: Instant) -> Instant | None:
        """When the person was last heard; None if it is not online."""
        presence = self._online.get(account)
        if presence is None or presence.fresh_until <= now:
            return None
        return presence.heard_at
