"""Phoenix channels by longpoll: sessions, order, what waits, how they end."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
import trio
import trio.testing
from colleagues import Colleague, colleagues
from phoenix_worlds import phoenix_world
from transport_peers import until

from switchboard.web.realtime.phoenix import sessions
from switchboard.web.realtime.phoenix.sessions import Polled
from switchboard.web.transport import Frame, Limits, encode_text

PATH = "/company/socket/longpoll"
NDJSON = "application/x-ndjson"
JOIN = ["1", "1", "room:chat", "phx_join", {}]


class Poller:
    """A client that polls, as the library does: its session's token stands behind its own."""

    def __init__(self, who: Colleague, *, vsn: str = "2.0.0") -> None:
        self.who = who
        self.token: str | None = None
        self.vsn = vsn

    def _path(self) -> str:
        own = f"{PATH}?token={self.who.token}&vsn={self.vsn}"
        return own if self.token is None else f"{own}&token={self.token}"

    async def poll(self) -> tuple[int, list[Any]]:
        """Status and messages."""
        reply = await self.who.world.get(self._path())
        if reply.status == 403:
            assert reply.body == {"status": 403}
            return 403, []
        assert reply.status == 200
        self.token = reply.body["token"]
        return reply.body["status"], [json.loads(one) for one in reply.body["messages"]]

    async def publish(self, *messages: Any, kind: str = NDJSON) -> int:
        """The status; texts go as they are."""
        lines = [one if isinstance(one, str) else json.dumps(one) for one in messages]
        raw = "\n".join(lines).encode()
        reply = await self.who.world.post(self._path(), raw=raw, kind=kind)
        assert reply.status in (200, 413), reply.body
        return 413 if reply.status == 413 else int(reply.body["status"])

    async def joined(self) -> Poller:
        """In a session, and in its topic."""
        assert (await self.poll()) == (410, [])
        assert await self.publish(JOIN) == 200
        status, [answer] = await self.poll()
        assert (status, answer[4]) == (200, {"status": "ok", "response": {}})
        return self


async def test_a_session_joins_sends_and_is_told() -> None:
    """What several posts of one line or more ask is answered in order; the sender's own message is in its reply."""
    async with colleagues("Ann", "Ben") as (world, (ann, ben)):
        number = await ann.conversation(ben)
        hers, his = await Poller(ann).joined(), await Poller(ben).joined()
        texts = [f"text {place}" for place in range(5)]
        pushes = [
            ["1", f"{place}", "room:chat", "send_msg", payload]
            for place, payload in enumerate(
                {"user": ben.id, "conv": number, "message": text} for text in texts
            )
        ]
        assert await hers.publish(*pushes[:3]) == 200
        assert await hers.publish(pushes[3]) == 200
        assert await hers.publish(pushes[4], kind="application/json") == 200
        status, answers = await hers.poll()
        assert status == 200
        assert [one[1] for one in answers] == ["0", "1", "2", "3", "4"]
        said = [one[4]["response"]["message"]["content"] for one in answers]
        assert said == texts == await ann.texts(number)
        heard: list[Any] = []
        while len(heard) < 5:
            heard += (await his.poll())[1]
        assert [one[4]["message"]["content"] for one in heard] == texts
        assert {(one[0], one[1], one[3]) for one in heard} == {(None, None, "receive_msg")}
        assert world.services.phoenix.statistics()["longpoll_sessions"] == 2


async def test_a_session_may_speak_version_1_and_come_with_its_token_in_a_header() -> None:
    """And a wrong token in the query does not matter then."""
    async with colleagues("Ann") as (world, (ann,)):
        headers = {"X-Phoenix-AuthToken": ann.token}
        reply = await world.get(f"{PATH}?token=gone", headers=headers)
        assert reply.body["status"] == 410
        session = reply.body["token"]
        join = {"topic": "room:chat", "event": "phx_join", "payload": {}, "ref": "1"}
        raw = json.dumps(join).encode()
        await world.post(f"{PATH}?token={session}", raw=raw, kind=NDJSON)
        [answer] = (await world.get(f"{PATH}?token={session}")).body["messages"]
        assert json.loads(answer)["payload"]["status"] == "ok"
        for query in ("", "?token=nonsense", f"?token={ann.token}&vsn=9.0.0"):
            refused = await world.get(PATH + query)
            assert (refused.status, refused.body) == (403, {"status": 403})


async def test_what_is_no_message_is_answered_and_what_is_too_large_ends_the_session() -> None:
    """Binary messages come as base64."""
    async with colleagues("Ann") as (_, (ann,)):
        hers = await Poller(ann).joined()
        head = bytes((0, 1, 1, 9, 1)) + b"1" + b"7" + b"room:chat" + b"x" + b"\xff"
        binary = base64.b64encode(head).decode()
        assert await hers.publish("{", binary, "%%%", JOIN[:2]) == 200
        _, answers = await hers.poll()
        reasons = [one[4]["response"]["reason"] for one in answers]
        malformed = "malformed frame"
        assert reasons == [malformed, "binary payloads are not taken", malformed, malformed]
        assert await hers.publish("") == 200
        assert await hers.publish("[" * 70_000) == 413
        assert await hers.publish(JOIN) == 410
        again = await Poller(ann).joined()
        assert await again.publish(*["[]"] * 101) == 413
        # A session that is gone is begun anew by whoever polls for it.
        assert (await again.poll()) == (410, [])
        assert await again.publish(JOIN) == 200


