"""A turn that loses in a batch whose others win: nothing of it is written, and the first of several reasons is told."""

from __future__ import annotations

from typing import Any

import pytest
from session_stores import NOW, address, at_once, commit, turn

from switchboard.engine.ports import (
    AlreadyConsumed,
    ClaimTaken,
    Committed,
    KeyedReply,
    KeyKnown,
    NewNotice,
    OutboxRow,
    Outcome,
    Sessions,
    Stale,
    Turn,
)
from switchboard.engine.sessions.kind import Address, Claim, ListEntry, Tally

ENGAGED = Claim("engaged", "ann")
DEBT = Claim("debt", "gig")
OWN = Claim("own", "ann")
NEW = Claim("new", "ann")

OLD_LIST = ListEntry("of", "ann")
NEW_LIST = ListEntry("of", "ben")


def outbox_row(id_: str) -> OutboxRow:
    """A reaction to nobody in particular."""
    target = address("target")
    return OutboxRow(id=id_, source=address("a"), target=target, name="Do", body=b"{}", at=NOW)


def reply(key: str, session: str = "a") -> KeyedReply:
    """A first answer."""
    return KeyedReply(key=key, digest=b"d", session=address(session), format=1, reply=b"{}", at=NOW)


REASONS: dict[str, tuple[dict[str, Any], Outcome]] = {
    "stale": ({"expected": 7}, Stale()),
    "consumed": ({"consumed": ("row", "gone")}, AlreadyConsumed("gone")),
    "known": ({"keyed": (reply("new"), reply("known", "holder"))}, KeyKnown(reply("known"))),
    "barred": ({"bars": ("debt",)}, ClaimTaken(DEBT, "holder")),
    "claimed": ({"taken": (NEW, ENGAGED)}, ClaimTaken(ENGAGED, "holder")),
}
"""Why a turn loses -> what it holds for that, and what its caller is told."""


async def furnish(sessions: Sessions) -> None:
    """What turns may be in the way of, and a session that has something of everything."""
    holder = turn("holder", taken=(ENGAGED, DEBT), keyed=(reply("known"),))
    a = turn("a", taken=(OWN,), listed=(OLD_LIST,), outbox=(outbox_row("row"),), snapshot=True)
    assert await at_once(sessions, [holder, a]) == [Committed()] * 2


def everything(id_: str, **parts: Any) -> Turn:
    """A turn that writes to every table there is."""
    written: dict[str, Any] = {
        "phase": "lost",
        "deadline": NOW,
        "summary": b"lost",
        "snapshot": True,
        "taken": (NEW,),
        "released": (OWN,),
        "listed": (NEW_LIST,),
        "unlisted": (OLD_LIST,),
        "notices": (NewNotice("topic", "Rang", b"{}"),),
        "outbox": (outbox_row("new"),),
        "consumed": ("row",),
        "keyed": (reply("new"),),
        "tallies": (Tally("rating", "ann", 5),),
    }
    return turn(id_, **(written | parts))


async def all_there_is(sessions: Sessions) -> list[object]:
    """What such a turn would have changed."""
    lists = [await sessions.listed(*entry, None, 0, 10) for entry in (OLD_LIST, NEW_LIST)]
    return [
        [await sessions.load(address(id_)) for id_ in ("a", "b")],
        [await sessions.header(address(id_)) for id_ in ("a", "b")],
        await sessions.claims(["engaged", "debt", "own", "new"], [""] * 4),
        [[header.address for header in found] for found in lists],
        await sessions.due(NOW + 1, 10),
        list(await sessions.outbox(10)),
        await sessions.keyed("new"),
        list(await sessions.notices("topic", 0, 10)),
        await sessions.tallies("rating", ["ann"]),
    ]


@pytest.mark.parametrize(("id_", "expected"), [("a", 1), ("b", 0)])
@pytest.mark.parametrize("reason", REASONS)
async def test_nothing_of_a_turn_that_loses_is_written_while_its_neighbours_win(
    sessions: Sessions, reason: str, id_: str, expected: int
) -> None:
    await furnish(sessions)
    before = await all_there_is(sessions)
    parts, outcome = REASONS[reason]
    loser = everything(id_, **({"expected": expected} | parts))
    outcomes = await at_once(sessions, [turn("w1"), loser, turn("w2")])
    assert outcomes == [Committed(), outcome, Committed()]
    assert await all_there_is(sessions) == before


async def test_of_several_reasons_the_first_is_told(sessions: Sessions) -> None:
    await furnish(sessions)
    reasons = list(REASONS.values())
    while reasons:
        parts: dict[str, Any] = {}
        for held, _ in reasons:
            parts |= held
        assert await commit(sessions, turn("b", **parts)) == reasons[0][1]
        del reasons[0]


async def test_a_session_of_another_kind_with_the_same_id_is_another_session(
    sessions: Sessions,
) -> None:
    await furnish(sessions)
    namesake = Address("other", "holder")
    released = turn("holder", address=namesake, released=(ENGAGED, DEBT))
    assert await commit(sessions, released) == Committed()
    assert await sessions.claims(["engaged", "debt"], ["", ""]) == {
        ENGAGED: "holder",
        DEBT: "holder",
    }
    taken = turn("holder", 1, address=namesake, taken=(ENGAGED,))
    assert await commit(sessions, taken) == ClaimTaken(ENGAGED, "holder")
    barred = turn("holder", 1, address=namesake, bars=("debt",))
    assert await commit(sessions, barred) == ClaimTaken(DEBT, "holder")
