"""Messages that were committed a moment ago are found without the store, and are what the store has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from room_worlds import room_world

from switchboard.engine.errors import CommitUnknown, StoreDown
from switchboard.engine.ports import Turn
from switchboard.engine.queries.messages import Place
from switchboard.engine.workflows import recent_messages
from switchboard.engine.workflows.messages import Message, MessageReader
from switchboard.engine.workflows.recent_messages import RecentMessages
from switchboard.engine.workflows.room_requests import support


class Unasked:
    """A store that must not be asked."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        raise StoreDown(name)


async def test_a_message_of_a_moment_ago_is_found_by_id_and_by_place_as_it_is_stored() -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(support("ally", "app", "ann"), by="ann")
        recent = RecentMessages(world.engine)
        reader = MessageReader(Unasked(), recent)  # type: ignore[arg-type]
        stored = MessageReader(world.engine.store.messages)
        one, other = [await world.ask(room, text) for text in ("one", "two")]
        assert await reader.by_ids([other.id, one.id]) == [other, one]
        assert await reader.by_ids([other.id, one.id]) == await stored.by_ids([other.id, one.id])
        places = [Place(room.id, one.sequence), Place(room.id, other.sequence)]
        assert await reader.at(places) == await stored.at(places)
        with pytest.raises(StoreDown):
            await reader.get("f" * 24)


async def test_what_is_not_recent_is_read_from_the_store_in_the_order_of_the_ids() -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(support("ally", "app", "ann"), by="ann")
        old = await world.ask(room, "old")
        reader = MessageReader(world.engine.store.messages, RecentMessages(world.engine))
        new = await world.ask(room, "new")
        last = await world.ask(room, "last")
        ids = [last.id, old.id, "f" * 24, new.id]
        assert await reader.by_ids(ids) == [last, old, new]
        places = [Place(room.id, one.sequence) for one in (new, old)]
        found = await reader.at([*places, Place(room.id, 10**6)])
        assert found == dict(zip(places, (new, old), strict=True))


async def test_the_oldest_make_room_by_number_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(support("ally", "app", "ann"), by="ann")
        recent = RecentMessages(world.engine)
        monkeypatch.setattr(recent_messages, "MESSAGES_MOST", 2)
        said = [await world.ask(room, str(number)) for number in range(4)]
        kept = [recent.by_id(one.id) is not None for one in said]
        assert kept == [False, False, True, True]
        assert [recent.at(Place(room.id, one.sequence)) is not None for one in said] == kept
        monkeypatch.setattr(recent_messages, "BYTES_MOST", 5000)
        large = await world.ask(room, "x" * 4500)
        assert [recent.by_id(one.id) is not None for one in (*said, large)] == [False] * 4 + [True]


async def test_a_turn_with_messages_is_foreseen_once_before_anybody_can_read_them() -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(support("ally", "app", "ann"), by="ann")
        foreseen: list[Message] = []
        readable: list[object] = []

        def foresee(turn: Turn) -> None:
            for entry in turn.entries:
                if entry.message is not None:
                    foreseen.append(world.messages.of_entry(turn.address.id, entry))
                    readable.append(world.messages.recent(entry.message.id))

        world.engine.foresee_messages(foresee)
        said = [await world.ask(room, text) for text in ("one", "two")]
        await world.desk.take(room.id, "op")
        assert foreseen == said
        assert readable == [None, None]


async def test_a_foreseen_message_whose_commit_fails_is_nowhere() -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(support("ally", "app", "ann"), by="ann")
        foreseen: list[str] = []
        world.engine.foresee_messages(
            lambda turn: foreseen.extend(one.message.id for one in turn.entries if one.message)
        )
        world.world.gate.lose_answers = 1
        with pytest.raises(CommitUnknown):
            await world.ask(room, "lost")
        assert len(foreseen) == 1
        assert world.messages.recent(foreseen[0]) is None
