"""A notice of no session's: numbered among the others of its topic."""

from __future__ import annotations

import pytest
import trio
from session_stores import NOW, World, commit, turn

from switchboard.engine.ports import Fenced, NewNotice, Sessions
from switchboard.engine.records import Device

TOLD = NewNotice("ann", "push", b"\x00body")


async def test_it_is_numbered_among_the_sessions_notices(
    sessions: Sessions,
) -> None:
    await commit(sessions, turn("s", notices=(TOLD, TOLD)))
    assert await sessions.tell(TOLD, NOW) == 3
    await commit(sessions, turn("s", 1, notices=(TOLD,)))
    assert await sessions.tell(TOLD, NOW) == 5
    assert await sessions.tell(NewNotice("new", "push", b""), NOW) == 1
    stored = await sessions.notices("ann", 2, 10)
    assert [(one.sequence, one.name, one.body, one.at) for one in stored] == [
        (3, "push", b"\x00body", NOW),
        (4, "push", b"\x00body", stored[1].at),
        (5, "push", b"\x00body", NOW),
    ]


async def test_of_several_at_once_each_has_a_number_of_its_own(sessions: Sessions) -> None:
    numbers = []

    async def one() -> None:
        numbers.append(await sessions.tell(TOLD, NOW))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(one)
    assert sorted(numbers) == list(range(1, 11))


async def test_a_node_that_was_retired_tells_nothing(world: World) -> None:
    await world.retire()
    with pytest.raises(Fenced):
        await world.store.sessions.tell(TOLD, NOW)
    assert list(await world.store.sessions.notices("ann", 0, 10)) == []


async def test_who_was_not_told_everything_is_behind(world: World) -> None:
    """Devices know how far they were told; the topics, how far there is to tell."""
    store = world.store
    for address, account in (("a", "ann"), ("b", "ann"), ("c", "ben")):
        device = Device(
            id=address,
            account=account,
            address=address,
            type="ios",
            bundle="",
            created_at=NOW,
            updated_at=NOW,
        )
        await store.devices.put(device)
    notice = NewNotice("account/ann", "push", b"body")
    await commit(store.sessions, turn("s", notices=(notice,)))
    await store.sessions.tell(notice, NOW)
    assert list(await store.devices.listening()) == [("ann", True), ("ben", False)]
    one, other = await store.devices.of("ann")
    await store.devices.told(one, 2)
    assert ("ann", True) in await store.devices.listening()
    await store.devices.told(other, 2)
    assert list(await store.devices.listening()) == [("ann", False), ("ben", False)]
