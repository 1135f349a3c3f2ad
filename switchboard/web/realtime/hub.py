"""The hub: channels that render what their topics announce once, and write it to all who listen.

It knows no protocol. A channel is told by its owner how an announcement is rendered and what its frames look like; a
member is whatever has an ``Outlet``. A dead or slow peer is the transport's affair.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import structlog
import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.runtime.announcements import Announcement
from switchboard.web.realtime.feeds import PAGE, Feed, Feeds
from switchboard.web.realtime.lock import Lock
from switchboard.web.realtime.runs import RunOf, Told, runs
from switchboard.web.transport import Frame, Run

LOG = structlog.get_logger("realtime")

SLICE = 64
"""Members that are written to between two checkpoints: 64 system calls of some 7 microseconds, half a millisecond."""

PASSES_MOST = 3
"""A resuming member reads the store so often while the channel goes on; then the channel waits for it, a page or two
long."""

Cursor: TypeAlias = tuple[int, ...]
"""How far a member has got: a number for each topic of its channel, in the channel's order."""


class Exit(Protocol):
    """The way out to a member (``transport.Outlet``)."""

    def send_encoded(self, frame: Frame) -> bool:
        """Without waiting."""

    def send_run(self, run: Run) -> bool:
        """Several frames at once, without waiting."""

    async def send(self, frame: Frame) -> bool:
        """Waits while the outbox is full."""


class Member:
    """One connection in one channel."""

    __slots__ = ("gone", "outlet", "scope")

    def __init__(self, outlet: Exit) -> None:
        self.outlet = outlet
        self.scope: trio.CancelScope | None = None
        """Of its resuming."""
        self.gone = False


class Rendered(NamedTuple):
    """What an announcement is to those who listen."""

    event: str
    data: Any
    besides: Member | None = None
    """Who is not told, because it has been answered with it."""


Renderer: TypeAlias = Callable[[Announcement], Awaitable[Rendered | None]]
"""None: nothing that this channel tells. May raise Unavailable; then it is asked again."""


class NotNow(Exception):
    """It cannot be rendered without waiting for something."""


QuickRenderer: TypeAlias = Callable[[Announcement], Rendered | None]
"""The same without waiting. Raises: NotNow."""


@dataclass(slots=True)
class Counts:
    """What the hub did."""

    announcements: int = 0
    deliveries: int = 0
    undelivered: int = 0
    """Frames whose peer was gone or too slow."""
    resumes: int = 0
    resumes_refused: int = 0
    failures: int = 0
    """Announcements that a channel could not render, each with its traceback in the log."""


