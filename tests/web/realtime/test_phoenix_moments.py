"""What happens at its moment, under a virtual clock, and what happens when something breaks."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
import trio.testing
from colleagues import Colleague, colleagues
from web_worlds import WebWorld

from switchboard.engine.errors import StoreDown
from switchboard.web.authentication import authenticate
from switchboard.web.realtime.phoenix.connection import Connection
from switchboard.web.realtime.phoenix.speaking import Speaker
from switchboard.web.transport import Frame, Run, payload_of

DAY_SECONDS = 24 * 60 * 60.0
HEARTBEAT = '[null,"9","phoenix","heartbeat",{}]'


class Wire:
    """A way out that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.code: int | None = None

    def send_encoded(self, frame: Frame) -> bool:
        """Keeps it."""
        self.sent.append(json.loads(payload_of(frame)))
        return True

    def send_run(self, run: Run) -> bool:
        """Keeps them."""
        return all([self.send_encoded(frame) for frame in run.frames])

    async def send(self, frame: Frame) -> bool:
        """Keeps it."""
        await trio.lowlevel.checkpoint()
        return self.send_encoded(frame)

    def close(self, code: int, _reason: str = "") -> None:
        """Keeps the first one."""
        self.code = self.code or code


async def connected(world: WebWorld, who: Colleague) -> tuple[Connection, Wire]:
    """A connection of that colleague."""
    wire = Wire()
    token, account = await authenticate(world.services, who.token, "company")
    speaker = Speaker(world.services, account)
    return world.services.phoenix.connect(wire, token, speaker, 2), wire


async def test_who_sends_nothing_for_a_minute_is_closed(
    mock_clock: trio.testing.MockClock,
) -> None:
    """A heartbeat is enough."""
    async with colleagues("Ann") as (world, (ann,)):
        mock_clock.autojump_threshold = 0
        talker, heard = await connected(world, ann)
        _, silent = await connected(world, ann)
        await trio.sleep(50)
        await talker.handle(HEARTBEAT)
        await trio.sleep(11)
        codes = [heard.code, silent.code]
        assert codes == [None, 1011]
        await trio.sleep(50)
        assert heard.code == 1011


async def test_a_token_that_expires_closes_what_it_opened(
    mock_clock: trio.testing.MockClock,
) -> None:
    """After 28 days, and nothing that came before is done afterwards."""
    async with colleagues("Ann") as (world, (ann,)):
        mock_clock.autojump_threshold = 0
        connection, wire = await connected(world, ann)
        connection.heard_at = trio.current_time() + 30 * DAY_SECONDS
        mock_clock.jump(28 * DAY_SECONDS - 60)
        await trio.sleep(1)
        assert wire.code is None
        await trio.sleep(70)
        assert wire.code == 1008
        wire.sent.clear()
        await connection.handle(HEARTBEAT)
        assert wire.sent == []
        world.services.phoenix.disconnect(connection)
        assert world.services.phoenix.statistics()["connections"] == 0


