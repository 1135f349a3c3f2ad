"""Which of the people in the index of places hold a claim that keeps them from being available.

It spares a search its query; the claim itself still decides when somebody accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from switchboard.engine.ports import Sessions
from switchboard.engine.sessions.kind import Claim, Kind
from switchboard.engine.workflows.observed import Observed

ENGAGEMENT = "engagement"
RATING_DEBT = "rating-debt/"

WATCHED_MOST = 100_000
"""People online at once, some 30 MB; beyond that the ones met longest ago are looked up again."""

Held = frozenset[Claim]


def account_of(claim: Claim) -> str | None:
    """Whom the claim keeps from being available; None if it is of another sort."""
    if claim.scope == ENGAGEMENT:
        return claim.key
    if claim.scope.startswith(RATING_DEBT):
        return claim.scope.removeprefix(RATING_DEBT)
    return None


class Availability:
    """The claims of watched people. ``watched`` says who is worth remembering."""

    def __init__(self, sessions: Sessions, watched: Callable[[str], bool]) -> None:
        self._sessions = sessions
        self._held: Observed[str, Held] = Observed(self._read, most=WATCHED_MOST, keep=watched)

    def forget(self, account: str) -> None:
        """The account is not watched any more."""
        self._held.forget(account)

    def changed(self, kind: Kind[Any], before: Any | None, after: Any) -> None:
        """A session of that kind was adopted in the state ``after``."""
        old = frozenset() if before is None else kind.claims(before)
        new = kind.claims(after)
        if old == new:
            return
        for claim in new - old:
            account = account_of(claim)
            if account is not None:
                self._held.change(account, frozenset({claim}).union)
        for claim in old - new:
            account = account_of(claim)
            if account is not None:
                gone = frozenset({claim})
                self._held.change(account, lambda held, gone=gone: held - gone)  # type: ignore[misc]

    async def free(self, accounts: Iterable[str]) -> set[str]:
        """Those of the accounts that hold no claim. Raises: StoreDown."""
        held = await self._held.many(accounts)
        return {account for account, claims in held.items() if not claims}

    async def unengaged(self, accounts: Iterable[str]) -> set[str]:
        """Those of the accounts that no session engages, whatever they owe. Raises: StoreDown."""
        held = await self._held.many(accounts)
        return {
            account
            for account, claims in held.items()
            if all(claim.scope != ENGAGEMENT for claim in claims)
        }

    async def _read(self, accounts: Sequence[str]) -> Mapping[str, Held]:
        scopes = [ENGAGEMENT] * len(accounts) + [RATING_DEBT + account for account in accounts]
        keys = [*accounts, *[""] * len(accounts)]
        found: dict[str, Held] = dict.fromkeys(accounts, frozenset())
        for claim in await self._sessions.claims(scopes, keys):
            account = account_of(claim)
            assert account is not None, "only such claims were asked for"
            found[account] |= {claim}
        return found
