"""What a commit says to a topic is told together: one run for each member, cut where it would be long."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from switchboard.engine.errors import StoreDown
from switchboard.engine.ports import Span
from switchboard.engine.runtime.announcements import Announcement, Announcements
from switchboard.web.realtime.feeds import TOGETHER_MOST, Feeds
from switchboard.web.realtime.hub import (
    SLICE,
    Channel,
    Hub,
    Member,
    NotNow,
    Rendered,
)
from switchboard.web.realtime.runs import RUN_BYTES_MOST
from switchboard.web.transport import Frame, Run


@pytest.fixture(autouse=True, params=["at once", "waiting"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test twice: channels that can render without waiting, and channels that cannot."""
    monkeypatch.setitem(WAY, "quick", request.param == "at once")
    return str(request.param)


WAY = {"quick": False}


class Ear:
    """An outlet that keeps each run as it came."""

    def __init__(self) -> None:
        self.runs: list[list[bytes]] = []

    @property
    def heard(self) -> list[bytes]:
        """All frames."""
        return [frame for run in self.runs for frame in run]

    def send_encoded(self, frame: Frame) -> bool:
        """A run of one."""
        self.runs.append([frame])
        return True

    def send_run(self, run: Run) -> bool:
        """The bytes are those of the frames."""
        assert run.joined == b"".join(run.frames)
        self.runs.append(list(run.frames))
        return True

    async def send(self, frame: Frame) -> bool:
        """Without waiting."""
        await trio.lowlevel.checkpoint()
        return self.send_encoded(frame)


class Nothing:
    """A store in which nothing is found."""

    gapless = True

    async def span(self) -> Span:
        """Nothing was announced before."""
        await trio.lowlevel.checkpoint()
        return Span(0, 1)

    async def after(self, sequence: int, limit: int) -> Sequence[Announcement]:
        """Nothing."""
        await trio.lowlevel.checkpoint()
        return []


class Stage:
    """A channel and what is said on its topic."""

    def __init__(self) -> None:
        self.announcements = Announcements()
        self.channel: Channel
        self.besides: dict[int, Member] = {}
        """Number -> who is not told of it."""
        self.failing: set[int] = set()
        """Numbers that cannot be rendered once, for the database is away."""
        self.said = 0

    def say(self, *bodies: bytes) -> None:
        """All in one commit."""
        for body in bodies:
            self.said += 1
            self.announcements.publish("t", [Announcement("t", self.said, "said", body)])

    async def render(self, announcement: Announcement) -> Rendered:
        """See ``Renderer``."""
        await trio.lowlevel.checkpoint()
        if announcement.sequence in self.failing:
            self.failing.remove(announcement.sequence)
            raise StoreDown
        return self._rendered(announcement)

    def render_now(self, announcement: Announcement) -> Rendered:
        """See ``QuickRenderer``."""
        if announcement.sequence in self.failing:
            raise NotNow
        return self._rendered(announcement)

    def _rendered(self, announcement: Announcement) -> Rendered:
        return Rendered("said", announcement.body, self.besides.get(announcement.sequence))


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """A running one."""
    made = Stage()
    hub = Hub(Feeds(made.announcements, lambda _: Nothing()))
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.feeds.run)
        quick = made.render_now if WAY["quick"] else None
        made.channel = await hub.channel(
            ["t"], made.render, lambda told, _: Frame(told.data), quick
        )
        yield made
        made.channel.close()
        nursery.cancel_scope.cancel()


async def joined(made: Stage) -> tuple[Ear, Member]:
    """Somebody who listens."""
    ear = Ear()
    member = Member(ear)
    await made.channel.join(member, lambda _cursor: None)
    return ear, member


async def test_what_is_committed_together_comes_as_one_run() -> None:
    """What comes alone comes at once."""
    async with stage() as made:
        (one, _), (other, _) = await joined(made), await joined(made)
        made.say(b"a", b"b", b"c")
        await trio.testing.wait_all_tasks_blocked()
        made.say(b"d")
        await trio.testing.wait_all_tasks_blocked()
        assert one.runs == other.runs == [[b"a", b"b", b"c"], [b"d"]]


async def test_who_has_been_answered_with_one_of_them_gets_the_others() -> None:
    """And nothing at all if there are no others."""
    async with stage() as made:
        (all_of_them, _), (some, member) = await joined(made), await joined(made)
        made.besides = {2: member, 4: member}
        made.say(b"a", b"b", b"c")
        await trio.testing.wait_all_tasks_blocked()
        made.say(b"d")
        await trio.testing.wait_all_tasks_blocked()
        assert all_of_them.runs == [[b"a", b"b", b"c"], [b"d"]]
        assert some.runs == [[b"a", b"c"]]


async def test_a_run_is_cut_where_it_gets_long() -> None:
    """By bytes, so that a member's outbox takes several, and by number."""
    async with stage() as made:
        ear, _ = await joined(made)
        large = bytes(RUN_BYTES_MOST // 2)
        made.say(large, large, large, b"small")
        await trio.testing.wait_all_tasks_blocked()
        assert ear.runs == [[large, large], [large, b"small"]]
        made.say(*[b"x"] * (TOGETHER_MOST + 1))
        await trio.testing.wait_all_tasks_blocked()
        assert [len(run) for run in ear.runs[2:]] == [TOGETHER_MOST, 1]


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_when_one_cannot_be_rendered_now_those_before_it_are_told_and_none_twice(
    number: int,
) -> None:
    async with stage() as made:
        ear, _ = await joined(made)
        made.failing = {number}
        made.say(b"a", b"b", b"c")
        with trio.fail_after(5):
            while len(ear.heard) < 3:
                await trio.testing.wait_all_tasks_blocked(0.01)
        assert ear.heard == [b"a", b"b", b"c"]
        assert len(ear.runs) == (1 if number == 1 else 2)


async def test_what_was_announced_before_a_hole_is_told_all_the_same() -> None:
    async with stage() as made:
        ear, _ = await joined(made)
        made.say(b"a", b"b")
        made.announcements.lag("t")
        await trio.testing.wait_all_tasks_blocked()
        assert ear.runs == [[b"a", b"b"]]


async def test_a_channel_of_very_many_lets_others_run_between(way: str) -> None:
    """Whether it can render at once or not; and who listens elsewhere is told meanwhile."""
    async with stage() as made:
        ears = [(await joined(made))[0] for _ in range(3 * SLICE)]
        made.say(b"a", b"b")
        steps = 0
        while not ears[-1].runs:
            await trio.lowlevel.checkpoint()
            steps += 1
        await trio.testing.wait_all_tasks_blocked()
        assert all(ear.runs == [[b"a", b"b"]] for ear in ears), way
        assert steps >= 3


async def test_a_channel_in_which_somebody_is_being_told_something_keeps_the_order(
    way: str,
) -> None:
    """What others say and what the topic announces, in the order in which each began."""
    async with stage() as made, trio.open_nursery() as nursery:
        ear, _ = await joined(made)
        async with made.channel._telling:
            made.say(b"a")
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(made.channel.broadcast, Frame(b"b"))
            await trio.testing.wait_all_tasks_blocked()
            made.say(b"c")
            await trio.testing.wait_all_tasks_blocked()
            assert ear.heard == []
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == [b"a", b"b", b"c"], way
