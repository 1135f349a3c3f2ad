"""Phoenix channels over real websockets: joining, sending, presence, both versions, what is done wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import phoenix_peers
import pytest
import trio_websocket
from phoenix_worlds import phoenix_world
from transport_peers import CLOSE, until, websocket_to

from switchboard.web.transport import Limits

MESSAGE_KEYS = {
    "id",
    "sender",
    "sender_id",
    "conversation",
    "conversation_id",
    "content",
    "date",
}


async def test_a_message_reaches_the_recipient_and_the_senders_other_sockets_once() -> None:
    """The sender's own socket has it in the reply alone; all of it is what GET /api/messages says."""
    async with phoenix_world("Ann", "Ben", "Cy") as world:
        ann, ben, cy = world.people
        number = await ann.conversation(ben)
        async with (
            world.peer(ann) as hers,
            world.peer(ann) as tab,
            world.peer(ben, version=1) as his,
            world.peer(cy) as other,
        ):
            for peer in (hers, tab, his, other):
                await peer.join("room:chat")
            push = {"user": ben.id, "conv": number, "message": "hi"}
            status, response = await hers.ask("room:chat", "send_msg", push)
            assert status == "ok"
            assert set(response["message"]) == MESSAGE_KEYS
            assert [response["message"]] == (await ben.get(f"/messages?conv={number}")).body
            assert await his.event("receive_msg", "room:chat") == response
            assert await tab.event("receive_msg", "room:chat") == response
            await ben.say(number, "by REST")
            for peer in (hers, tab, his):
                told = await peer.event("receive_msg", "room:chat")
                assert told["message"]["content"] == "by REST"
                await peer.quiet()
            await other.quiet()
            # Nobody waits for anything that has been told.
            assert not any(one._answered for one in world.server._topics.values())


async def test_who_is_not_connected_finds_it_in_the_history() -> None:
    """The reply came after the commit."""
    async with phoenix_world("Ann", "Ben") as world:
        ann, ben = world.people
        number = await ann.conversation(ben)
        async with world.peer(ann) as hers:
            await hers.join("room:chat")
            push = {"user": str(ben.id), "conv": str(number), "message": "later"}
            assert (await hers.ask("room:chat", "send_msg", push))[0] == "ok"
        assert await ben.texts(number) == ["later"]


async def test_a_message_with_a_clients_own_id_is_stored_once() -> None:
    """Pushed again after a reconnect it is answered as the first time, and nobody is told again."""
    async with phoenix_world("Ann", "Ben") as world, world.peer(world.people[1]) as his:
        ann, ben = world.people
        number = await ann.conversation(ben)
        await his.join("room:chat")
        push = {"user": ben.id, "conv": number, "message": "once", "client_id": "c1"}
        answers = []
        for _ in range(2):
            async with world.peer(ann) as hers:
                await hers.join("room:chat")
                answers.append(await hers.ask("room:chat", "send_msg", push))
                await until(lambda: not any(one._answered for one in world.server._topics.values()))
                other = {**push, "message": "another"}
                assert (await hers.ask("room:chat", "send_msg", other))[0] == "error"
        assert answers[0] == answers[1]
        assert (await his.event("receive_msg")) == answers[0][1]
        await his.quiet()
        assert await ben.texts(number) == ["once"]


async def test_a_conversations_own_topic_is_for_its_two_with_shouts_typing_and_reading() -> None:
    """A shout comes to everybody there, its sender too; typing and reading to the others."""
    async with phoenix_world("Ann", "Ben", "Cy") as world:
        ann, ben, cy = world.people
        number = await ann.conversation(ben)
        topic = f"room:{number}"
        async with world.peer(ann) as hers, world.peer(ben) as his, world.peer(cy) as other:
            for name in (topic, "room:999"):
                assert (await other.ask(name, "phx_join")) == (
                    "error",
                    {"reason": "unauthorized", "message": "forbidden"},
                )
            await hers.meet(topic)
            await his.meet(topic)
            await hers.event("presence_diff")
            ref = await hers.send(topic, "shout", {"body": "hello"})
            frames = sorted([await hers.next(), await hers.next()], key=lambda one: one.event)
            assert [one.event for one in frames] == ["message", "phx_reply"]
            shout = frames[0].payload
            assert frames[1].ref == ref
            assert frames[1].payload == {"status": "ok", "response": shout}
            assert set(shout["message"]) == MESSAGE_KEYS
            assert await his.event("message", topic) == shout
            assert await hers.ask(topic, "typing") == ("ok", {})
            assert await his.event("typing") == {"user_id": ann.id, "typing": True}
            read = {"message_id": shout["message"]["id"]}
            assert await his.ask(topic, "read", read) == ("ok", {})
            assert await hers.event("read") == {"user_id": ben.id, **read}
            room = await world.world.services.rooms.by_serial("company", number)
            account = [one.account for one in room.people][1]
            markers = await world.world.services.room_lists.markers(room.id, [account])
            assert markers[account].number == 1
            for wrong in ({"message_id": 777}, {"message_id": 0}, {}):
                assert (await his.ask(topic, "read", wrong))[0] == "error"
            await hers.quiet()
            await his.quiet()