async def test_a_poll_waits_and_a_newer_one_takes_its_place(
    mock_clock: trio.testing.MockClock,
) -> None:
    """204 after 10 s of nothing; the older of two gets nothing at once."""
    async with colleagues("Ann", "Ben") as (_, (ann, ben)):
        mock_clock.autojump_threshold = 0
        number = await ann.conversation(ben)
        hers = await Poller(ann).joined()
        began = trio.current_time()
        assert (await hers.poll()) == (204, [])
        assert trio.current_time() - began == pytest.approx(10, abs=0.5)
        results: dict[str, Any] = {}

        async def poll(name: str) -> None:
            results[name] = await hers.poll()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll, "older")
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(poll, "newer")
            await trio.testing.wait_all_tasks_blocked()
            assert results == {"older": (204, [])}
            await ben.say(number, "hi")
        status, [told] = results["newer"]
        assert (status, told[3]) == (200, "receive_msg")


async def test_a_session_without_its_client_ends_and_its_poll_says_why(
    mock_clock: trio.testing.MockClock,
) -> None:
    """After 60 s; at once with its token, and then there is no other."""
    async with colleagues("Ann", "Ben") as (world, (ann, ben)):
        mock_clock.autojump_threshold = 0
        number = await ann.conversation(ben)
        hers, his = await Poller(ann).joined(), await Poller(ben).joined()
        await hers.publish(["2", "2", f"room:{number}", "phx_join", {}])
        server = world.services.phoenix
        for _ in range(7):
            await his.poll()
        assert server.statistics()["longpoll_sessions"] == 1
        assert server.statistics()["topics"] == 1
        result: list[Any] = []

        async def poll() -> None:
            result.append(await his.poll())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll)
            await trio.testing.wait_all_tasks_blocked()
            await ben.call("DELETE", "/logout")
        assert result == [(403, [])]
        assert (await his.poll()) == (403, [])
        assert await his.publish(JOIN) == 410
        counts = server.statistics()
        assert counts == {"connections": 0, "topics": 0, "longpoll_sessions": 0}


async def test_an_account_has_so_many_sessions_and_then_the_oldest_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever begins ever new ones takes them from themselves alone."""
    monkeypatch.setattr(sessions, "SESSIONS_MOST", 3)
    async with colleagues("Ann", "Ben") as (_, (ann, ben)):
        his = await Poller(ben).joined()
        hers = [await Poller(ann).joined() for _ in range(4)]
        assert await hers[0].publish(JOIN) == 410
        assert [await one.publish(JOIN) for one in (*hers[1:], his)] == [200] * 4


@pytest.fixture
def usual_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever servers have been run before."""
    monkeypatch.setattr(sessions, "current_limits", Limits)


@pytest.mark.usefixtures("usual_limits")
async def test_what_waits_for_a_poll_has_a_websockets_bounds(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """256 frames for 5 s, or 4 MiB, then the session ends; nothing is left out of the middle."""
    ended: list[int] = []

    def polled() -> Polled:
        return Polled(lambda: ended.append(1))

    frame, limits = encode_text("x"), Limits()
    way = polled()
    assert all(way.send_encoded(frame) for _ in range(limits.outbox_frames + 10))
    await trio.sleep(limits.send_seconds - 0.1)
    assert way.send_encoded(frame)
    assert len(await way.take(1)) == limits.outbox_frames + 11
    assert all(way.send_encoded(frame) for _ in range(limits.outbox_frames))
    await trio.sleep(limits.send_seconds + 0.1)
    assert not way.send_encoded(frame)
    assert (await way.take(1), way.code, ended) == ([], 1013, [1])
    way, large = polled(), Frame(encode_text("x" * 65_000))
    sent = [way.send_encoded(large) for _ in range(65)]
    assert sent == [*[True] * 64, False]
    way.close(1000)
    assert ended == [1, 1]


async def test_what_comes_while_a_newer_poll_takes_over_is_the_newers() -> None:
    """The older one is for a client that has gone: it must not take anything with it."""
    way, answers = Polled(lambda: None), dict[str, list[bytes]]()

    async def poll(name: str) -> None:
        answers[name] = await way.take(5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(poll, "older")
        await trio.testing.wait_all_tasks_blocked()
        # Both in one step, before the older one has had its turn.
        way._poll = object()
        way.send_encoded(encode_text("x"))
        await trio.testing.wait_all_tasks_blocked()
        assert answers == {"older": []}
        await poll("newest")
    assert answers["newest"] == [b"x"]


@pytest.mark.usefixtures("usual_limits")
async def test_who_resumes_waits_while_as_much_waits_as_may() -> None:
    """``send`` is as fast as who polls."""
    way, frame = Polled(lambda: None), encode_text("x")
    for _ in range(Limits().outbox_frames):
        await way.send(frame)
    done = trio.Event()

    async def send() -> None:
        await way.send(frame)
        done.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        assert not done.is_set()
        assert len(await way.take(1)) == Limits().outbox_frames
        await done.wait()
    assert len(await way.take(1)) == 1


async def test_a_server_that_stops_does_not_wait_for_polls_and_tells_them_to_come_again() -> None:
    """Over a real socket: what a websocket's close frame says, 410 says."""
    async with phoenix_world("Ann") as world:
        [ann] = world.people
        url = f"{world.base}{PATH}"
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            begun = (await client.get(f"{url}?token={ann.token}&vsn=2.0.0")).json()
            answers: list[Any] = []

            async def poll() -> None:
                answers.append((await client.get(f"{url}?token={begun['token']}")).json())

            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll)
                [session] = world.server.sessions
                await until(lambda: session.way._poll is not None)
                with trio.fail_after(3):
                    world.running.stop.set()
                    await until(lambda: answers)
        assert [one["status"] for one in answers] == [410]
