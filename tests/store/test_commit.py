"""The committer over a backend in the test's hands: batches, halves, and what goes wrong in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
import trio
import trio.testing
from session_stores import at_once, outcome_of, turn, unseen
from trio.testing import MockClock

from switchboard.engine.errors import CommitUnknown, StoreDown
from switchboard.engine.ports import ClaimTaken, CommitFailed, Committed, Fenced, Outcome, Turn
from switchboard.engine.sessions.kind import Claim
from switchboard.store.commit import (
    BATCH_MOST,
    LOCKED_PAUSE_SECONDS,
    LOCKED_SECONDS_MOST,
    BatchLocked,
    BatchRefused,
    Committer,
    Locked,
)
from switchboard.store.conflicts import Separation

CLAIM = Claim("scope", "key")


class Scripted:
    """A backend that writes down its batches and does with each what the test says."""

    def __init__(self, answer: Callable[[Turn], Outcome | Locked] | None = None) -> None:
        self.batches: list[list[str]] = []
        self.hurried: list[bool] = []
        self.answer = answer or (lambda _turn: Committed())
        self.before: Callable[[Sequence[Turn]], None] = lambda _batch: None

    async def write(
        self, batch: Sequence[Turn], *, hurried: bool, sent: Callable[[], None]
    ) -> Sequence[Outcome | Locked]:
        self.batches.append([written.address.id for written in batch])
        self.hurried.append(hurried)
        sent()
        await trio.lowlevel.checkpoint()
        self.before(batch)
        return [self.answer(written) for written in batch]


@pytest.fixture
def backend() -> Scripted:
    return Scripted()


@pytest.fixture
def committer(backend: Scripted, nursery: trio.Nursery) -> Committer:
    """One whose task runs."""
    made = Committer(backend)
    nursery.start_soon(made.run)
    return made


async def test_everything_that_waits_goes_into_one_batch(
    backend: Scripted, committer: Committer
) -> None:
    assert await at_once(committer, [turn(f"s{n}") for n in range(9)]) == [Committed()] * 9
    assert [len(batch) for batch in backend.batches] == [9]


async def test_a_batch_has_its_bound(backend: Scripted, committer: Committer) -> None:
    await at_once(committer, [turn(f"s{n}") for n in range(BATCH_MOST * 2 + 1)])
    assert [len(batch) for batch in backend.batches] == [BATCH_MOST, BATCH_MOST, 1]
    assert committer.statistics().largest_batch == BATCH_MOST


async def test_a_turn_waits_for_no_more_than_there_were_the_last_time(
    autojump_clock: MockClock, backend: Scripted, committer: Committer, nursery: trio.Nursery
) -> None:
    """However busy the loop is with others' work."""
    await at_once(committer, [turn("a"), turn("b")])
    assert await outcome_of(committer, turn("c")) == Committed()
    steps: list[int] = []

    async def work() -> None:
        for step in range(100):
            await trio.lowlevel.checkpoint()
            steps.append(step)

    # So many that one of them is always still to come in a step, whatever their order.
    for _ in range(100):
        nursery.start_soon(work)
    assert await outcome_of(committer, turn("alone")) == Committed()
    assert max(steps) < 10
    assert [sorted(batch) for batch in backend.batches] == [["a", "b"], ["c"], ["alone"]]


async def test_turns_that_want_the_same_claim_are_written_one_batch_after_the_other(
    backend: Scripted, committer: Committer
) -> None:
    turns = [turn(f"c{n}", taken=(CLAIM,)) for n in range(3)] + [turn("other")]
    await at_once(committer, turns)
    assert [len(batch) for batch in backend.batches] == [2, 1, 1]


async def test_a_refused_batch_is_halved_until_the_culprit_stands_alone(
    backend: Scripted, committer: Committer
) -> None:
    def refuse(batch: Sequence[Turn]) -> None:
        if any(written.address.id == "bad" for written in batch):
            raise BatchRefused("no")

    backend.before = refuse
    turns = [turn("bad"), *(turn(f"s{n}") for n in range(7))]
    outcomes = await at_once(committer, turns)
    assert isinstance(outcomes[0], CommitFailed)
    assert outcomes[1:] == [Committed()] * 7
    assert sorted(len(batch) for batch in backend.batches) == [1, 1, 2, 2, 4, 4, 8]
    assert backend.hurried == [False] + [True] * 6