async def test_presence_has_one_entry_a_user_and_one_meta_a_socket() -> None:
    """Also across the two versions; a user has gone with the last socket."""
    async with phoenix_world("Ann", "Ben") as world:
        ann, ben = world.people
        number = await ann.conversation(ben)
        topic, me, him = f"room:{number}", str(ann.id), str(ben.id)
        async with world.peer(ann) as hers:
            state = await hers.meet(topic)
            assert list(state) == [me]
            [meta] = state[me]["metas"]
            assert set(meta) == {"phx_ref", "online_at"}
            async with world.peer(ben, version=1) as his:
                assert set(await his.meet(topic)) == {me, him}
                diff = await hers.event("presence_diff", topic)
                assert (set(diff["joins"]), diff["leaves"]) == ({him}, {})
                async with world.peer(ben) as tab:
                    state = await tab.meet(topic)
                    assert len(state[him]["metas"]) == 2
                    for peer in (hers, his):
                        diff = await peer.event("presence_diff")
                        assert diff["joins"][him]["metas"][0] in state[him]["metas"]
                diff = await hers.event("presence_diff")
                assert diff["leaves"][him]["metas"][0] == (state[him]["metas"])[1]
                await his.event("presence_diff")
                assert await his.ask(topic, "phx_leave") == ("ok", {})
                closing = await his.next()
                assert (closing.event, closing.payload) == ("phx_close", {})
                gone = await hers.event("presence_diff")
                assert gone["leaves"][him]["metas"] == state[him]["metas"][:1]
                assert set(await his.meet(topic)) == {me, him}
                await hers.event("presence_diff")
            await hers.event("presence_diff")
            async with world.peer(ann) as tab:
                assert list(await tab.meet(topic)) == [me]
                await hers.event("presence_diff")
            await hers.event("presence_diff")
            await hers.quiet()


async def test_a_topic_that_is_joined_again_is_joined_once_and_a_late_leave_leaves_it_alone() -> (
    None
):
    """As a client that lost its answers does."""
    async with phoenix_world("Ann", "Ben") as world, world.peer(world.people[0]) as hers:
        ann, ben = world.people
        number = await ann.conversation(ben)
        await hers.join("room:chat")
        first = hers.joined["room:chat"]
        await hers.join("room:chat")
        late = [first, "99", "room:chat", "phx_leave", {}]
        await hers.socket.send_message(json.dumps(late))
        assert (await hers.next())[:2] == (first, "99")
        await ben.say(number, "one")
        await hers.event("receive_msg")
        await hers.quiet()


async def test_what_is_done_wrong_is_answered_and_ends_nothing() -> None:
    """Malformed and binary frames, unknown topics and events, odd payloads."""
    async with phoenix_world("Ann", "Ben") as world, world.peer(world.people[0]) as hers:
        ann, ben = world.people
        number = await ann.conversation(ben)
        for raw in ("{", "[]", "1", '["1","2",3,"phx_join",{}]', "[" * 5000, b"", b"\x00\xff"):
            await hers.socket.send_message(raw)
            heard = await hers.next()
            assert heard.payload == {
                "status": "error",
                "response": {"reason": "malformed frame"},
            }
        unmatched = ("error", {"reason": "unmatched topic"})
        for topic in ("room:", "room:x", "room:²", "rooms:1", "phoenix", "room:-1"):
            assert await hers.ask(topic, "phx_join") == unmatched, topic
        for topic in ("room:" + "9" * 30, "room:0" + str(number)):
            assert (await hers.ask(topic, "phx_join"))[1]["reason"] == "unauthorized"
        hers.joined.clear()
        assert await hers.ask("room:chat", "send_msg", {}) == unmatched
        await hers.join("room:chat")
        assert await hers.ask("room:chat", "nothing") == ("error", {"reason": "unmatched event"})
        assert (await hers.ask("room:chat", "send_msg", [1]))[0] == "error"
        good = {"user": ben.id, "conv": number, "message": "hi"}
        wrongs: dict[str, tuple[Any, ...]] = {
            "user": (ann.id, 777, "x", None),
            "conv": (777, "x", None, -1),
            "message": ("", None, "x" * 10_001, "a\x00b", {"a": 1}),
        }
        for name, values in wrongs.items():
            for value in values:
                status, response = await hers.ask("room:chat", "send_msg", {**good, name: value})
                assert (status, list(response["errors"])) == ("error", [name]), value
        head = bytes((0, 1, 2, len("room:chat"), len("send_msg")))
        await hers.socket.send_message(head + b"177room:chatsend_msg" + b"\x01\x02")
        hers.joined["room:chat"] = "1"
        status, response = await hers.reply("77")
        assert (status, response["reason"]) == ("error", "binary payloads are not taken")
        assert await ben.texts(number) == []


async def test_frames_beyond_64_kib_close_1009() -> None:
    async with phoenix_world("Ann") as world, world.peer(world.people[0]) as hers:
        await hers.socket.send_message("x" * 70_000)
        assert await hers.closed() == 1009