async def test_a_bug_is_a_phx_error_of_its_topic_alone_and_the_client_joins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A store that is away is a reply that says so, and nobody waits for the message that was not stored."""
    async with colleagues("Ann", "Ben") as (world, (ann, ben)):
        number = await ann.conversation(ben)
        connection, wire = await connected(world, ann)
        await connection.handle('["1","1","room:chat","phx_join",{}]')
        await connection.handle(f'["2","2","room:{number}","phx_join",{{}}]')
        payload = {"user": ben.id, "conv": number, "message": "x"}
        push = json.dumps(["1", "3", "room:chat", "send_msg", payload])
        fails: list[Exception] = [StoreDown(), ZeroDivisionError()]
        post = world.services.rooms.post

        async def failing(*args: Any, **more: Any) -> Any:
            if fails:
                raise fails.pop(0)
            return await post(*args, **more)

        monkeypatch.setattr(type(world.services.rooms), "post", staticmethod(failing))
        await connection.handle(push)
        assert wire.sent[-1][3:] == [
            "phx_reply",
            {"status": "error", "response": {"reason": "busy", "message": "busy"}},
        ]
        assert not any(one._answered for one in world.services.phoenix._topics.values())
        await connection.handle(push)
        assert wire.sent[-2][4]["response"]["reason"] == "internal_server_error"
        assert wire.sent[-1] == ["1", "1", "room:chat", "phx_error", {}]
        assert list(connection.subscriptions) == [f"room:{number}"]
        await connection.handle('["5","5","room:chat","phx_join",{}]')
        await connection.handle(push.replace('"1"', '"5"', 1))
        status = [one[4]["status"] for one in wire.sent if one[3] == "phx_reply"][-1]
        assert status == "ok"
        monkeypatch.undo()
        world.services.phoenix.disconnect(connection)


async def test_a_join_while_the_store_is_away_is_refused_and_holds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client joins again by itself."""
    async with colleagues("Ann") as (world, (ann,)):
        connection, wire = await connected(world, ann)
        server = world.services.phoenix

        async def away(*_: Any) -> Any:
            await trio.lowlevel.checkpoint()
            raise StoreDown

        with monkeypatch.context() as patched:
            patched.setattr(server.hub, "channel", away)
            await connection.handle('["1","1","room:chat","phx_join",{}]')
        assert wire.sent[-1][4]["response"]["reason"] == "busy"
        assert (server.statistics()["topics"], connection.subscriptions) == (0, {})
        await connection.handle('["2","2","room:chat","phx_join",{}]')
        assert wire.sent[-1][4]["status"] == "ok"
        server.disconnect(connection)
        assert server.statistics()["topics"] == 0


async def test_topics_of_one_connection_are_limited_and_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two hundred; here two."""
    monkeypatch.setattr("switchboard.web.realtime.phoenix.connection.TOPICS_MOST", 2)
    async with colleagues("Ann", "Ben", "Cy", "Di") as (world, (ann, *others)):
        numbers = [await ann.conversation(one) for one in others]
        connection, wire = await connected(world, ann)
        for number in numbers:
            await connection.handle(f'["1","1","room:{number}","phx_join",{{}}]')
        assert wire.sent[-1][4]["response"] == {"reason": "too many topics"}
        await connection.handle(f'["1","1","room:{numbers[0]}","phx_leave",{{}}]')
        await connection.handle(f'["1","1","room:{numbers[2]}","phx_join",{{}}]')
        assert wire.sent[-1][3] == "presence_state"
        world.services.phoenix.disconnect(connection)
        assert world.services.phoenix.hub.feeds.open_feeds == 0
        assert world.services.phoenix.statistics()["topics"] == 0


async def test_a_client_that_goes_while_it_joins_leaves_nothing_behind() -> None:
    """Whatever it was waiting for then."""
    async with colleagues("Ann", "Ben") as (world, (ann, ben)):
        number = await ann.conversation(ben)
        server = world.services.phoenix
        for patience in range(12):
            connection, _ = await connected(world, ann)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connection.handle, f'["1","1","room:{number}","phx_join",{{}}]')
                for _ in range(patience):
                    await trio.lowlevel.checkpoint()
                server.disconnect(connection)
            assert connection.subscriptions == {}
            counts = server.statistics()
            assert (counts["connections"], counts["topics"]) == (0, 0)


async def test_a_message_from_a_long_time_ago_can_be_read_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pages of 100 back; here of 2, three of them."""
    monkeypatch.setattr("switchboard.web.dialects.company.channels.PAGE", 2)
    monkeypatch.setattr("switchboard.web.dialects.company.channels.READ_BACK_MOST", 6)
    async with colleagues("Ann", "Ben") as (world, (ann, ben)):
        number = await ann.conversation(ben)
        ids = [(await ben.say(number, str(place))).body["id"] for place in range(9)]
        connection, wire = await connected(world, ann)
        await connection.handle(f'["1","1","room:{number}","phx_join",{{}}]')
        found = {}
        for place, id in enumerate(ids):
            payload = {"message_id": id}
            await connection.handle(json.dumps(["1", "2", f"room:{number}", "read", payload]))
            found[place] = wire.sent[-1][4]["status"]
        assert [found[place] for place in range(9)] == [*["error"] * 3, *["ok"] * 6]
        world.services.phoenix.disconnect(connection)
