"""Who gets in, and what closes a connection to the relay: each with its code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
import trio
from desks import Desk, Voice
from engines import Gatekeeper
from relay_peers import Peer, relayed
from relay_worlds import RelayWorld, relay_world
from transport_peers import CLOSE, PING, Server, asked, until, upgrade, websocket_to
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.web import WebSettings
from switchboard.web.dialects.ally.relay.connection import UNDER_WAY_MOST
from switchboard.web.dialects.ally.relay.server import Relay
from switchboard.web.transport import Limits


async def refusal(server: Server, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
    """Status, headers and body of an upgrade that fails."""
    sent = upgrade(path, {**headers, "Connection": "Upgrade"})
    answer = (await asked(server, sent)).decode()
    head, _, body = answer.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), fields, body


async def test_a_bad_token_fails_the_upgrade() -> None:
    gate = Gatekeeper()
    async with relay_world(gate=gate) as world:
        ann = await world.desk.client("ann")
        tokens = world.desk.world.services.tokens
        other = tokens.issue(ann.id, "dropin")
        missing = {"code": 1001, "message": "Missing token"}
        invalid = {"code": 1002, "message": "Invalid or expired token"}
        for path, error in (
            ("/ally/relay", missing),
            ("/ally/relay?token=", missing),
            ("/ally/api/2/relay/", missing),
            ("/ally/relay?token=x", invalid),
            (f"/ally/relay?token={other}", invalid),
            (f"/ally/relay?token={ann.token}x", invalid),
        ):
            status, fields, body = await refusal(world.server, path)
            assert (status, json.loads(body)) == (401, {"error": error})
            assert fields["content-type"] == "application/json"
        status, _, _ = await refusal(world.server, "/ally/relay", Authorization="Token x")
        assert status == 401
        status, _, body = await refusal(world.server, "/ally/relay?" + "%" * 1001)
        assert (status, json.loads(body)["error"]["code"]) == (400, 2400)
        gate.down = True
        status, fields, body = await refusal(world.server, f"/ally/relay?token={ann.token}")
        assert (status, json.loads(body)["error"]["code"]) == (503, 2503)
        assert fields["retry-after"] == "1"
        gate.down = False
        await tokens.revoke_account(ann.id)
        status, _, _ = await refusal(world.server, f"/ally/relay?token={ann.token}")
        assert status == 401


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/ally/relay?token={}", {}),
        ("/ally/relay/?token={}", {}),
        ("/ally/api/2/relay?token={}", {}),
        ("/ally/relay", {"Authorization": "Token {}"}),
        ("/relay?token={}", {"Host": "help.test"}),
        ("/api/2/relay?token={}", {"Host": "help.test:8000"}),
        ("/ally/relay?token={}", {"Host": "help.test"}),
    ],
)
async def test_each_way_in_leads_to_the_same_room(path: str, headers: Mapping[str, str]) -> None:
    settings = WebSettings(access_log=False, dialect_hosts={"help.test": "ally"})
    async with relay_world(settings=settings) as world:
        ann = await world.desk.client("ann")
        sent = {name: value.format(ann.token) for name, value in headers.items()}
        async with websocket_to(world.server, path.format(ann.token), sent) as peer:
            await ann.say(await ann.room(), "help")
            types = [json.loads((await peer.hear()).payload)["type"] for _ in range(2)]
            assert types == ["issue", "message"]


async def test_a_host_without_the_relay_has_none() -> None:
    settings = WebSettings(access_log=False, dialect_hosts={"gigs.test": "dropin"})
    async with relay_world(settings=settings) as world:
        for path, host in (("/relay", "localhost"), ("/relay", "gigs.test"), ("/x", "gigs.test")):
            status, _, _ = await refusal(world.server, path, Host=host)
            assert status == 404


@asynccontextmanager
async def connected(
    limits: Limits | None = None,
) -> AsyncIterator[tuple[Desk, Voice, Peer, Server]]:
    """A client's connection."""
    async with relay_world(limits) as world:
        ann = await world.desk.client("ann")
        async with world.peer(ann) as peer:
            yield world.desk, ann, peer, world.server


async def test_a_frame_that_is_too_large_closes_1009() -> None:
    async with connected() as (_, ann, peer, _):
        room = await ann.room()
        await peer.raw(" " * (64 * 1024 - 1) + "?")
        assert (await peer.refused())["code"] == 1040
        await peer.raw(json.dumps({"type": "message", "content": {"room": room, "x": "x" * 65536}}))
        assert await peer.closed() == 1009


async def under_way(world: RelayWorld, peer: Peer, room: str) -> list[str]:
    """As many messages as a connection may have under way, while nothing is committed; what comes after them waits."""
    texts = [f"under way {number}" for number in range(UNDER_WAY_MOST)]
    for text in texts:
        await peer.say(room, text)
    await until(lambda: world.desk.world.engine.statistics()["asking"] == UNDER_WAY_MOST)
    return texts


async def test_who_writes_faster_than_is_stored_is_told_to_come_again() -> None:
    gate = Gatekeeper()
    async with relay_world(Limits(inbox_messages=3), gate=gate) as world:
        ann = await world.desk.client("ann")
        room = await ann.room()
        async with world.peer(ann) as peer:
            gate.held = trio.Event()
            await under_way(world, peer, room)
            for number in range(4):
                await peer.say(room, str(number))
            await world.server.until("inboxes_full")
            gate.held.set()
            assert await peer.closed() == 1013


