"""A server that is killed while a desk and its clients talk: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import trio
from relay_peers import Peer, relayed
from server_process import ServerProcess, serve
from trio_websocket import ConnectionClosed

HEARD_LEAST = 150
"""Frames of messages, on all connections, before the server is killed: all are under way by then."""

UNDER_WAY_MOST = 8
"""Messages of one sender that it has not heard back yet."""

SECONDS_MOST = 60.0


class Tab:
    """One connection: what it has heard."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.heard: dict[str, list[str]] = {}
        """Room -> the ids of its messages, as they came."""


class Person:
    """Somebody with a token, the rooms they write in, and what they have sent."""

    def __init__(self, name: str, id: str, token: str, rooms: Sequence[str]) -> None:
        self.name, self.id, self.token, self.rooms = name, id, token, rooms
        self.sent: dict[str, tuple[str, str]] = {}
        """client_id -> room and text."""
        self.acknowledged: dict[str, str] = {}
        """client_id -> the message's id."""

    @property
    def owed(self) -> list[str]:
        """What was sent and not heard back."""
        return [one for one in self.sent if one not in self.acknowledged]


class Scene:
    """Everybody at one server."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.count = 0
        self.news = trio.Condition()

    async def hears(self, tab: Tab, peer: Peer) -> None:
        """Until the connection ends."""
        while True:
            try:
                frame = json.loads(await peer.socket.get_message())
            except ConnectionClosed:
                return
            if frame["type"] != "message":
                continue
            content, person = frame["content"], tab.person
            async with self.news:
                if content["sender"] == person.id:
                    known = person.acknowledged.setdefault(content["client_id"], content["id"])
                    assert known == content["id"]
                tab.heard.setdefault(content["room"], []).append(content["id"])
                self.count += 1
                self.news.notify_all()

    async def talks(self, person: Person, peer: Peer) -> None:
        """On and on, until the connection ends."""
        try:
            while True:
                async with self.news:
                    while len(person.owed) >= UNDER_WAY_MOST:
                        await self.news.wait()
                name = f"{person.name}-{len(person.sent)}"
                room = person.rooms[len(person.sent) % len(person.rooms)]
                person.sent[name] = (room, f"I say {name}")
                await self.say(person, peer, name)
        except ConnectionClosed:
            return

    async def say(self, person: Person, peer: Peer, name: str) -> None:
        """The message of that client_id."""
        room, text = person.sent[name]
        content = {"room": room, "message": text, "client_id": name}
        await peer.socket.send_message(json.dumps({"type": "message", "content": content}))

    async def until_heard(self, count: int) -> None:
        """So many frames on all connections."""
        async with self.news:
            while self.count < count:
                await self.news.wait()


async def until_killed(
    server: ServerProcess, people: Sequence[Person], tabs: Sequence[Tab]
) -> None:
    """Everybody writes and listens; in the middle of it the server is killed."""
    scene = Scene(server.base())
    with trio.fail_after(SECONDS_MOST):
        async with AsyncExitStack() as stack:
            peers = await connected(stack, scene, tabs)
            async with trio.open_nursery() as talking:
                async with trio.open_nursery() as listening:
                    for tab, peer in zip(tabs, peers, strict=True):
                        listening.start_soon(scene.hears, tab, peer)
                    for person, peer in zip(people, peers, strict=False):
                        talking.start_soon(scene.talks, person, peer)
                    await scene.until_heard(HEARD_LEAST)
                    server.process.kill()
                # Who waits for an answer waits for ever.
                talking.cancel_scope.cancel()


async def said_again(server: ServerProcess, people: Sequence[Person]) -> Sequence[Tab]:
    """Everybody comes back and sends again what they have not heard back; their tabs."""
    scene = Scene(server.base())
    tabs = [Tab(person) for person in people]
    with trio.fail_after(SECONDS_MOST):
        async with AsyncExitStack() as stack:
            peers = await connected(stack, scene, tabs)
            async with trio.open_nursery() as nursery:
                for tab, peer in zip(tabs, peers, strict=True):
                    nursery.start_soon(scene.hears, tab, peer)
                    for name in tab.person.owed:
                        await scene.say(tab.person, peer, name)
                async with scene.news:
                    while any(person.owed for person in people):
                        await scene.news.wait()
                nursery.cancel_scope.cancel()
    return tabs


async def connected(stack: AsyncExitStack, scene: Scene, tabs: Sequence[Tab]) -> Sequence[Peer]:
    """A connection for each tab."""
    return [await stack.enter_async_context(relayed(scene.base, tab.person.token)) for tab in tabs]


class Calls:
    """REST as one of them."""

    def __init__(self, client: httpx.Client, server: ServerProcess) -> None:
        self._client = client
        self._api = f"{server.base()}/ally/api"

    def post(self, path: str, **form: str) -> Any:
        """A POST without a token."""
        answer = self._client.post(f"{self._api}{path}", data=form)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, token: str) -> Any:
        """A GET."""
        joint = "&" if "?" in path else "?"
        answer = self._client.get(f"{self._api}{path}{joint}token={token}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def history(self, room: str, token: str) -> list[Mapping[str, Any]]:
        """All messages of the room, page by page."""
        found: list[Mapping[str, Any]] = []
        while True:
            cursor = f"&last_read_message={found[-1]['id']}" if found else ""
            path = f"/room/{room}/messages?show=new&limit=100{cursor}"
            page = self.get(path, token)["messages"]
            found += page
            if len(page) < 100:
                return found


@contextmanager
def people_at(server: ServerProcess, client: httpx.Client) -> Iterator[Sequence[Person]]:
    """Two clients with a room each, and an operator who writes in both."""
    calls = Calls(client, server)
    password = server.wait_for(r"^\s+support\s+(\S+)\s")[1]
    people = []
    for alias in ("ann", "bob"):
        id = calls.post("/user/register", alias=alias)["id"]
        token = calls.post("/token", alias=alias)["token"]
        room = calls.get(f"/user/{id}/rooms", token)["rooms"][0]["id"]
        people.append(Person(alias, id, token, [room]))
    token = calls.post("/auth", login="support", password=password)["token"]
    rooms = [person.rooms[0] for person in people]
    yield [*people, Person("desk", calls.get("/me", token)["id"], token, rooms)]


def test_a_kill_in_the_middle_of_a_broadcast_loses_and_doubles_nothing(
    data_dir: Path, client: httpx.Client
) -> None:
    options = ("--demo",)
    with serve(data_dir, *options) as server, people_at(server, client) as people:
        tabs = [Tab(person) for person in (*people, *people)]
        trio.run(until_killed, server, people, tabs)
        server.wait()
    acknowledged = [dict(person.acknowledged) for person in people]
    assert all(acknowledged)
    with serve(data_dir, *options) as server:
        calls = Calls(client, server)
        before = {
            room: calls.history(room, person.token)
            for person in people[:2]
            for room in person.rooms
        }
        again = trio.run(said_again, server, people)
        histories = {}
        for person in people[:2]:
            [room] = person.rooms
            histories[room] = calls.history(room, person.token)
            assert calls.history(room, people[2].token) == histories[room]
        assert server.end() == 0, server.output
    assert "Traceback" not in server.output
    assert not any(person.token in server.output for person in people)
    ids = {room: [one["id"] for one in found] for room, found in histories.items()}
    # What was committed before the kill is there, unchanged and first.
    assert all(histories[room][: len(found)] == found for room, found in before.items())
    # Everybody heard each room in its order, without a hole, from the first message to wherever the kill met them.
    for tab in tabs:
        for room, heard in tab.heard.items():
            assert heard == ids[room][: len(heard)]
    # Everything that was sent is there once, and what was acknowledged is the same message as then.
    texts = [one["message"] for found in histories.values() for one in found]
    sent = [text for person in people for _, text in person.sent.values()]
    assert sorted(texts) == sorted(sent)
    for person, first in zip(people, acknowledged, strict=True):
        assert first.items() <= person.acknowledged.items()
        by_text = {one["message"]: one["id"] for found in histories.values() for one in found}
        assert all(by_text[person.sent[name][1]] == id for name, id in person.acknowledged.items())
    # After the restart each new message was told in order, too.
    for tab in again:
        for room, heard in tab.heard.items():
            fresh = [id for id in heard if id in ids[room][len(before[room]) :]]
            assert fresh == [id for id in ids[room] if id in fresh]
