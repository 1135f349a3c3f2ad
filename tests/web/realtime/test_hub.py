"""The hub without sockets: order, no gap, no repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from switchboard.engine.errors import StoreDown
from switchboard.engine.ports import Span
from switchboard.engine.runtime.announcements import Announcement, Announcements
from switchboard.engine.runtime.timers import Timers
from switchboard.web.realtime.feeds import Feeds
from switchboard.web.realtime.hub import SLICE, Channel, Cursor, Hub, Member, Rendered
from switchboard.web.transport import Frame, Run


@pytest.fixture(autouse=True, params=["at once", "waiting"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test twice: channels that can render without waiting, and channels that cannot."""
    monkeypatch.setitem(WAY, "quick", request.param == "at once")
    return str(request.param)


WAY = {"quick": False}


class Log:
    """A topic and its store: what is announced is stored first."""

    gapless = True

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.announcements = Announcements()
        self.stored: list[Announcement] = []
        self.pruned = 0
        self.down = 0
        """So many reads fail."""
        self.unreadable = False

    def store(self) -> Announcement:
        """One more, of which nobody is told."""
        made = Announcement(self.topic, len(self.stored) + 1, "said", b"")
        self.stored.append(made)
        return made

    def announce(self, count: int = 1) -> None:
        """Stores and tells."""
        for _ in range(count):
            made = self.store()
            self.announcements.publish(made.topic, [made])

    async def span(self) -> Span:
        """See ``Source``."""
        await trio.lowlevel.checkpoint()
        if self.unreadable:
            raise StoreDown
        return Span(len(self.stored), self.pruned + 1)

    async def after(self, sequence: int, limit: int) -> Sequence[Announcement]:
        """See ``Source``."""
        await trio.lowlevel.checkpoint()
        if self.down:
            self.down -= 1
            raise StoreDown
        return self.stored[max(sequence, self.pruned) :][:limit]


class Ear:
    """An outlet that keeps what it gets."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.open = True

    def send_encoded(self, frame: Frame) -> bool:
        """Keeps it."""
        if self.open:
            self.heard.append(int(frame))
        return self.open

    def send_run(self, run: Run) -> bool:
        """Keeps them."""
        return all([self.send_encoded(frame) for frame in run.frames])

    async def send(self, frame: Frame) -> bool:
        """Lets others run meanwhile."""
        await trio.lowlevel.checkpoint()
        return self.send_encoded(frame)


def _render_now(announcement: Announcement) -> Rendered:
    return Rendered("said", announcement.sequence)


async def _render(announcement: Announcement) -> Rendered:
    await trio.lowlevel.checkpoint()
    return Rendered("said", announcement.sequence)


def _frame(rendered: Rendered, cursor: Cursor) -> Frame:
    assert cursor == (rendered.data,)
    return Frame(str(rendered.data).encode())


@asynccontextmanager
async def running(log: Log) -> AsyncIterator[tuple[Hub, Channel]]:
    """A hub with one channel, which that topic feeds."""
    hub = Hub(Feeds(log.announcements, lambda _: log))
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.feeds.run)
        quick = _render_now if WAY["quick"] else None
        channel = await hub.channel([log.topic], _render, _frame, quick)
        yield hub, channel
        channel.close()
        nursery.cancel_scope.cancel()


async def joined(channel: Channel) -> Ear:
    """Somebody who listens from now on."""
    ear = Ear()
    await channel.join(Member(ear), lambda _cursor: None)
    return ear


async def test_all_who_listen_hear_everything_after_their_joining_in_order() -> None:
    """By one subscription of the topic."""
    log = Log("t")
    log.announce(3)
    async with running(log) as (hub, channel):
        first = await joined(channel)
        log.announce(2)
        await trio.testing.wait_all_tasks_blocked()
        second = await joined(channel)
        log.announce(2)
        await trio.testing.wait_all_tasks_blocked()
        assert (first.heard, second.heard) == ([4, 5, 6, 7], [6, 7])
        assert hub.statistics()["topics"] == 1
    assert not log.announcements.has_subscribers("t")


async def test_a_listener_that_lagged_reads_on_from_the_store() -> None:
    """More than a subscription holds, an announcement that was lost, a database that is away for a while."""
    log = Log("t")
    async with running(log) as (hub, channel):
        ear = await joined(channel)
        log.announce(1000)
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == list(range(1, 1001))
        log.store()
        log.announce()
        log.down = 2
        with trio.fail_after(5):
            while len(ear.heard) < 1002:
                await trio.testing.wait_all_tasks_blocked(0.01)
        log.store()
        log.announcements.lag("t")
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == list(range(1, 1004))
        assert hub.statistics()["lags"] >= 3


@pytest.mark.parametrize("since", [0, 1, 150, 300])
async def test_a_member_that_resumes_hears_what_it_missed_and_then_what_comes(since: int) -> None:
    """While more is announced all the time; each once, in order."""
    log = Log("t")
    log.announce(300)
    async with running(log) as (hub, channel), trio.open_nursery() as nursery:
        ear, stop = Ear(), trio.Event()

        async def talk() -> None:
            while not stop.is_set():
                log.announce()
                await trio.lowlevel.checkpoint()

        nursery.start_soon(talk)
        assert await channel.resumable((since,))
        await channel.resume(Member(ear), (since,))
        for _ in range(50):
            await trio.lowlevel.checkpoint()
        stop.set()
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == list(range(since + 1, len(log.stored) + 1))
        assert hub.counts.resumes == 1


async def test_what_is_kept_no_more_or_was_never_said_cannot_be_resumed() -> None:
    """Nor a cursor of another channel's shape."""
    log = Log("t")
    log.announce(10)
    log.pruned = 5
    async with running(log) as (_, channel):
        assert [await channel.resumable((at,)) for at in (4, 5, 10, 11)] == [
            *(False, True),
            *(True, False),
        ]
        assert not await channel.resumable((5, 5))


