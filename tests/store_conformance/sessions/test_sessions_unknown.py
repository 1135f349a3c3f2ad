"""Commits whose answer was lost, and nodes whose time is over."""

from __future__ import annotations

import pytest
from session_stores import NOW, World, address, at_once, commit, entry, turn

from switchboard.engine.errors import CommitUnknown
from switchboard.engine.ports import Committed, Fenced, JournalEntry, Snapshot, Stale, Stored
from switchboard.engine.sessions.kind import Claim, ListEntry


def void(version: int, turn_id: str) -> JournalEntry:
    return JournalEntry(
        version=version,
        name="void",
        format=1,
        body=b"{}",
        at=NOW,
        by="system:settle",
        caused_by=turn_id,
        code_version="1.0",
    )


# -- unknown commits


async def test_an_unknown_commit_that_happened_is_recognised(world: World) -> None:
    sessions = world.store.sessions
    await commit(sessions, turn("a"))
    lost = turn("a", 1, phase="on")
    with pytest.raises(CommitUnknown):
        await world.lose_answer(lost, happens=True)
    assert await sessions.settle(lost)
    assert await sessions.load(address("a")) == Stored(2, None, (entry(1), entry(2)), None, NOW)
    assert await sessions.settle(lost)
    assert await commit(sessions, turn("a", 2)) == Committed()


async def test_an_unknown_commit_that_did_not_happen_never_will(world: World) -> None:
    sessions = world.store.sessions
    await commit(sessions, turn("a", phase="early", deadline=NOW + 9))
    lost = turn("a", 1)
    with pytest.raises(CommitUnknown):
        await world.lose_answer(lost, happens=False)
    assert not await sessions.settle(lost)
    assert await sessions.load(address("a")) == Stored(
        2, None, (entry(1), void(2, lost.id)), None, NOW
    )
    header = await sessions.header(address("a"))
    assert header is not None
    assert (header.version, header.phase, header.deadline) == (2, "early", NOW + 9)
    assert await commit(sessions, lost) == Stale()
    assert not await sessions.settle(lost)
    assert await commit(sessions, turn("a", 2)) == Committed()


async def test_an_unknown_creation_that_did_not_happen_leaves_a_void_session(world: World) -> None:
    sessions = world.store.sessions
    claim, listed = Claim("engaged", "ann"), ListEntry("of", "ann")
    lost = turn("a", taken=(claim,), listed=(listed,), deadline=NOW)
    with pytest.raises(CommitUnknown):
        await world.lose_answer(lost, happens=False)
    assert not await sessions.settle(lost)
    assert await sessions.load(address("a")) == Stored(1, None, (void(1, lost.id),), None, NOW)
    header = await sessions.header(address("a"))
    assert header is not None
    assert (header.version, header.phase, header.deadline) == (1, "void", None)
    assert list(await sessions.headers("thing", None, 10)) == []
    assert await sessions.headers("thing", ["void"], 10) == [header]
    assert list(await sessions.due(NOW + 1, 10)) == []
    assert await sessions.claims(*zip(claim, strict=True)) == {}
    assert await commit(sessions, lost) == Stale()
    assert await commit(sessions, turn("a", 1, taken=(claim,), listed=(listed,))) == Committed()
    assert [each.version for each in await sessions.listed("of", "ann", None, 0, 10)] == [2]


async def test_an_unknown_creation_that_happened_is_recognised(world: World) -> None:
    sessions = world.store.sessions
    lost = turn("a", entries=2)
    with pytest.raises(CommitUnknown):
        await world.lose_answer(lost, happens=True)
    assert await sessions.settle(lost)
    assert await sessions.load(address("a")) == Stored(2, None, (entry(1), entry(2)), None, NOW)


async def test_after_a_lost_answer_the_committer_goes_on(world: World) -> None:
    sessions = world.store.sessions
    with pytest.raises(CommitUnknown):
        await world.lose_answer(turn("a"), happens=False)
    assert await at_once(sessions, [turn(f"s{n}") for n in range(5)]) == [Committed()] * 5


# -- the fence


async def test_a_retired_node_writes_nothing_any_more(world: World) -> None:
    sessions = world.store.sessions
    await commit(sessions, turn("a"))
    await world.retire()
    outcomes = await at_once(sessions, [turn("a", 1), turn("b")])
    assert [type(outcome) for outcome in outcomes] == [Fenced, Fenced]
    with pytest.raises(Fenced):
        await commit(sessions, turn("c"))
    with pytest.raises(Fenced):
        await sessions.settle(turn("a", 1))
    with pytest.raises(Fenced):
        await sessions.save_snapshot(address("a"), Snapshot(1, 1, b"{}"), None)
    assert await sessions.load(address("a")) == Stored(1, None, (entry(1),), None, NOW)
    assert await sessions.load(address("b")) is None
