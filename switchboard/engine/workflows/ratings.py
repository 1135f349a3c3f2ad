"""The ratings that people got, as count and sum: shown with every profile and every confirmed gig."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from switchboard.engine.engine import Engine
from switchboard.engine.sessions.gig import GIG, Gig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.workflows.observed import Observed

KNOWN_MOST = 20_000
"""Remembered at once, some 5 MB: more people than meet in an hour."""

Role = Literal["operator-rating", "customer-rating"]


class Rating(NamedTuple):
    """What one account got in one role."""

    number: int
    total: int


class Ratings:
    """Reads them once and counts what is given from then on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: Observed[tuple[Role, str], Rating] = Observed(self._read, most=KNOWN_MOST)
        engine.observe(GIG.name, self._changed)

    async def of(self, role: Role, account: str) -> Rating:
        """What the account got in that role. Raises: StoreDown."""
        key = (role, account)
        return (await self._known.many([key]))[key]

    def _changed(self, _: Address, before: Any, gig: Gig) -> None:
        if before is None or gig.operator is None:
            return
        given = (
            ("operator-rating", gig.operator, before.operator_rating, gig.operator_rating),
            ("customer-rating", gig.customer, before.customer_rating, gig.customer_rating),
        )
        for role, account, old, new in given:
            if new is not None and old is None:
                value = new.value
                self._known.change(
                    (role, account),  # type: ignore[arg-type]
                    lambda got, value=value: Rating(got.number + 1, got.total + value),  # type: ignore[misc]
                )

    async def _read(self, keys: Sequence[tuple[Role, str]]) -> Mapping[tuple[Role, str], Rating]:
        found: dict[tuple[Role, str], Rating] = dict.fromkeys(keys, Rating(0, 0))
        for role in dict.fromkeys(role for role, _ in keys):
            accounts = [account for other, account in keys if other == role]
            tallies = await self._engine.store.sessions.tallies(role, accounts)
            for account, (count, total) in tallies.items():
                found[role, account] = Rating(count, total)
        return found
