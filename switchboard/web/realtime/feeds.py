"""Feeds: each topic is subscribed to once in a process, however many listen."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import structlog
import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.runtime.announcements import Announcement, Announcements, Subscription
from switchboard.web.realtime.lock import Locks
from switchboard.web.realtime.sources import Source

PAGE = 100
"""Announcements read at once: contracts/README.md's page."""

TOGETHER_MOST = 64
"""Announcements handed on at once: as many as a turn decides commands (``Capacity.turn``)."""

FEEDS_BETWEEN_CHECKPOINTS = 32
"""Of those that have something to tell: each writes to a few sockets, of some 10 microseconds each."""

LOG = structlog.get_logger("realtime")

RETRY_FIRST_SECONDS = 0.05
RETRY_MOST_SECONDS = 5.0
"""As an actor's restarts (design, 'Supervision')."""


class Sink(Protocol):
    """Who is handed what a topic announced, in order and at least one at a time. Handed the same again it goes on where
    it stopped."""

    def tell_now(self, announcements: Sequence[Announcement]) -> bool:
        """Without waiting. Returns: False if that is not possible; nothing was told then."""

    async def tell(self, announcements: Sequence[Announcement]) -> None:
        """The same, however long it takes. Raises: Unavailable; then it is asked again."""


class Feed:
    """One topic, heard in order, without a gap and without a repeat.

    What is announced is handed to one sink after the other, all that waits at once: by ``deliver``, which is called for
    all feeds in one task, as long as nobody has to wait for anything. Else a task of the feed's own goes on from there,
    for as long as it takes. After ``Lagged`` it is read from the store, by a subscription that was opened before, so
    that nothing falls between the two.
    """

    __slots__ = (
        "_closed",
        "_owner",
        "_scope",
        "_subscription",
        "_working",
        "lags",
        "last",
        "sinks",
        "source",
        "topic",
    )

    def __init__(self, owner: Feeds, topic: str, source: Source) -> None:
        self.topic = topic
        self.source = source
        self.sinks: list[Sink] = []
        self.last = 0
        """The number that was handed on last, or had been announced when the feed opened."""
        self.lags = 0
        self._closed = False
        self._scope: trio.CancelScope | None = None
        """Of the task that goes on where ``deliver`` cannot, if there is one."""
        self._owner = owner
        self._working = True
        """A task sees to it; until it is open that is who opens it."""
        self._subscription: Subscription

    async def open(self) -> None:
        """Raises: StoreDown; then it is closed."""
        self._subscribe()
        try:
            self.last = (await self.source.span()).head
        except BaseException:
            self._subscription.close()
            raise
        self._rest()

    def close(self) -> None:
        """Hears nothing more."""
        self._closed = self._working = True
        if self._scope is not None:
            self._scope.cancel()
        self._subscription.close()

    def _subscribe(self) -> None:
        self._subscription = self._owner.announcements.subscribe(self.topic, news=self._news)

    def _news(self) -> None:
        if not self._working:
            self._owner.ready(self)

    def _rest(self) -> None:
        """Nobody sees to it any more. What has come meanwhile is due."""
        self._working = False
        if self._subscription.has_news:
            self._owner.ready(self)

    # -- at once ------------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Hands on all that waits, or starts the task that will."""
        if self._working:
            return
        while self._subscription.has_news:
            fresh, lost = self._take()
            late = self._hand_on_now(fresh) if fresh else []
            if late or lost:
                self._working = True
                self._owner.spawn(partial(self._work, fresh, late, lost=lost))
                return

    def _take(self) -> tuple[list[Announcement], bool]:
        """What waits and was not handed on yet, and whether something is missing behind it."""
        waiting = self._subscription.take(TOGETHER_MOST)
        if not waiting:
            return [], self._subscription.lagged
        fresh: list[Announcement] = []
        last = self.last
        for announcement in waiting:
            if announcement.sequence <= last:
                continue
            if self.source.gapless and announcement.sequence != last + 1:
                return fresh, True
            fresh.append(announcement)
            last = announcement.sequence
        return fresh, False

    def _hand_on_now(self, announcements: Sequence[Announcement]) -> list[Sink]:
        """Returns: those that could not be told now."""
        self.last = announcements[-1].sequence
        return [sink for sink in tuple(self.sinks) if not sink.tell_now(announcements)]

    # -- in a task of its own -----------------------------------------------------------------------------------

    async def _work(
        self, announcements: Sequence[Announcement], late: Sequence[Sink], *, lost: bool
    ) -> None:
        with trio.CancelScope() as self._scope:
            if self._closed:
                return
            if late:
                await self._hand_on(announcements, late)
            while lost or self._subscription.has_news:
                if lost:
                    self.lags += 1
                    self._subscription.close()
                    self._subscribe()
                    await self._persist(self._read_on)
                fresh, lost = self._take()
                if fresh:
                    await self._hand_on(fresh, self.sinks)
            self._rest()

    async def _read_on(self) -> None:
        head = (await self.source.span()).head
        while page := await self.source.after(self.last, PAGE):
            await self._hand_on(page, self.sinks)
        self.last = max(self.last, head)

    async def _hand_on(self, announcements: Sequence[Announcement], sinks: Sequence[Sink]) -> None:
        # Before, not after: whoever joins meanwhile is not among these sinks, so its beginning is after these.
        self.last = max(self.last, announcements[-1].sequence)
        for sink in tuple(sinks):

            async def told(sink: Sink = sink) -> None:
                await sink.tell(announcements)

            await self._persist(told)

    async def _persist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Does it again for as long as the database is away: who listens waits, and nobody is skipped."""
        pause = RETRY_FIRST_SECONDS
        while True:
            try:
                await step()
            except Unavailable as error:
                LOG.warning("feed_waits", topic=self.topic, error=repr(error))
                await trio.sleep(pause * (1 + random.random() / 2))
                pause = min(2 * pause, RETRY_MOST_SECONDS)
            else:
                return


class Feeds:
    """All feeds of a process: opened by the first who listens, closed by the last."""

    def __init__(self, announcements: Announcements, source: Callable[[str], Source]) -> None:
        self.announcements = announcements
        self._source = source
        self._feeds: dict[str, Feed] = {}
        self._ready: dict[Feed, None] = {}
        """Those that have something to tell, in the order in which it was announced."""
        self._news = trio.Event()
        self._opening = Locks()
        self._nursery: trio.Nursery | None = None
        self.lags = 0
        """Of feeds that are closed."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The feeds live in it."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            while True:
                if self._ready:
                    self.deliver_some()
                    await trio.lowlevel.checkpoint()
                else:
                    self._news = trio.Event()
                    await self._news.wait()

    def deliver_some(self) -> None:
        """Hands on what some topics have announced: in the task, or before its turn comes (``Sessions.when_quiet``)."""
        if self._nursery is None or self._nursery.cancel_scope.cancel_called:
            return
        for _ in range(min(len(self._ready), FEEDS_BETWEEN_CHECKPOINTS)):
            feed = next(iter(self._ready))
            del self._ready[feed]
            feed.deliver()

    def ready(self, feed: Feed) -> None:
        """It has something to tell."""
        self._ready[feed] = None
        self._news.set()

    def spawn(self, task: Callable[[], Awaitable[None]]) -> None:
        """A task beside the feeds, which must handle its own errors."""
        assert self._nursery is not None, "run() has started"
        self._nursery.start_soon(task)

    async def open(self, topic: str, sink: Sink) -> Feed:
        """From now on ``sink`` gets what is announced. Raises: StoreDown."""
        async with self._opening.of(topic):
            feed = self._feeds.get(topic)
            if feed is None:
                feed = Feed(self, topic, self._source(topic))
                await feed.open()
                self._feeds[topic] = feed
            feed.sinks.append(sink)
            return feed

    def close(self, feed: Feed, sink: Sink) -> None:
        """The sink gets nothing more."""
        if sink in feed.sinks:
            feed.sinks.remove(sink)
        if not feed.sinks and self._feeds.get(feed.topic) is feed:
            del self._feeds[feed.topic]
            self._ready.pop(feed, None)
            feed.close()
            self.lags += feed.lags

    @property
    def open_feeds(self) -> int:
        """How many topics are heard."""
        return len(self._feeds)

    @property
    def all_lags(self) -> int:
        """How often a feed had to read on from the store."""
        return self.lags + sum(feed.lags for feed in self._feeds.values())
