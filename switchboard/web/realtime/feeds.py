"""Feeds: each topic is subscribed to once in a process, however many listen."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog
import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.runtime.announcements import Announcement, Announcements, Lagged
from switchboard.web.realtime.sources import Source

PAGE = 100
"""Announcements read at once: contracts/README.md's page."""

RETRY_FIRST_SECONDS = 0.05
RETRY_MOST_SECONDS = 5.0
"""As an actor's restarts (design, 'Supervision')."""

TOGETHER_MOST = 64
"""Announcements handed on at once: as many as a turn decides commands (``Capacity.turn``)."""

Sink: TypeAlias = Callable[[Sequence[Announcement]], Awaitable[None]]
"""Some announcements of the topic in order, at least one. Handed the same again it goes on where it stopped."""


class Feed:
    """One topic, heard in order, without a gap and without a repeat.

    What is announced is handed to one sink after the other, all that waits at once. After ``Lagged`` it is read from
    the store, by a subscription that was opened before, so that nothing falls between the two.
    """

    def __init__(self, topic: str, announcements: Announcements, source: Source) -> None:
        self.topic = topic
        self.source = source
        self.sinks: list[Sink] = []
        self.last = 0
        """The number that was handed on last, or had been announced when the feed opened."""
        self.lags = 0
        self.scope = trio.CancelScope()
        self._announcements = announcements
        self._log = structlog.get_logger("realtime")

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Hears the topic until ``scope`` is cancelled; started once the head is known. Raises: StoreDown, only
        before it has started."""
        started = False
        with self.scope:
            while True:
                with self._announcements.subscribe(self.topic) as subscription:
                    if not started:
                        self.last = (await self.source.span()).head
                        started = True
                        task_status.started()
                    else:
                        await self._persist(self._read_on)
                    try:
                        while True:
                            await self._heard(await subscription.receive_some(TOGETHER_MOST))
                    except Lagged:
                        self.lags += 1

    async def _heard(self, announcements: Sequence[Announcement]) -> None:
        """Raises: Lagged, once everything before the hole was handed on."""
        fresh: list[Announcement] = []
        last, hole = self.last, False
        for announcement in announcements:
            if announcement.sequence <= last:
                continue
            hole = self.source.gapless and announcement.sequence != last + 1
            if hole:
                break
            fresh.append(announcement)
            last = announcement.sequence
        if fresh:
            await self._hand_on(fresh)
        if hole:
            raise Lagged(self.topic)

    async def _read_on(self) -> None:
        head = (await self.source.span()).head
        while page := await self.source.after(self.last, PAGE):
            await self._hand_on(page)
        self.last = max(self.last, head)

    async def _hand_on(self, announcements: Sequence[Announcement]) -> None:
        # Before, not after: whoever joins meanwhile is not among these sinks, so its beginning is after these.
        self.last = announcements[-1].sequence
        for sink in tuple(self.sinks):

            async def told(sink: Sink = sink) -> None:
                await sink(announcements)

            await self._persist(told)

    async def _persist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Does it again for as long as the database is away: who listens waits, and nobody is skipped."""
        pause = RETRY_FIRST_SECONDS
        while True:
            try:
                await step()
            except Unavailable as error:
                self._log.warning("feed_waits", topic=self.topic, error=repr(error))
                await trio.sleep(pause * (1 + random.random() / 2))
                pause = min(2 * pause, RETRY_MOST_SECONDS)
            else:
                return


class Feeds:
    """All feeds of a process: opened by the first who listens, closed by the last."""

    def __init__(self, announcements: Announcements, source: Callable[[str], Source]) -> None:
        self._announcements = announcements
        self._source = source
        self._feeds: dict[str, Feed] = {}
        self._opening = trio.Lock()
        self._nursery: trio.Nursery | None = None
        self.lags = 0
        """Of feeds that are closed."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The feeds live in it."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    def spawn(self, task: Callable[[], Awaitable[None]]) -> None:
        """A task beside the feeds, which must handle its own errors."""
        assert self._nursery is not None, "run() has started"
        self._nursery.start_soon(task)

    async def open(self, topic: str, sink: Sink) -> Feed:
        """From now on ``sink`` gets what is announced. Raises: StoreDown."""
        async with self._opening:
            feed = self._feeds.get(topic)
            if feed is None:
                assert self._nursery is not None, "run() has started"
                feed = Feed(topic, self._announcements, self._source(topic))
                await self._nursery.start(feed.run)
                self._feeds[topic] = feed
            feed.sinks.append(sink)
            return feed

    def close(self, feed: Feed, sink: Sink) -> None:
        """The sink gets nothing more."""
        if sink in feed.sinks:
            feed.sinks.remove(sink)
        if not feed.sinks and self._feeds.get(feed.topic) is feed:
            del self._feeds[feed.topic]
            feed.scope.cancel()
            self.lags += feed.lags

    @property
    def open_feeds(self) -> int:
        """How many topics are heard."""
        return len(self._feeds)

    @property
    def all_lags(self) -> int:
        """How often a feed had to read on from the store."""
        return self.lags + sum(feed.lags for feed in self._feeds.values())
