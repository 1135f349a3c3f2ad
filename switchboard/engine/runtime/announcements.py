"""Committed announcements, by topic, to whoever subscribed in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple

import trio

from switchboard.engine.ports import Turn

SUBSCRIPTION_MOST = 256
"""Announcements that may wait for one subscriber: the frames that a websocket's outbox holds (contracts/realtime)."""


class Announcement(NamedTuple):
    """Something that is durable. ``sequence`` counts within the topic without a gap."""

    topic: str
    sequence: int
    name: str
    body: bytes


class Lagged(Exception):
    """The subscriber was too slow, or a commit's numbers were lost: read on from the store after ``sequence``."""


class Subscription:
    """One subscriber's bounded queue. Overflow policy: it ends with ``Lagged``, never with a silent hole."""

    __slots__ = ("_most", "_owner", "_tell", "_waiting", "_wakeup", "lagged", "topic")

    def __init__(
        self, owner: Announcements, topic: str, most: int, news: Callable[[], None] | None
    ) -> None:
        self._owner = owner
        self.topic = topic
        self._most = most
        self._waiting: deque[Announcement] | None = None
        # None while empty: a deque takes 600 bytes, and thousands of topics are silent most of the time.
        self.lagged = False
        """Something is missing behind what waits."""
        self._wakeup: trio.Event | None = None
        """Of who waits in ``receive``."""
        self._tell = news

    def put(self, announcements: Sequence[Announcement]) -> None:
        """Called by ``Announcements.publish``."""
        waiting = self._waiting
        if waiting is None:
            waiting = self._waiting = deque()
        if not self.lagged:
            room = self._most - len(waiting)
            waiting.extend(announcements[:room])
            self.lagged = room < len(announcements)
        self._wake()

    def lag(self) -> None:
        """Tells the subscriber that its sequence has a hole from here on."""
        self.lagged = True
        self._wake()

    def _wake(self) -> None:
        if self._wakeup is not None:
            self._wakeup.set()
        if self._tell is not None:
            self._tell()

    async def receive(self) -> Announcement:
        """The next announcement. Raises: Lagged, after everything before the hole was received."""
        while not self._waiting:
            if self.lagged:
                raise Lagged(self.topic)
            self._wakeup = trio.Event()
            await self._wakeup.wait()
        return self.take(1)[0]

    def take(self, most: int) -> list[Announcement]:
        """All that waits, at most so many: what one commit said to a topic is told together."""
        waiting = self._waiting
        if waiting is None:
            return []
        if len(waiting) <= most:
            self._waiting = None
            return list(waiting)
        return [waiting.popleft() for _ in range(most)]

    @property
    def has_news(self) -> bool:
        """Whether something waits, if only that there is a hole."""
        return bool(self._waiting) or self.lagged

    def close(self) -> None:
        """Ends the subscription."""
        self._owner.unsubscribe(self)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Announcements:
    """Topics and their subscribers."""

    def __init__(self) -> None:
        self._topics: dict[str, list[Subscription]] = {}
        self._last: dict[str, int] = {}
        """The number that was announced last, of topics that somebody subscribes to."""
        self._watchers: list[Callable[[str], None]] = []

    def watch(self, watcher: Callable[[str], None]) -> None:
        """Calls ``watcher`` with the topic whenever something was committed on any; it must be quick and not raise."""
        self._watchers.append(watcher)

    def subscribe(
        self,
        topic: str,
        most: int = SUBSCRIPTION_MOST,
        *,
        news: Callable[[], None] | None = None,
    ) -> Subscription:
        """From now on everything that is announced on the topic; ``close`` it, or use it as a context manager.

        Args:
            news: called whenever something has come, for who takes without waiting; it must be quick and not raise.
        """
        subscription = Subscription(self, topic, most, news)
        self._topics.setdefault(topic, []).append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Ends it; repeated: nothing happens."""
        subscribers = self._topics.get(subscription.topic, [])
        if subscription in subscribers:
            subscribers.remove(subscription)
            if not subscribers:
                del self._topics[subscription.topic]
                self._last.pop(subscription.topic, None)

    def has_subscribers(self, topic: str) -> bool:
        """Whether publishing on the topic reaches anybody."""
        return topic in self._topics

    def announce(self, own: str, turn: Turn, sequences: Sequence[int]) -> None:
        """All that a session's turn says, once it is durable: its notices, which have those numbers, and its events on
        the session's ``own`` topic. What it says on a topic is told together."""
        said: dict[str, list[Announcement]] = {}
        for notice, sequence in zip(turn.notices, sequences, strict=True):
            announced = Announcement(notice.topic, sequence, notice.name, notice.body)
            said.setdefault(notice.topic, []).append(announced)
        if self.has_subscribers(own):
            said[own] = [
                Announcement(own, entry.version, entry.name, entry.body) for entry in turn.entries
            ]
        for topic, together in said.items():
            self.publish(topic, together)

    def publish(self, topic: str, announcements: Sequence[Announcement]) -> None:
        """Hands what one commit says on a topic, which is numbered without a gap, to every subscriber of it, without
        waiting for any.

        If its first number does not follow the last one (a commit between them was unknown, or an unknown one that
        never happened took up a version) they are told of the hole first.
        """
        for watcher in self._watchers:
            watcher(topic)
        subscribers = self._topics.get(topic)
        if subscribers is None:
            return
        last = self._last.get(topic)
        self._last[topic] = announcements[-1].sequence
        if last is not None and announcements[0].sequence != last + 1:
            self._lag(topic)
        for subscription in subscribers:
            subscription.put(announcements)

    def lag(self, topic: str) -> None:
        """Something was committed on the topic whose number is not known here: its subscribers must read the store."""
        for watcher in self._watchers:
            watcher(topic)
        self._lag(topic)

    def _lag(self, topic: str) -> None:
        for subscription in self._topics.get(topic, ()):
            subscription.lag()