async def test_the_token_may_stand_in_the_subprotocol_and_a_bad_one_is_403_and_empty() -> None:
    """Without a word of the token in the answer."""
    async with phoenix_world("Ann") as world:
        [ann] = world.people
        text = base64.b64encode(ann.token.encode()).decode().rstrip("=")
        protocols = ["phoenix", f"base64url.bearer.phx.{text}"]
        async with phoenix_peers.peer(world.base, protocols=protocols) as hers:
            assert hers.socket.subprotocol == "phoenix"
            await hers.join("room:chat")
        async with phoenix_peers.peer(world.base, ann.token, protocols=["phoenix"]) as hers:
            assert hers.socket.subprotocol == "phoenix"
        stranger = world.world.token(await world.world.person())
        bad: tuple[tuple[str, str], ...] = (
            ("vsn=2.0.0", ""),
            ("token=nonsense", ""),
            (f"token={stranger}", ""),
            (f"token={ann.token}&vsn=3.0.0", ""),
            ("vsn=2.0.0", "phoenix, base64url.bearer.phx.!"),
            ("vsn=2.0.0", f"phoenix, base64url.bearer.phx.{text[:-9]}"),
        )
        for query, offered in bad:
            reply = await phoenix_peers.upgrade(world.base, query, offered)
            assert (reply.status_code, reply.content) == (403, b""), query
            assert "sec-websocket-protocol" not in reply.headers


async def test_a_void_token_closes_its_sockets() -> None:
    """On logout that token's, on another password the others'."""
    async with phoenix_world("Ann") as world:
        [ann] = world.people
        again = await world.world.post(
            "/company/api/login", {"email": ann.user["email"], "password": ann.user["password"]}
        )
        token = again.body["data"]["token"]
        async with world.peer(ann) as one, phoenix_peers.peer(world.base, token) as other:
            await one.join("room:chat")
            await ann.call("DELETE", "/logout")
            assert await one.closed() == 1008
            await other.quiet()
            await world.world.call(
                "PUT", f"/company/api/users/{ann.id}", {"password": "another"}, token=token
            )
            await other.quiet()
        assert world.server.statistics()["connections"] == 0


async def test_typing_too_fast_is_refused_in_a_reply() -> None:
    """100 at once, then 10 a second."""
    async with phoenix_world("Ann", "Ben") as world, world.peer(world.people[0]) as hers:
        number = await world.people[0].conversation(world.people[1])
        await hers.meet(f"room:{number}")
        answers = [(await hers.ask(f"room:{number}", "typing"))[0] for _ in range(110)]
        assert answers[:100] == ["ok"] * 100
        assert "error" in answers


async def test_the_socket_answers_at_the_root_of_a_host_of_companys_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a setting binds one."""
    async with phoenix_world("Ann") as world:
        [ann] = world.people
        app = world.world.app
        monkeypatch.setattr(app, "by_host", {"127.0.0.1": app.by_segment["company"]})
        url = f"ws{world.base.removeprefix('http')}/socket/websocket?token={ann.token}&vsn=2.0.0"
        async with trio_websocket.open_websocket_url(url) as socket:
            await socket.send_message('[null,"1","phoenix","heartbeat",{}]')
            assert json.loads(await socket.get_message())[1] == "1"
            await socket.aclose()
            await socket._stream.aclose()


async def test_a_server_that_stops_tells_its_clients_to_come_again() -> None:
    """1012, which clients of every age take as a reason to; what was answered is stored."""
    async with phoenix_world("Ann", "Ben") as world, world.peer(world.people[0]) as hers:
        ann, ben = world.people
        number = await ann.conversation(ben)
        await hers.join("room:chat")
        push = {"user": ben.id, "conv": number, "message": "last"}
        status, _ = await hers.ask("room:chat", "send_msg", push)
        world.running.stop.set()
        assert await hers.closed() == 1012
        assert (status, await ben.texts(number)) == ("ok", ["last"])


async def test_who_does_not_read_is_closed_and_the_others_are_told_on() -> None:
    """1013; what had been sent before is whole, and the others get everything."""
    limits = Limits(outbox_frames=4, outbox_bytes=200_000, send_seconds=0.2, goodbye_seconds=0.2)
    async with (
        phoenix_world("Ann", "Ben", limits=limits) as world,
        world.peer(world.people[1]) as his,
    ):
        ann, ben = world.people
        number = await ann.conversation(ben)
        await his.join("room:chat")
        path = f"/company/socket/websocket?token={ben.token}&vsn=2.0.0"
        async with websocket_to(world.running, path, receive_buffer=4096) as deaf:
            await deaf.say('["1","1","room:chat","phx_join",{}]')
            assert b"phx_reply" in (await deaf.hear()).payload
            sent = 0
            while world.running.counted("slow_readers") == 0:
                sent += 1
                await ann.say(number, f"{sent} {'x' * 9_900}")
                told = (await his.event("receive_msg"))["message"]["content"]
                assert told.startswith(f"{sent} ")
            heard = 0
            while (arrived := await deaf.hear()).opcode != CLOSE:
                heard += 1
                assert f'"content":"{heard} x'.encode() in arrived.payload
            assert (arrived.code, heard < sent) == (1013, True)
        await his.quiet()
