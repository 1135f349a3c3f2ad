"""The lock of a channel."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from switchboard.web.realtime.lock import Lock, Locks


async def test_it_is_had_by_one_at_a_time_in_order() -> None:
    lock, had = Lock(), list[int]()
    go_on = trio.Event()

    async def take(number: int) -> None:
        async with lock:
            had.append(number)
            await go_on.wait()
            await trio.lowlevel.checkpoint()
            assert had[-1] == number

    assert not lock.locked()
    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(take, number)
            await wait_all_tasks_blocked()
        assert lock.locked()
        assert had == [0]
        go_on.set()
    assert had == [0, 1, 2, 3]
    assert not lock.locked()


async def test_it_is_handed_over_and_free_at_no_moment_between() -> None:
    """Somebody who comes by then does not overtake who waits."""
    lock, had = Lock(), list[str]()

    async def take(name: str) -> None:
        async with lock:
            had.append(name)

    async with trio.open_nursery() as nursery:
        async with lock:
            nursery.start_soon(take, "who waits")
            await wait_all_tasks_blocked()
        assert lock.locked()
        await take("who comes by")
    assert had == ["who waits", "who comes by"]


async def test_who_is_cancelled_while_waiting_does_not_get_it() -> None:
    lock, had = Lock(), list[str]()

    async def take(name: str, scope: trio.CancelScope) -> None:
        with scope:
            async with lock:
                had.append(name)

    scopes = [trio.CancelScope() for _ in range(2)]
    async with trio.open_nursery() as nursery, lock:
        for name, scope in zip(("first", "second"), scopes, strict=True):
            nursery.start_soon(take, name, scope)
            await wait_all_tasks_blocked()
        scopes[0].cancel()
        await wait_all_tasks_blocked()
    assert had == ["second"]
    assert not lock.locked()


async def test_it_is_free_again_after_an_error() -> None:
    lock = Lock()
    try:
        async with lock:
            raise ValueError
    except ValueError:
        pass
    assert not lock.locked()


async def test_locks_by_key_keep_nobody_but_those_of_the_same_key_and_are_gone_afterwards() -> None:
    locks, had = Locks(), list[str]()
    go_on = trio.Event()

    async def take(key: str, name: str) -> None:
        async with locks.of(key):
            had.append(name)
            await go_on.wait()

    async with trio.open_nursery() as nursery:
        for key, name in (("a", "first"), ("a", "second"), ("b", "other")):
            nursery.start_soon(take, key, name)
            await wait_all_tasks_blocked()
        assert had == ["first", "other"]
        with trio.move_on_after(0) as impatient:
            await take("a", "impatient")
        assert impatient.cancelled_caught
        assert len(locks) == 2
        go_on.set()
    assert had == ["first", "other", "second"]
    assert len(locks) == 0