async def test_a_server_that_ends_says_so() -> None:
    async with connected() as (_, _, peer, server):
        server.stop.set()
        assert await peer.closed() == 1012


async def test_a_peer_that_does_not_read_is_closed_and_the_others_miss_nothing() -> None:
    limits = Limits(outbox_frames=20, send_seconds=0.2, goodbye_seconds=0.2)
    async with relay_world(limits) as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room, path = await ann.room(), f"/ally/relay?token={one.token}"
        async with (
            world.peer(one) as o,
            websocket_to(world.server, path, receive_buffer=4096) as slow,
        ):
            said = 0
            while not world.server.counted("slow_readers"):
                await ann.say(room, f"{said:04}" + "x" * 9_000)
                # Who reads must not become slow, too, while the other one is given its time.
                [text] = await o.texts(1)
                assert text[:4] == f"{said:04}"
                said += 1
            seen = 0
            while (arrived := await slow.hear()).opcode != CLOSE:
                content = json.loads(arrived.payload)
                if content["type"] == "message":
                    assert content["content"]["message"][:4] == f"{seen:04}"
                    seen += 1
            assert arrived.code == 1013
            assert seen < said
            await o.quiet()


async def test_a_peer_that_is_silent_for_a_minute_is_given_up(mock_clock: MockClock) -> None:
    """Not before: a phone may come back from a tunnel. Who answers pings may stay."""
    async with relay_world() as world:
        ann = await world.desk.client("ann")
        path = f"/ally/relay?token={ann.token}"
        async with world.peer(ann) as peer, websocket_to(world.server, path) as silent:
            mock_clock.jump(20)
            assert (await silent.hear()).opcode == PING
            mock_clock.jump(39)
            await peer.quiet()
            await wait_all_tasks_blocked()
            assert world.server.counted("peers_silent") == 0
            mock_clock.jump(1)
            assert await silent.hear_close() == 1011
            await peer.quiet()


async def test_a_token_that_expires_closes_what_it_opened(mock_clock: MockClock) -> None:
    async with connected() as (_, _, peer, _):
        mock_clock.jump(3598)
        await peer.quiet()
        mock_clock.jump(3)
        assert await peer.closed() == 1008


async def test_a_renewed_token_keeps_open_what_the_old_one_opened(mock_clock: MockClock) -> None:
    async with relay_world() as world:
        ann = await world.desk.client("ann")
        mock_clock.jump(1)
        other = world.desk.token(ann.id)
        async with world.peer(ann) as peer, relayed(world.base, other) as left:
            mock_clock.jump(3000)
            fresh = (await ann.ok("POST", "/token/update"))["token"]
            mock_clock.jump(599)
            await left.quiet()
            mock_clock.jump(2)
            assert await left.closed() == 1008
            await peer.quiet()
            # As often as wanted: the new one is the connection's own from now on.
            ann.token = fresh
            mock_clock.jump(2000)
            ann.token = (await ann.ok("POST", "/token/update"))["token"]
            mock_clock.jump(3500)
            await peer.quiet()
            mock_clock.jump(101)
            assert await peer.closed() == 1008


async def test_a_revoked_token_closes_what_it_opened() -> None:
    async with relay_world() as world:
        admin, one = await world.desk.staff("admin", admin=True), await world.desk.staff("one")
        ann = await world.desk.client("ann")
        async with world.peer(one) as o, world.peer(one) as tab, world.peer(ann) as a:
            await admin.ok("DELETE", f"/operator/{one.id}")
            assert [await peer.closed() for peer in (o, tab)] == [1008, 1008]
            await a.quiet()


async def test_what_waits_when_a_token_is_revoked_is_not_done_any_more() -> None:
    gate = Gatekeeper()
    async with relay_world(gate=gate) as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        async with world.peer(one) as o, world.peer(ann) as a:
            gate.held = trio.Event()
            handed = await under_way(world, o, room)
            await o.say(room, "too late")
            # Both have come in: pings are answered by who reads.
            await o.socket.ping()
            await world.desk.world.services.tokens.revoke_account(one.id)
            gate.held.set()
            assert await o.closed() == 1008
            assert list(await a.texts(len(handed))) == handed
            # Its handler is at its end, whatever it still does.
            await until(lambda: world.server.counted("websockets") == 1)
            await wait_all_tasks_blocked()
            await a.quiet()
            said = (await ann.ok("GET", f"/room/{room}/messages?limit=100"))["messages"]
            assert [one["message"] for one in said] == handed


async def test_who_loses_the_role_of_an_administrator_has_to_come_again() -> None:
    async with relay_world() as world:
        admin = await world.desk.staff("admin", admin=True)
        other = await world.desk.staff("other", admin=True)
        async with world.peer(other) as o, world.peer(admin) as a:
            await admin.ok("POST", f"/operator/{other.id}", is_admin="0")
            assert await o.closed() == 1008
            await a.quiet()
        await until(lambda: world.server.counted("websockets") == 0)


async def test_a_token_that_is_revoked_during_the_upgrade_closes_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with relay_world() as world:
        ann = await world.desk.client("ann")
        connect, revoke = Relay.connect, world.desk.world.services.tokens.revoke_account

        async def slow(self: Relay, *given: object) -> object:
            made = await connect(self, *given)  # type: ignore[arg-type]
            await revoke(ann.id)
            return made

        monkeypatch.setattr(Relay, "connect", slow)
        async with world.peer(ann) as peer:
            assert await peer.closed() == 1008