class Channel:
    """Who listens to the same. ``frame`` makes the protocol's frame of what was rendered and its cursor."""

    __slots__ = (
        "_cursor",
        "_feeds",
        "_frame",
        "_hub",
        "_render",
        "_render_now",
        "_sinks",
        "_telling",
        "members",
        "topics",
    )

    def __init__(
        self,
        hub: Hub,
        topics: Sequence[str],
        render: Renderer,
        frame: Callable[[Rendered, Cursor], Frame],
        render_now: QuickRenderer | None = None,
    ) -> None:
        self.topics = tuple(topics)
        self.members: dict[Member, None] = {}
        """Those that get what is announced, in the order of their joining."""
        self._hub = hub
        self._render = render
        self._render_now = render_now
        self._frame = frame
        self._feeds: list[Feed] = []
        self._cursor: list[int] = []
        self._sinks = [Ear(self, place) for place in range(len(self.topics))]
        # One thing is told at a time, to everybody: so each member's cursor is true, whichever frame it read last.
        self._telling = Lock()

    @property
    def cursor(self) -> Cursor:
        """How far the channel has got."""
        return tuple(self._cursor)

    async def open(self) -> None:
        """Opens the feeds. Raises: StoreDown; nothing is open then."""
        try:
            for topic, sink in zip(self.topics, self._sinks, strict=True):
                # A feed that others have opened may be handing something on just now: the cursor is of what this
                # channel will get next, so both are read without a checkpoint between.
                feed = await self._hub.feeds.open(topic, sink)
                self._feeds.append(feed)
                self._cursor.append(feed.last)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hears nothing more."""
        for feed, sink in zip(self._feeds, self._sinks, strict=False):
            self._hub.feeds.close(feed, sink)
        self._feeds = []

    # -- joining ------------------------------------------------------------------------------------------------

    async def join(self, member: Member, joined: Callable[[Cursor], None]) -> None:
        """The member gets everything from now on; ``joined`` says so to it before anything else is told."""
        async with self._telling:
            if not member.gone:
                joined(self.cursor)
                self.members[member] = None

    def leave(self, member: Member) -> None:
        """Repeated: nothing happens."""
        member.gone = True
        if member.scope is not None:
            member.scope.cancel()
        self.members.pop(member, None)

    async def resumable(self, since: Cursor) -> bool:
        """Whether everything after ``since`` can still be told. Raises: StoreDown."""
        if len(since) != len(self.topics):
            return False
        for number, feed in zip(since, self._feeds, strict=True):
            span = await feed.source.span()
            if not span.first - 1 <= number <= max(span.head, feed.last):
                return False
        return True

    async def resume(self, member: Member, since: Cursor) -> None:
        """Tells the member what was announced after ``since``, in order, then it gets what comes.

        Nothing waits in memory meanwhile: the store is read until the member is where the channel is. Cancelled by
        ``leave``. Raises: StoreDown; the member is not among ``members`` then.
        """
        with trio.CancelScope() as member.scope:
            if member.gone:
                return
            at = list(since)
            for _ in range(PASSES_MOST):
                await self._replay(member, at, member.outlet.send)
                async with self._telling:
                    if tuple(at) == self.cursor:
                        self._admit(member)
                        return

            async def at_once(frame: Frame) -> bool:
                return member.outlet.send_encoded(frame)

            async with self._telling:
                await self._replay(member, at, at_once)
                self._admit(member)

    def _admit(self, member: Member) -> None:
        if not member.gone:
            self.members[member] = None
            self._hub.counts.resumes += 1

    async def _replay(
        self, member: Member, at: list[int], send: Callable[[Frame], Awaitable[bool]]
    ) -> None:
        """Moves ``at`` up to where the channel was when it began, or further."""
        aim = self.cursor
        for place, feed in enumerate(self._feeds):
            while at[place] < aim[place]:
                page = await feed.source.after(at[place], PAGE)
                due = [one for one in page if one.sequence <= aim[place]]
                for announcement in due:
                    rendered = await self._rendered(announcement)
                    at[place] = announcement.sequence
                    if rendered is not None:
                        await send(self._frame(rendered, tuple(at)))
                if len(due) < PAGE:
                    at[place] = aim[place]

    # -- telling ------------------------------------------------------------------------------------------------

    def tell_now(self, announcements: Sequence[Announcement], place: int) -> bool:
        """Tells what the topic in that place announced, if nobody must wait for it, for a lock or for very many to be
        written to. Returns: False if not; nothing was told then."""
        if self._render_now is None or self._telling.locked() or len(self.members) > SLICE:
            return False
        fresh = [one for one in announcements if one.sequence > self._cursor[place]]
        try:
            rendered = [self._rendered_now(self._render_now, one) for one in fresh]
        except NotNow:
            return False
        frames: list[Told] = []
        for announcement, told in zip(fresh, rendered, strict=True):
            self._advance(announcement, place, told, frames)
        if len(frames) == 1:
            self._write_one(frames[0])
        else:
            for some in runs(frames):
                self._write_run(RunOf(some), tuple(self.members))
        return True

    async def tell(self, announcements: Sequence[Announcement], place: int) -> None:
        """The same, however long it takes. Raises: Unavailable; handed the same again, it goes on where it stopped."""
        async with self._telling:
            frames: list[Told] = []
            try:
                for announcement in announcements:
                    if announcement.sequence > self._cursor[place]:
                        rendered = await self._rendered(announcement)
                        self._advance(announcement, place, rendered, frames)
            except Unavailable:
                await self._write(frames)
                raise
            await self._write(frames)

    def _advance(
        self,
        announcement: Announcement,
        place: int,
        rendered: Rendered | None,
        frames: list[Told],
    ) -> None:
        self._cursor[place] = announcement.sequence
        self._hub.counts.announcements += 1
        if rendered is not None:
            frames.append(Told(self._frame(rendered, self.cursor), rendered.besides))

    async def _rendered(self, announcement: Announcement) -> Rendered | None:
        try:
            return await self._render(announcement)
        except Unavailable:
            raise
        except Exception as error:
            self._failed(announcement, error)
            return None

    def _rendered_now(self, render: QuickRenderer, announcement: Announcement) -> Rendered | None:
        try:
            return render(announcement)
        except NotNow:
            raise
        except Exception as error:
            self._failed(announcement, error)
            return None

    def _failed(self, announcement: Announcement, error: Exception) -> None:
        """A bug in one announcement's rendering must not silence the channel, nor end the server."""
        self._hub.counts.failures += 1
        LOG.error(
            "announcement_not_rendered",
            topic=announcement.topic,
            sequence=announcement.sequence,
            exc_info=error,
        )

    async def broadcast(self, frame: Frame, besides: Member | None = None) -> None:
        """Something that is kept nowhere: to every member but one, in the order of the calls."""
        async with self._telling:
            await self._write([Told(frame, besides)])

    async def _write(self, frames: Sequence[Told]) -> None:
        """To every member, which is one system call for each, however many the frames."""
        members = tuple(self.members)
        for some in runs(frames):
            run = RunOf(some)
            for start in range(0, len(members), SLICE):
                self._write_run(run, members[start : start + SLICE])
                await trio.lowlevel.checkpoint()

    def _write_one(self, told: Told) -> None:
        """What is told alone, as most is where few write: a run of it would cost as much as rendering it."""
        counts = self._hub.counts
        for member in tuple(self.members):
            if member.gone or member is told.besides:
                continue
            if member.outlet.send_encoded(told.frame):
                counts.deliveries += 1
            else:
                counts.undelivered += 1

    def _write_run(self, run: RunOf, members: Sequence[Member]) -> None:
        counts = self._hub.counts
        for member in members:
            mine = None if member.gone else run.of(member)
            if mine is None:
                continue
            if member.outlet.send_run(mine):
                counts.deliveries += len(mine.frames)
            else:
                counts.undelivered += len(mine.frames)