async def test_a_turn_that_waits_too_long_for_a_lock_is_told_so_alone(
    backend: Scripted, committer: Committer
) -> None:
    def wait_for_lock(batch: Sequence[Turn]) -> None:
        if any(written.address.id == "bad" for written in batch):
            raise BatchLocked("too long")

    backend.before = wait_for_lock
    outcomes = await at_once(committer, [turn("bad"), turn("a"), turn("b")])
    assert isinstance(outcomes[0], StoreDown)
    assert outcomes[1:] == [Committed()] * 2


@pytest.mark.parametrize("error", [StoreDown("away"), CommitUnknown("lost")])
async def test_an_outage_is_heard_by_each_caller_as_an_exception_of_its_own(
    backend: Scripted, committer: Committer, error: Exception
) -> None:
    def fail(_batch: Sequence[Turn]) -> None:
        raise error

    backend.before = fail
    outcomes = await at_once(committer, [turn("a"), turn("b")])
    assert [type(outcome) for outcome in outcomes] == [type(error)] * 2
    assert outcomes[0] is not outcomes[1]
    backend.before = lambda _batch: None
    assert await at_once(committer, [turn("a")]) == [Committed()]


async def test_an_outage_in_the_middle_of_the_halves_concerns_only_what_was_under_way(
    backend: Scripted, committer: Committer
) -> None:
    def fail(batch: Sequence[Turn]) -> None:
        if len(batch) > 1:
            raise BatchRefused("no")
        if len(backend.batches) == 2:
            raise CommitUnknown("lost")

    backend.before = fail
    outcomes = await at_once(committer, [turn("a"), turn("b")])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CommitUnknown", "Committed"]


async def test_an_unforeseen_error_makes_the_batch_unknown_and_the_committer_goes_on(
    backend: Scripted, committer: Committer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_batch: Sequence[Turn]) -> None:
        raise ZeroDivisionError

    backend.before = fail
    outcomes = await at_once(committer, [turn("a"), turn("b")])
    assert [type(outcome) for outcome in outcomes] == [CommitUnknown] * 2
    assert "ZeroDivisionError" in caplog.text
    backend.before = lambda _batch: None
    assert await at_once(committer, [turn("a")]) == [Committed()]


async def test_a_fenced_committer_sends_nothing_more(
    backend: Scripted, committer: Committer
) -> None:
    def fence(_batch: Sequence[Turn]) -> None:
        raise Fenced("over")

    backend.before = fence
    assert [type(each) for each in await at_once(committer, [turn("a"), turn("b")])] == [Fenced] * 2
    assert isinstance(await outcome_of(committer, turn("c")), Fenced)
    assert len(backend.batches) == 1


async def test_a_locked_turn_gives_up_in_time_and_nobody_waits_for_it(
    backend: Scripted, committer: Committer, autojump_clock: trio.testing.MockClock
) -> None:
    backend.answer = lambda each: Locked() if each.address.id == "locked" else Committed()
    began = trio.current_time()
    answered: list[tuple[str, float]] = []

    async def one(id_: str) -> None:
        await outcome_of(committer, turn(id_))
        answered.append((id_, trio.current_time() - began))

    async with trio.open_nursery() as nursery:
        for id_ in ("a", "locked", "b"):
            nursery.start_soon(one, id_)
    assert sorted(answered[:2]) == [("a", 0.0), ("b", 0.0)]
    assert answered[2][0] == "locked"
    assert answered[2][1] == pytest.approx(LOCKED_SECONDS_MOST, abs=LOCKED_PAUSE_SECONDS + 0.001)


async def test_a_turn_waits_for_the_fate_of_the_locked_one_before_it(
    backend: Scripted, committer: Committer, autojump_clock: trio.testing.MockClock
) -> None:
    holder: list[str] = []

    def answer(each: Turn) -> Outcome | Locked:
        if not holder and len(backend.batches) < 4:
            return Locked()
        if holder:
            return ClaimTaken(CLAIM, holder[0])
        holder.append(each.address.id)
        return Committed()

    backend.answer = answer
    outcomes = await at_once(committer, [turn(f"c{n}", taken=(CLAIM,)) for n in range(2)])
    assert sorted(map(repr, outcomes)) == sorted(
        [repr(Committed()), repr(ClaimTaken(CLAIM, holder[0]))]
    )


