"""What the callers of a commit go through: adoption, cancellation, a full queue, the end of the store."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from session_stores import NOW, World, address, at_once, commit, open_world, turn, unseen

from switchboard.engine.errors import CommitQueueFull, CommitUnknown, StoreDown
from switchboard.engine.ports import Committed, NewNotice, Sessions, Span, Stale
from switchboard.store.commit import QUEUE_MOST

NOTICE = NewNotice("topic", "Rang", b"{}")


async def test_turns_are_adopted_in_the_order_in_which_they_were_written(
    sessions: Sessions,
) -> None:
    adopted: list[int] = []

    async def one(id_: str) -> None:
        await sessions.commit(
            turn(id_, notices=(NOTICE,)), lambda done: adopted.append(done.sequences[0])
        )

    async with trio.open_nursery() as nursery:
        for n in range(50):
            nursery.start_soon(one, f"s{n}")
    assert adopted == list(range(1, 51))


async def test_a_turn_is_adopted_before_its_caller_hears_of_it_and_a_loser_never(
    sessions: Sessions,
) -> None:
    seen: list[str] = []
    await sessions.commit(turn("a"), lambda _: seen.append("adopted"))
    seen.append("answered")
    assert await sessions.commit(turn("a"), lambda _: seen.append("wrong")) == Stale()
    assert seen == ["adopted", "answered"]


async def test_an_error_in_an_adoption_reaches_its_caller_and_nobody_else(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_committed: Committed) -> None:
        raise ZeroDivisionError

    errors: list[Exception] = []

    async def failing() -> None:
        try:
            await sessions.commit(turn("bad"), fail)
        except ZeroDivisionError as error:
            errors.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(failing)
        outcomes = await at_once(sessions, [turn(f"s{n}") for n in range(10)])
    assert outcomes == [Committed()] * 10
    assert len(errors) == 1
    assert "adopting a committed turn" in caplog.text
    assert await sessions.load(address("bad")) is not None


async def test_a_turn_whose_caller_left_is_written_and_adopted_all_the_same(
    sessions: Sessions,
) -> None:
    adopted: list[str] = []

    async def one(id_: str, scope: trio.CancelScope) -> None:
        with scope:
            await sessions.commit(turn(id_), lambda _: adopted.append(id_))

    async with trio.open_nursery() as nursery:
        for n in range(10):
            scope = trio.CancelScope()
            if n % 2:
                # Already cancelled when it hands its turn in, so that no task waits for it.
                scope.cancel()
            nursery.start_soon(one, f"s{n}", scope)
    await commit(sessions, turn("last"))
    assert sorted(adopted) == [f"s{n}" for n in range(10)]
    for n in range(10):
        assert await sessions.load(address(f"s{n}")) is not None


async def test_a_caller_that_leaves_while_its_turn_is_under_way_loses_nothing(
    sessions: Sessions,
) -> None:
    adopted: list[str] = []
    scope = trio.CancelScope()

    async def leaver() -> None:
        with scope:
            await sessions.commit(turn("a"), lambda _: adopted.append("a"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(leaver)
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        scope.cancel()
    assert await commit(sessions, turn("a", 1)) == Committed()
    assert adopted == ["a"]


async def test_a_full_queue_refuses_at_once_and_the_others_are_written(world: World) -> None:
    sessions = world.store.sessions
    errors: list[Exception] = []

    async def one(n: int) -> None:
        try:
            await sessions.commit(turn(f"s{n}"), unseen)
        except CommitQueueFull as error:
            errors.append(error)

    async with trio.open_nursery() as nursery:
        # The committer cannot run before all have handed in, because they are all woken in one tick.
        for n in range(QUEUE_MOST + 5):
            nursery.start_soon(one, n)
    assert len(errors) == 5
    assert world.committer.statistics().turns == QUEUE_MOST
    assert world.committer.statistics().waiting == 0


async def test_when_the_store_closes_whoever_waits_is_answered(store_url: str | None) -> None:
    errors: list[Exception] = []

    async def one(sessions: Sessions, id_: str) -> None:
        try:
            await sessions.commit(turn(id_), unseen)
        except (StoreDown, CommitUnknown) as error:
            errors.append(error)

    async with trio.open_nursery() as nursery, open_world(store_url) as world:
        sessions = world.store.sessions
        for n in range(300):
            nursery.start_soon(one, sessions, f"s{n}")
        # Long enough for all to be handed in and the first batch to be under way, too short for the second.
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
    with pytest.raises(StoreDown):
        await commit(sessions, turn("late", at=NOW))
    assert any(isinstance(error, StoreDown) for error in errors)


async def test_a_topic_says_how_far_it_got_and_how_far_back_it_is_kept(sessions: Sessions) -> None:
    """A topic that nobody has written to has neither."""
    assert await sessions.span("silent") == Span(0, 1)
    await commit(sessions, turn("a", notices=(NOTICE, NOTICE)))
    await commit(sessions, turn("b", notices=(NOTICE,)))
    assert await sessions.span("topic") == Span(3, 1)
