"""A notice of no session's: numbered among the others of its topic, with its outbox row or not at all."""

from __future__ import annotations

import pytest
import trio
from session_stores import NOW, World, commit, turn

from switchboard.engine.ports import Fenced, NewNotice, OutboxRow, Sessions
from switchboard.engine.sessions.kind import Address

TOLD = NewNotice("ann", "push", b"\x00body")


def row(id: str) -> OutboxRow:
    return OutboxRow(
        id=id,
        source=Address("account", "ben"),
        target=Address("devices", "ann"),
        name="DeliverPush",
        body=b"\x00row",
        at=NOW,
    )


async def test_it_is_numbered_among_the_sessions_notices_and_its_row_waits(
    sessions: Sessions,
) -> None:
    await commit(sessions, turn("s", notices=(TOLD, TOLD)))
    assert await sessions.tell(TOLD, row("r1")) == 3
    await commit(sessions, turn("s", 1, notices=(TOLD,)))
    assert await sessions.tell(TOLD, row("r2")) == 5
    assert await sessions.tell(NewNotice("new", "push", b""), row("r3")) == 1
    stored = await sessions.notices("ann", 2, 10)
    assert [(one.sequence, one.name, one.body, one.at) for one in stored] == [
        (3, "push", b"\x00body", NOW),
        (4, "push", b"\x00body", stored[1].at),
        (5, "push", b"\x00body", NOW),
    ]
    assert list(await sessions.outbox(10)) == [row("r1"), row("r2"), row("r3")]


async def test_of_several_at_once_each_has_a_number_of_its_own(sessions: Sessions) -> None:
    numbers = []

    async def one(number: int) -> None:
        numbers.append(await sessions.tell(TOLD, row(f"r{number}")))

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(one, number)
    assert sorted(numbers) == list(range(1, 11))


async def test_a_node_that_was_retired_tells_nothing(world: World) -> None:
    await world.retire()
    with pytest.raises(Fenced):
        await world.store.sessions.tell(TOLD, row("r"))
    assert list(await world.store.sessions.notices("ann", 0, 10)) == []