async def test_a_committer_that_has_ended_leaves_nobody_waiting(backend: Scripted) -> None:
    committer = Committer(backend)
    under_way = trio.Event()

    async def write(
        batch: Sequence[Turn], *, hurried: bool, sent: Callable[[], None]
    ) -> Sequence[Outcome | Locked]:
        under_way.set()
        await trio.sleep_forever()
        raise AssertionError("it is cancelled")

    backend.write = write  # type: ignore[method-assign]
    outcomes: dict[str, object] = {}

    async def one(id_: str) -> None:
        outcomes[id_] = await outcome_of(committer, turn(id_))

    async with trio.open_nursery() as callers, trio.open_nursery() as nursery:
        nursery.start_soon(committer.run)
        callers.start_soon(one, "first")
        await under_way.wait()
        callers.start_soon(one, "second")
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert isinstance(outcomes["first"], CommitUnknown)
    assert isinstance(outcomes["second"], StoreDown)
    with pytest.raises(StoreDown):
        await committer.commit(turn("late"), unseen)


# -- meanwhile


async def prepared_before(committer: Committer, seen: list[str], id_: str) -> Outcome:
    """Commits a turn whose preparation and adoption are written down."""
    return await committer.commit(
        turn(id_), lambda _: seen.append(f"adopt {id_}"), lambda: seen.append(f"prepare {id_}")
    )


async def test_what_can_be_prepared_is_while_the_batch_is_on_its_way(
    backend: Scripted, committer: Committer
) -> None:
    seen: list[str] = []
    backend.before = lambda _batch: seen.append("written")
    await prepared_before(committer, seen, "a")
    assert seen == ["prepare a", "written", "adopt a"]


async def test_what_no_backend_found_time_for_is_prepared_before_the_adoption(
    nursery: trio.Nursery,
) -> None:
    class Quick(Scripted):
        async def write(
            self, batch: Sequence[Turn], *, hurried: bool, sent: Callable[[], None]
        ) -> Sequence[Outcome | Locked]:
            return await super().write(batch, hurried=hurried, sent=lambda: None)

    committer = Committer(Quick())
    nursery.start_soon(committer.run)
    seen: list[str] = []
    await prepared_before(committer, seen, "a")
    assert seen == ["prepare a", "adopt a"]


async def test_a_turn_that_is_tried_again_is_prepared_once(
    backend: Scripted, committer: Committer
) -> None:
    answers: Iterator[Outcome | Locked] = iter([Locked(), Committed()])
    backend.answer = lambda _turn: next(answers)
    seen: list[str] = []
    assert await prepared_before(committer, seen, "a") == Committed()
    assert seen == ["prepare a", "adopt a"]


async def test_a_bug_in_a_preparation_concerns_no_turn(
    committer: Committer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    assert await committer.commit(turn("a"), unseen, fail) == Committed()
    assert await outcome_of(committer, turn("b")) == Committed()
    assert "preparing for the commit of" in caplog.text


# -- the quiet between two commits


async def test_there_is_quiet_once_everything_that_waited_is_written_and_adopted(
    backend: Scripted, committer: Committer
) -> None:
    seen: list[str] = []
    committer.when_quiet(lambda: seen.append("quiet"))
    backend.before = lambda batch: seen.append(f"{len(batch)} written")
    await at_once(committer, [turn(f"s{n}") for n in range(BATCH_MOST + 1)])
    assert seen == [f"{BATCH_MOST} written", "1 written", "quiet"]


async def test_a_bug_in_the_quiet_does_not_end_the_committer(
    committer: Committer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    committer.when_quiet(fail)
    for number in range(2):
        assert await outcome_of(committer, turn(f"s{number}")) == Committed()
    assert "between two commits failed" in caplog.text


# -- separation


def test_turns_that_share_nothing_are_admitted_together() -> None:
    separation = Separation()
    assert separation.admits(turn("a", taken=(CLAIM,), bars=("free",)))
    assert separation.admits(turn("b", taken=(Claim("scope", "other"),), bars=("free",)))
    assert separation.admits(turn("c", consumed=("r",)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (turn("a"), turn("a", 1)),
        (turn("a", taken=(CLAIM,)), turn("b", released=(CLAIM,))),
        (turn("a", taken=(CLAIM,)), turn("b", bars=("scope",))),
        (turn("a", bars=("scope",)), turn("b", released=(CLAIM,))),
        (turn("a", consumed=("r",)), turn("b", consumed=("r",))),
    ],
)
def test_turns_that_share_something_are_not_and_neither_is_whoever_follows(
    first: Turn, second: Turn
) -> None:
    separation = Separation()
    assert separation.admits(first)
    assert not separation.admits(second)
    assert not separation.admits(second)


def test_a_turn_is_not_in_its_own_way() -> None:
    own = turn("a", taken=(CLAIM,), released=(CLAIM,), bars=("scope", "scope"), consumed=("r",))
    assert Separation().admits(own)
