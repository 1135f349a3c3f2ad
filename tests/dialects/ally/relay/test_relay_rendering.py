"""What is told of a message, made before anybody knows whether it is stored."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from relay_worlds import relay_world
from room_stores import Writer

from switchboard.engine.ports import Turn
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.room import PostMessage
from switchboard.web.dialects.ally.relay import rendering
from switchboard.web.dialects.ally.relay.rendering import Rendering
from switchboard.web.realtime.hub import NotNow

SAID = PostMessage(
    id="6b49d2000000000000000001", sender="ann", role="client", text="hello", issue_id="i"
)


def announced(turn: Turn, what: str = "message") -> list[Announcement]:
    """What the turn's notices of that sort are to those who listen."""
    return [
        Announcement(one.topic, number, one.name, one.body)
        for number, one in enumerate(turn.notices, 1)
        if json.loads(one.body)["what"] == what
    ]


@asynccontextmanager
async def rendering_of_a_room(*, heard: bool) -> AsyncIterator[tuple[Rendering, Writer]]:
    """The relay's, and a client's room."""
    async with relay_world() as world:
        services = world.desk.world.services
        writer = Writer(services.engine.store.sessions, "6b49d2000000000000000002")
        await writer.open("ann", purpose="support")
        yield Rendering(services, lambda _topic: heard), writer


async def test_of_two_tries_of_a_message_the_second_is_told() -> None:
    """The first lost, and the second was decided a moment later: its notice is the same, its instant is not."""
    async with rendering_of_a_room(heard=True) as (told, writer):
        first = writer.turn(SAID)
        writer.now += 5000
        second = writer.turn(SAID)
        assert [one.body for one in announced(first)] == [one.body for one in announced(second)]
        told.foresee(first)
        told.foresee(second)
        frames = [told.rendered_now(one) for one in announced(second)]
        assert len(frames) == 2
        for frame in frames:
            assert frame is not None
            assert b'"created_at":%d.' % (writer.now // 1000) in frame.data
        assert frames[0] is frames[1]


async def test_nothing_is_made_for_topics_that_nobody_hears() -> None:
    async with rendering_of_a_room(heard=False) as (told, writer):
        turn = writer.turn(SAID)
        told.foresee(turn)
        (first, _) = announced(turn)
        with pytest.raises(NotNow):
            told.rendered_now(first)


async def test_what_is_kept_is_bounded() -> None:
    async with rendering_of_a_room(heard=True) as (told, writer):
        turns = []
        for number in range(rendering.KEPT_MOST + 10):
            said = PostMessage(
                id=f"{number:024x}", sender="ann", role="client", text="x", issue_id="i"
            )
            turns.append(writer.turn(said))
            told.foresee(turns[-1])
        assert told.kept == rendering.KEPT_MOST
        assert told.rendered_now(announced(turns[-1])[0]) is not None
