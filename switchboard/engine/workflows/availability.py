"""Which of the people in the index of places hold a claim: what is stored, read once, and what was adopted since.

A cache of the claims of people who are online, kept exact by observing every adopted state. It spares a search its
query; the claim itself still decides when somebody accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from switchboard.engine.ports import Sessions
from switchboard.engine.sessions.kind import Claim, Kind

ENGAGEMENT = "engagement"
RATING_DEBT = "rating-debt/"


def account_of(claim: Claim) -> str | None:
    """Whom the claim keeps from being available; None if it is of another sort."""
    if claim.scope == ENGAGEMENT:
        return claim.key
    if claim.scope.startswith(RATING_DEBT):
        return claim.scope.removeprefix(RATING_DEBT)
    return None


class Availability:
    """The claims of watched people. ``watched`` says who is worth remembering, which bounds it."""

    def __init__(self, sessions: Sessions, watched: Callable[[str], bool]) -> None:
        self._sessions = sessions
        self._watched = watched
        self._held: dict[str, set[Claim]] = {}
        """Of those who are known; the others are looked up when they are met."""
        self._asked: dict[str, object] = {}
        """Account -> the last query under way, unless a change has overtaken it since."""

    def forget(self, account: str) -> None:
        """The account is not watched any more."""
        self._held.pop(account, None)
        self._asked.pop(account, None)

    def changed(self, kind: Kind[Any], before: Any | None, after: Any) -> None:
        """A session of that kind was adopted in the state ``after``."""
        old = frozenset() if before is None else kind.claims(before)
        new = kind.claims(after)
        if old == new:
            return
        for claim in new - old:
            self._note(claim, taken=True)
        for claim in old - new:
            self._note(claim, taken=False)

    def _note(self, claim: Claim, *, taken: bool) -> None:
        account = account_of(claim)
        if account is None:
            return
        # What is being read may be from before this change, so it must not be kept.
        self._asked.pop(account, None)
        held = self._held.get(account)
        if held is not None:
            (held.add if taken else held.discard)(claim)

    async def free(self, accounts: Iterable[str]) -> set[str]:
        """Those of the accounts that hold no claim. Raises: StoreDown."""
        accounts = list(accounts)
        unknown = [account for account in accounts if account not in self._held]
        found: dict[str, set[Claim]] = {}
        if unknown:
            found = await self._look_up(unknown)
        nothing: set[Claim] = set()
        return {
            account
            for account in accounts
            if not (self._held.get(account) or found.get(account, nothing))
        }

    async def _look_up(self, unknown: list[str]) -> dict[str, set[Claim]]:
        query = object()
        self._asked.update(dict.fromkeys(unknown, query))
        scopes = [ENGAGEMENT] * len(unknown) + [RATING_DEBT + account for account in unknown]
        keys = unknown + [""] * len(unknown)
        rows = await self._sessions.claims(scopes, keys)
        found: dict[str, set[Claim]] = {account: set() for account in unknown}
        for claim in rows:
            account = account_of(claim)
            assert account is not None, "only such claims were asked for"
            found[account].add(claim)
        for account in unknown:
            if self._asked.get(account) is query:
                del self._asked[account]
                if self._watched(account):
                    self._held[account] = found[account]
        return found
