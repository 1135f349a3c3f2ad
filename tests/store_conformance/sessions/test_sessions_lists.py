"""What is read of many sessions: lists, headers, deadlines, claims, quarantine."""

from __future__ import annotations

import pytest
from session_stores import NOW, World, address, at_once, commit, entry, in_order, turn

from switchboard.engine.ports import (
    OF_SCOPE_MOST,
    Fenced,
    OutboxRow,
    QuarantineRow,
    Sessions,
    Snapshot,
    Stored,
)
from switchboard.engine.sessions.kind import Address, Claim, ListEntry

OF_ANN = ListEntry("things-of", "ann")
OF_BEN = ListEntry("things-of", "ben")


def quarantined(id_: str, at: int = NOW) -> QuarantineRow:
    return QuarantineRow(
        address=address(id_),
        at=at,
        incident="incident",
        traceback="Traceback: a\0b \u00e9",
        fingerprint="f",
        message="DoThing",
        code_version="1.0",
    )


async def ids_listed(
    sessions: Sessions,
    entry_: ListEntry = OF_ANN,
    phases: list[str] | None = None,
    skip: int = 0,
    limit: int = 100,
) -> list[str]:
    found = await sessions.listed(entry_.name, entry_.key, phases, skip, limit)
    return [header.address.id for header in found]


async def ids(
    sessions: Sessions,
    phases: list[str] | None = None,
    limit: int = 100,
    after: int | None = None,
) -> list[str]:
    found = await sessions.headers("thing", phases, limit, after)
    return [header.address.id for header in found]


# -- lists


async def test_a_list_shows_the_newest_session_first_and_reads_its_own_writes(
    sessions: Sessions,
) -> None:
    for n in range(4):
        await commit(sessions, turn(f"s{n}", listed=(OF_ANN,)))
    await commit(sessions, turn("s0", 1))
    assert await ids_listed(sessions) == ["s3", "s2", "s1", "s0"]
    assert await ids_listed(sessions, OF_BEN) == []
    assert (await sessions.listed(*OF_ANN, None, 0, 1))[0] == await sessions.header(address("s3"))


async def test_a_list_is_paged_and_filtered_by_phase(sessions: Sessions) -> None:
    turns = [turn(f"s{n}", listed=(OF_ANN,), phase="live" if n % 2 else "ended") for n in range(8)]
    await in_order(sessions, turns)
    assert await ids_listed(sessions, phases=["live"]) == ["s7", "s5", "s3", "s1"]
    assert await ids_listed(sessions, phases=["live"], skip=1, limit=2) == ["s5", "s3"]
    assert await ids_listed(sessions, skip=6) == ["s1", "s0"]
    assert await ids_listed(sessions, skip=8) == []
    assert await ids_listed(sessions, limit=0) == []
    assert await ids_listed(sessions, phases=[]) == []


async def test_a_session_leaves_a_list_and_comes_back_to_its_place(sessions: Sessions) -> None:
    await commit(sessions, turn("old", listed=(OF_ANN, OF_BEN)))
    await commit(sessions, turn("new", listed=(OF_ANN,)))
    await commit(sessions, turn("old", 1, unlisted=(OF_ANN,)))
    assert await ids_listed(sessions) == ["new"]
    assert await ids_listed(sessions, OF_BEN) == ["old"]
    await commit(sessions, turn("old", 2, listed=(OF_ANN,)))
    await commit(sessions, turn("old", 3, listed=(OF_ANN,)))
    assert await ids_listed(sessions) == ["new", "old"]


# -- headers


async def test_the_sessions_of_a_kind_are_paged_newest_first(sessions: Sessions) -> None:
    await in_order(sessions, [turn(f"s{n}", phase="ab"[n % 2]) for n in range(6)])
    await commit(sessions, turn("other", address=Address("other", "other")))
    page = await sessions.headers("thing", None, 4)
    assert [header.address.id for header in page] == ["s5", "s4", "s3", "s2"]
    assert await ids(sessions, after=page[-1].serial) == ["s1", "s0"]
    assert await ids(sessions, ["a"]) == ["s4", "s2", "s0"]
    assert await ids(sessions, ["a"], 1, page[1].serial) == ["s2"]
    assert await ids(sessions, limit=0) == []