class Ear:
    """What a channel hears one of its topics with."""

    __slots__ = ("_channel", "_place")

    def __init__(self, channel: Channel, place: int) -> None:
        self._channel = channel
        self._place = place

    def tell_now(self, announcements: Sequence[Announcement]) -> bool:
        """See ``Sink``."""
        return self._channel.tell_now(announcements, self._place)

    async def tell(self, announcements: Sequence[Announcement]) -> None:
        """See ``Sink``."""
        await self._channel.tell(announcements, self._place)


class Hub:
    """Makes channels; ``run`` must have started."""

    def __init__(self, feeds: Feeds) -> None:
        self.feeds = feeds
        self.counts = Counts()

    async def channel(
        self,
        topics: Sequence[str],
        render: Renderer,
        frame: Callable[[Rendered, Cursor], Frame],
        render_now: QuickRenderer | None = None,
    ) -> Channel:
        """An open channel; ``close`` it. Raises: StoreDown."""
        made = Channel(self, topics, render, frame, render_now)
        await made.open()
        return made

    def statistics(self) -> Mapping[str, float]:
        """For the metrics."""
        counts = self.counts
        return {
            "topics": self.feeds.open_feeds,
            "lags": self.feeds.all_lags,
            "announcements": counts.announcements,
            "deliveries": counts.deliveries,
            "undelivered": counts.undelivered,
            "resumes": counts.resumes,
            "resumes_refused": counts.resumes_refused,
            "failures": counts.failures,
        }
