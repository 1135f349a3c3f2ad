"""Which of an organization's dealers can be offered a stream, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from switchboard.engine.clock import Clock
from switchboard.engine.ports import Sessions
from switchboard.engine.records import Account, Accounts
from switchboard.engine.sessions.kind import Kind
from switchboard.engine.workflows.availability import ENGAGEMENT, Availability
from switchboard.engine.workflows.presences import Presences


class Dealers:
    """Finds dealers. ``presences`` and ``availability`` are kept exact by whoever owns this."""

    def __init__(
        self, accounts: Accounts, sessions: Sessions, presences: Presences, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._presences = presences
        self._availability = Availability(sessions, presences.__contains__)
        self._clock = clock

    def changed(self, kind: Kind[Any], before: Any | None, after: Any) -> None:
        """A session of that kind was adopted in the state ``after``."""
        self._availability.changed(kind, before, after)

    def left(self, account: str) -> None:
        """The person is not online any more."""
        self._availability.forget(account)

    async def of(self, organization: str) -> Sequence[str]:
        """All of the organization, whatever they do. Raises: StoreDown."""
        return await self._accounts.dealers(organization)

    async def free(self, dealers: Iterable[str]) -> list[str]:
        """Those who are online and engaged by nothing, who was heard last first. Raises: StoreDown."""
        now = self._clock.now()
        heard = {one: self._presences.heard_at(one, now) for one in dealers}
        online = {one: at for one, at in heard.items() if at is not None}
        free = await self._availability.unengaged(online) if online else set()
        # By id, where two were heard in the same millisecond.
        return sorted(free, key=lambda one: (-online[one], one))

    def online(self, dealer: str) -> bool:
        """Whether the dealer is online."""
        return self._presences.heard_at(dealer, self._clock.now()) is not None

    async def engaged_in(self, dealer: str) -> str | None:
        """The id of the session that engages the dealer, as the database has it. Raises: StoreDown."""
        held = await self._sessions.claims([ENGAGEMENT], [dealer])
        return next(iter(held.values()), None)

    async def organization_of(self, dealer: str) -> str | None:
        """The organization whose streams the account may be offered. Raises: StoreDown."""
        account = await self._accounts.get(dealer)
        return None if account is None else membership(account)


def membership(account: Account) -> str | None:
    """The organization whose approved dealer the account is, if any: pending ones belong to nobody yet."""
    return account.organization if account.dealer == "approved" else None