async def test_what_has_a_deadline_in_a_phase_is_paged_by_it(sessions: Sessions) -> None:
    turns = [
        turn(f"s{n}", phase="live" if n % 2 else "ended", deadline=NOW + n // 4) for n in range(10)
    ]
    await at_once(sessions, turns)
    await commit(sessions, turn("never", phase="live"))
    await commit(
        sessions, turn("other", address=Address("other", "other"), phase="live", deadline=NOW)
    )
    found = await sessions.timed("thing", "live", 100)
    assert [header.address.id for header in found] == ["s1", "s3", "s5", "s7", "s9"]
    assert found[0] == await sessions.header(address("s1"))
    page = await sessions.timed("thing", "live", 2)
    assert page == found[:2]
    assert await sessions.timed("thing", "live", 100, after=page[-1]) == found[2:]
    assert await sessions.timed("thing", "live", 100, before=NOW + 2) == found[:4]
    assert list(await sessions.timed("thing", "live", 100, before=NOW)) == []
    assert list(await sessions.timed("thing", "live", 0)) == []


# -- deadlines and snapshots


async def test_what_is_due_comes_page_by_page_in_the_order_of_the_deadlines(
    sessions: Sessions,
) -> None:
    await at_once(sessions, [turn(f"s{n}", deadline=NOW + n // 2) for n in range(8)])
    await commit(sessions, turn("never"))
    due = await sessions.due(NOW + 3, 100)
    assert due == [(address(f"s{n}"), NOW + n // 2) for n in range(6)]
    page = await sessions.due(NOW + 3, 3)
    assert page == due[:3]
    last, at = page[-1]
    assert await sessions.due(NOW + 3, 100, (at, last)) == due[3:]
    assert list(await sessions.due(NOW, 100)) == []


async def test_a_quarantined_session_is_not_due(sessions: Sessions) -> None:
    await commit(sessions, turn("a", deadline=NOW))
    await sessions.quarantine(quarantined("a"))
    assert list(await sessions.due(NOW + 1, 10)) == []
    assert await sessions.release(address("a"))
    assert await sessions.due(NOW + 1, 10) == [(address("a"), NOW)]


async def test_a_passivated_sessions_snapshot_and_deadline_are_kept_if_the_version_stands(
    sessions: Sessions,
) -> None:
    await commit(sessions, turn("a", entries=2, deadline=NOW))
    await sessions.save_snapshot(address("a"), Snapshot(1, 1, b"old"), NOW + 1)
    await sessions.save_snapshot(address("b"), Snapshot(1, 1, b"never"), NOW + 1)
    assert await sessions.load(address("a")) == Stored(2, None, (entry(1), entry(2)), None, NOW)
    snapshot = Snapshot(2, 1, b"now")
    await sessions.save_snapshot(address("a"), snapshot, NOW + 2)
    assert await sessions.load(address("a")) == Stored(2, snapshot, (), None, NOW)
    assert await sessions.due(NOW + 3, 10) == [(address("a"), NOW + 2)]
    await sessions.save_snapshot(address("a"), Snapshot(2, 2, b"again"), None)
    assert await sessions.load(address("a")) == Stored(2, Snapshot(2, 2, b"again"), (), None, NOW)
    assert list(await sessions.due(NOW + 3, 10)) == []
    assert await sessions.load(address("b")) is None


# -- claims


async def test_claims_are_read_one_by_one_or_a_whole_scope(sessions: Sessions) -> None:
    ann, ben = Claim("engaged", "ann"), Claim("engaged", "ben")
    debt = Claim("debt:ann", "s1")
    await commit(sessions, turn("s1", taken=(ann, debt)))
    await commit(sessions, turn("s2", taken=(ben,)))
    assert await sessions.claims(["engaged", "engaged"], ["ben", "cleo"]) == {ben: "s2"}
    assert await sessions.claims(["engaged", "debt:ann"], ["", "s1"]) == {
        ann: "s1",
        ben: "s2",
        debt: "s1",
    }
    assert await sessions.claims([], []) == {}


async def test_the_first_claims_of_a_large_scope_are_read(sessions: Sessions) -> None:
    taken = tuple(Claim("debt:ann", f"s{n:03}") for n in range(OF_SCOPE_MOST + 1))
    await commit(sessions, turn("s1", taken=taken))
    assert await sessions.claims(["debt:ann"], [""]) == dict.fromkeys(taken[:-1], "s1")


# -- quarantine


async def test_a_quarantine_is_loaded_with_its_session_until_it_is_released(
    sessions: Sessions,
) -> None:
    await commit(sessions, turn("a"))
    await sessions.quarantine(quarantined("a", NOW + 5))
    stored = await sessions.load(address("a"))
    assert stored is not None
    assert stored.quarantine == quarantined("a", NOW + 5)
    await sessions.quarantine(quarantined("a", NOW + 6))
    await sessions.quarantine(quarantined("b"))
    assert await sessions.quarantined() == [quarantined("b"), quarantined("a", NOW + 6)]
    assert await sessions.release(address("a"))
    assert not await sessions.release(address("a"))
    assert await sessions.quarantined() == [quarantined("b")]


async def test_a_store_answers_a_ping(world: World) -> None:
    await world.store.ping()


async def test_a_retired_node_neither_quarantines_nor_releases_nor_ends_a_reaction(
    world: World,
) -> None:
    sessions = world.store.sessions
    row = OutboxRow(
        id="a/1/0",
        source=address("a"),
        target=address("b"),
        name="Do",
        body=b"{}",
        at=NOW,
    )
    await commit(sessions, turn("a", outbox=(row,)))
    await sessions.quarantine(quarantined("a"))
    await world.retire()
    with pytest.raises(Fenced):
        await sessions.quarantine(quarantined("b"))
    with pytest.raises(Fenced):
        await sessions.release(address("a"))
    with pytest.raises(Fenced):
        await sessions.outbox_done([row.id])
    assert await sessions.quarantined() == [quarantined("a")]
    assert [one.id for one in await sessions.outbox(10)] == [row.id]
