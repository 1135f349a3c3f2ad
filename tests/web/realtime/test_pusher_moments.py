"""What happens at its moment, under a virtual clock: silence, expiry, what leaves with a connection."""

from __future__ import annotations

import json
from typing import Any, cast

import trio
import trio.testing
from web_worlds import WebWorld, web_world

from switchboard.web.realtime.listening import Admission
from switchboard.web.realtime.pusher.connection import Connection
from switchboard.web.transport import CloseCodes, Frame, Outlet, Run

DAY_SECONDS = 24 * 60 * 60.0


class Wire:
    """An outlet that keeps what is sent."""

    def __init__(self) -> None:
        self.codes = CloseCodes()
        self.sent: list[Any] = []
        self.code: int | None = None

    def send_encoded(self, frame: Frame) -> bool:
        """Keeps it."""
        self.sent.append(json.loads(frame[frame.index(b"{") :]))
        return True

    def send_run(self, run: Run) -> bool:
        """Keeps them."""
        return all([self.send_encoded(frame) for frame in run.frames])

    def close(self, code: int, reason: str = "") -> None:
        """Keeps the first one."""
        self.code = self.code or code

    @property
    def last(self) -> str:
        """The event of the last frame."""
        return str(self.sent[-1]["event"])


def connected(world: WebWorld) -> tuple[Connection, Wire]:
    """A connection to dropin's app."""
    server, wire = world.services.pusher, Wire()
    return server.connect(server.by_dialect["dropin"], cast(Outlet, wire)), wire


async def test_who_is_silent_is_pinged_and_who_does_not_answer_is_closed(
    autojump_clock: trio.abc.Clock,
) -> None:
    """After 120 s and 30 more."""
    async with web_world() as world:
        talker, heard = connected(world)
        _, silent = connected(world)
        await trio.sleep(119)
        await talker.handle('{"event":"pusher:ping","data":{}}')
        await trio.sleep(2)
        assert (heard.last, silent.last) == ("pusher:pong", "pusher:ping")
        await trio.sleep(28)
        assert silent.code is None
        await trio.sleep(2)
        closed = [silent.code, heard.code]
        assert closed == [4201, None]
        await trio.sleep(90)
        assert heard.last == "pusher:ping"
        await talker.handle('{"event":"pusher:pong","data":{}}')
        await trio.sleep(60)
        assert heard.code is None
        assert (heard.codes.slow, heard.codes.goodbye) == (4200, 4200)


async def test_a_token_that_expires_closes_what_it_opened(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """4009 at its moment, and nothing is kept of connections that have gone before."""
    async with web_world() as world:
        anna = await world.customer()
        server = world.services.pusher
        connection, wire = connected(world)
        other, _ = connected(world)
        for one in (connection, other):
            body = {"socket_id": one.socket_id, "channel_name": f"private-{anna.id}"}
            assert (await anna.post("/notifications/authchannel", body)).status == 200
        server.disconnect(other)
        assert (len(other.grants), len(other.expiries)) == (0, 0)
        # It is heard of all the time.
        connection.heard_at = trio.current_time() + 15 * DAY_SECONDS
        autojump_clock.jump(14 * DAY_SECONDS - 60)
        await trio.sleep(1)
        assert wire.code is None
        await trio.sleep(60)
        assert wire.code == 4009
        server.disconnect(connection)
        assert server.statistics()["connections"] == 0


async def test_a_signature_is_not_good_for_longer_than_it_is_remembered() -> None:
    """The oldest of more grants than are kept is void, and too many void ones end the socket."""
    async with web_world() as world:
        server = world.services.pusher
        connection, wire = connected(world)
        app = server.by_dialect["dropin"]
        for number in range(401):
            server.grant(app, connection.socket_id, f"private-{number}", Admission(), None)
        assert (len(connection.grants), connection.voided) == (400, {"private-0"})
        signature = app.auth(f"{connection.socket_id}:private-0")
        data = {"channel": "private-0", "auth": signature}
        await connection.handle(json.dumps({"event": "pusher:subscribe", "data": data}))
        assert json.loads(wire.sent[-1]["data"])["status"] == 403
        for number in range(401, 801):
            server.grant(app, connection.socket_id, f"private-{number}", Admission(), None)
        assert wire.code == 4200


async def test_client_events_have_a_burst_and_then_their_rate(
    autojump_clock: trio.abc.Clock,
) -> None:
    """100, then 10 a second; the refusal is a frame."""
    async with web_world() as world:
        connection, wire = connected(world)
        said = '{"event":"client-a","channel":"private-x","data":1}'

        async def refused_for_speed() -> bool:
            await connection.handle(said)
            assert json.loads(wire.sent[-1]["data"])["code"] == 4301
            return "too fast" in wire.sent[-1]["data"]

        assert [await refused_for_speed() for _ in range(101)] == [*[False] * 100, True]
        await trio.sleep(1.05)
        assert [await refused_for_speed() for _ in range(11)] == [*[False] * 10, True]
