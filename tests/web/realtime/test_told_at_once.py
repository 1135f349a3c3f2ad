"""What a commit announces is told before the loop's next step, if nothing waits to be written."""

from __future__ import annotations

from collections.abc import Sequence

from relay_worlds import relay_world

from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.workflows.room_requests import NewMessage


class Ear:
    """What a topic says, and when."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def tell_now(self, announcements: Sequence[Announcement]) -> bool:
        """See ``Sink``."""
        self.seen.append("told")
        return True

    async def tell(self, announcements: Sequence[Announcement]) -> None:
        """See ``Sink``."""
        raise AssertionError("it was told at once")


async def test_a_message_is_told_before_the_quiet_between_two_commits_ends() -> None:
    async with relay_world() as world:
        services = world.desk.world.services
        ann = await world.desk.client("ann")
        room = await services.rooms.get(await ann.room())
        seen: list[str] = []
        # Called after the feeds are, in the same step.
        services.engine.store.sessions.when_quiet(lambda: seen.append("quiet"))
        feeds, ear = services.pusher.hub.feeds, Ear(seen)
        feed = await feeds.open(f"account/{ann.id}", ear)
        await services.rooms.post(room, NewMessage(sender=ann.id, role="party", text="hello"))
        feeds.close(feed, ear)
        assert seen == ["told", "quiet"]