async def test_who_leaves_hears_nothing_more_and_a_dead_outlet_is_no_ones_trouble() -> None:
    """Also in the middle of its resuming."""
    log = Log("t")
    log.announce(10)
    async with running(log) as (hub, channel), trio.open_nursery() as nursery:
        dead, ear = await joined(channel), await joined(channel)
        dead.open = False
        resuming = Member(Ear())
        nursery.start_soon(channel.resume, resuming, (0,))
        channel.leave(resuming)
        log.announce()
        await trio.testing.wait_all_tasks_blocked()
        assert (dead.heard, ear.heard) == ([], [11])
        assert resuming not in channel.members
        assert hub.counts.undelivered == 1


async def test_a_crowd_is_written_to_in_slices() -> None:
    """Somebody else runs between them."""
    log = Log("t")
    async with running(log) as (_, channel):
        ears = [await joined(channel) for _ in range(3 * SLICE)]
        seen: list[int] = []
        async with trio.open_nursery() as nursery:

            async def look() -> None:
                while not ears[-1].heard:
                    seen.append(sum(bool(ear.heard) for ear in ears))
                    await trio.lowlevel.checkpoint()

            nursery.start_soon(look)
            log.announce()
        assert {count % SLICE for count in seen} == {0}
        assert any(0 < count < 3 * SLICE for count in seen)


async def test_a_channel_that_cannot_open_leaves_nothing_open_and_the_next_one_can() -> None:
    """The database was away."""
    log = Log("t")
    async with running(log) as (hub, _):
        other = Log("other")
        hub.feeds._source = lambda _: other
        other.unreadable = True
        with pytest.raises(StoreDown):
            await hub.channel(["other"], _render, _frame)
        assert hub.feeds.open_feeds == 1
        other.unreadable = False
        (await hub.channel(["other"], _render, _frame)).close()


async def test_an_announcement_that_cannot_be_rendered_is_counted_and_the_next_one_comes() -> None:
    """A bug in one does not silence the channel."""
    log = Log("t")

    async def render(announcement: Announcement) -> Rendered:
        await trio.lowlevel.checkpoint()
        if announcement.sequence == 1:
            raise ZeroDivisionError
        return Rendered("said", announcement.sequence)

    async with running(log) as (hub, _):
        channel = await hub.channel(["t"], render, _frame)
        ear = await joined(channel)
        log.announce(2)
        await trio.testing.wait_all_tasks_blocked()
        assert (ear.heard, hub.counts.failures) == ([2], 1)


def _fail() -> None:
    raise ZeroDivisionError


async def test_timers_call_in_the_order_of_their_moments(autojump_clock: object) -> None:
    """A cancelled one never; thousands that were cancelled are thrown out long before their moment."""
    timers, called = Timers(), []
    async with trio.open_nursery() as nursery:
        await nursery.start(timers.run)
        now = trio.current_time()
        for at in (3, 1, 2):
            timers.at(now + at, lambda at=at: called.append(at))  # type: ignore[misc]
        timers.at(now + 1.5, lambda: called.append(99)).cancel()
        timers.at(now + 1.2, _fail)
        for _ in range(5000):
            timers.at(now + 10**6, lambda: None).cancel()
        assert len(timers) < 300
        await trio.sleep(5)
        assert called == [1, 2, 3]
        nursery.cancel_scope.cancel()
