"""One rendering, told at once where everything is in memory and after reading where something is not."""

from __future__ import annotations

from typing import Any

import pytest
from phoenix_worlds import phoenix_world

from switchboard.engine.workflows.messages import MessageReader


@pytest.mark.parametrize("in_memory", [True, False])
async def test_what_is_told_is_the_same_and_takes_a_task_only_if_something_is_to_be_read(
    in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not in_memory:
        monkeypatch.setattr(MessageReader, "recent", lambda _reader, _id: None)
    async with phoenix_world("Ann", "Ben") as world:
        ann, ben = world.people
        number = await ann.conversation(ben)
        feeds = world.world.services.pusher.hub.feeds
        tasks: list[Any] = []
        spawn = feeds.spawn

        def counted(task: Any) -> None:
            tasks.append(task)
            spawn(task)

        monkeypatch.setattr(feeds, "spawn", counted)
        async with world.peer(ann) as hers, world.peer(ben) as his:
            for peer in (hers, his):
                await peer.join("room:chat")
            before = len(tasks)
            push = {"user": ben.id, "conv": number, "message": "hi"}
            status, _ = await hers.ask("room:chat", "send_msg", push)
            assert status == "ok"
            assert (await his.event("receive_msg"))["message"]["content"] == "hi"
            assert (len(tasks) == before) is in_memory
            await his.quiet()
