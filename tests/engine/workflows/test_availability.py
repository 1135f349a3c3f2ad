"""The cache of claims: exact after every change, whatever a query met on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
import trio
from counters import COUNTER, Counter
from trio.testing import MockClock

from switchboard.engine.errors import StoreDown
from switchboard.engine.ports import Sessions
from switchboard.engine.sessions.kind import Claim
from switchboard.engine.workflows.availability import Availability

OPEN = Counter(id="c1", owner="anna")
CLOSED = Counter(id="c1", owner="anna", phase="closed")


class Claims:
    """A store of claims whose queries can be held up."""

    def __init__(self) -> None:
        self.held: dict[Claim, str] = {}
        self.queries = 0
        self.pause: trio.Event | None = None
        self.down = False

    async def claims(self, scopes: Sequence[str], keys: Sequence[str]) -> Mapping[Claim, str]:
        """As the port has it."""
        self.queries += 1
        found = {
            claim: holder
            for claim, holder in self.held.items()
            if any(
                claim.scope == s and k in ("", claim.key) for s, k in zip(scopes, keys, strict=True)
            )
        }
        await trio.lowlevel.checkpoint()
        if self.pause is not None:
            await self.pause.wait()
        if self.down:
            raise StoreDown
        return found


def make(claims: Claims, watched: Sequence[str] = ("anna", "ben")) -> Availability:
    """A cache over those claims."""
    return Availability(cast(Sessions, claims), lambda account: account in watched)


async def test_who_is_known_is_not_looked_up_again(autojump_clock: MockClock) -> None:
    claims = Claims()
    claims.held[Claim("rating-debt/ben", "g1")] = "g1"
    availability = make(claims)
    for _ in range(3):
        assert await availability.free(["anna", "ben"]) == {"anna"}
    assert claims.queries == 1
    assert await availability.free(["carl"]) == {"carl"}
    assert await availability.free(["carl"]) == {"carl"}
    assert claims.queries == 3, "nobody watches carl, so nothing is kept of him"


async def test_who_owes_a_rating_is_not_free_for_gigs_and_engaged_by_nothing(
    autojump_clock: MockClock,
) -> None:
    claims = Claims()
    availability = make(claims)
    claims.held[Claim("rating-debt/anna", "g1")] = "g1"
    claims.held[Claim("engagement", "bert")] = "g2"
    assert await availability.free(["anna", "bert", "carl"]) == {"carl"}
    assert await availability.unengaged(["anna", "bert", "carl"]) == {"anna", "carl"}


async def test_every_change_is_seen_at_once(autojump_clock: MockClock) -> None:
    availability = make(Claims())
    assert await availability.free(["anna"]) == {"anna"}
    availability.changed(COUNTER, None, OPEN)
    assert await availability.free(["anna"]) == set()
    availability.changed(COUNTER, OPEN, OPEN)
    availability.changed(COUNTER, OPEN, CLOSED)
    assert await availability.free(["anna"]) == {"anna"}


@pytest.mark.parametrize("changes", [[(None, OPEN)], [(None, OPEN), (OPEN, CLOSED)]])
async def test_an_answer_that_a_change_has_overtaken_is_not_kept(
    changes: list[tuple[Any, Any]], autojump_clock: MockClock
) -> None:
    claims = Claims()
    availability = make(claims)
    claims.pause = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(availability.free, ["anna"])
        await trio.testing.wait_all_tasks_blocked()
        for before, after in changes:
            availability.changed(COUNTER, before, after)
        if changes[-1][1] is OPEN:
            claims.held[Claim("engagement", "anna")] = "c1"
        # A second query that begins after the change may be kept, the first may not.
        nursery.start_soon(availability.free, ["anna"])
        await trio.testing.wait_all_tasks_blocked()
        claims.pause.set()
    claims.pause = None
    assert await availability.free(["anna"]) == (set() if changes[-1][1] is OPEN else {"anna"})


async def test_a_query_that_fails_leaves_nothing_behind(autojump_clock: MockClock) -> None:
    claims = Claims()
    availability = make(claims)
    claims.down = True
    with pytest.raises(StoreDown):
        await availability.free(["anna"])
    claims.down = False
    claims.held[Claim("engagement", "anna")] = "c1"
    assert await availability.free(["anna"]) == set()
    availability.forget("anna")
    del claims.held[Claim("engagement", "anna")]
    assert await availability.free(["anna"]) == {"anna"}


async def test_who_is_forgotten_while_others_are_looked_up_is_answered_as_known(
    autojump_clock: MockClock,
) -> None:
    claims = Claims()
    claims.held[Claim("engagement", "ben")] = "c1"
    availability = make(claims)
    assert await availability.free(["anna"]) == {"anna"}
    claims.pause = trio.Event()
    found: list[set[str]] = []

    async def ask() -> None:
        found.append(await availability.free(["anna", "ben"]))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        availability.forget("anna")
        claims.pause.set()
    assert found == [{"anna"}]
