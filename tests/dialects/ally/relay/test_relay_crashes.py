"""A room's actor crashes, and connections are cut, while people talk: what everybody has is what is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from desks import Voice
from relay_peers import Peer
from relay_worlds import relay_world

from switchboard.engine.runtime.draft import Draft
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.sessions.room import PostMessage

EACH = 60
CRASHES = 4
"""Fewer than put a session into quarantine."""


def crashing(
    decide: Callable[[Draft, Letter], None], poison: set[str]
) -> Callable[[Draft, Letter], None]:
    """Decides as ever, but for a bug that each of these texts meets once."""

    def broken(self: Draft, letter: Letter) -> None:
        if isinstance(letter.command, PostMessage) and letter.command.text in poison:
            poison.remove(letter.command.text)
            raise ZeroDivisionError("planted")
        decide(self, letter)

    return broken


async def history(voice: Voice, room: str) -> list[str]:
    """What all the messages of the room say, in its order."""
    pages = [(await voice.ok("GET", f"/room/{room}/messages?limit=100"))["messages"]]
    while pages[0]:
        query = f"limit=100&show=old&last_read_message={pages[0][0]['id']}"
        pages.insert(0, (await voice.ok("GET", f"/room/{room}/messages?{query}"))["messages"])
    return [one["message"] for page in pages for one in page]


async def talk(peer: Peer, room: str, name: str) -> tuple[list[str], int]:
    """Says so much; what is refused is said again under its client_id, as clients do.

    Returns: all messages that came, and how many of one's own were refused.
    """
    heard: list[str] = []
    refused = 0

    async def listen() -> None:
        nonlocal refused
        while len(heard) < 2 * EACH:
            received = await peer.next()
            if received["type"] == "error":
                refused += 1
                again = received["content"]["client_id"]
                await peer.say(room, again, client_id=again)
            elif received["type"] == "message":
                heard.append(received["content"]["message"])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        for number in range(EACH):
            await peer.say(room, f"{name}{number}", client_id=f"{name}{number}")
    return heard, refused


async def test_when_the_rooms_actor_crashes_in_mid_broadcast_all_have_what_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who met the bug hears so and says it again; to the others nothing is lost, doubled or out of order."""
    poison = {f"a{number}" for number in range(7, EACH, EACH // CRASHES)}
    planted = len(poison)
    monkeypatch.setattr(Draft, "decide", crashing(Draft.decide, poison))
    async with relay_world() as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        results: dict[str, tuple[list[str], int]] = {}
        async with world.peer(ann) as a, world.peer(one) as o, world.peer(one) as silent:

            async def talks(peer: Peer, name: str) -> None:
                results[name] = await talk(peer, room, name)

            async def listens() -> None:
                results["s"] = list(await silent.texts(2 * EACH)), 0

            async with trio.open_nursery() as nursery:
                nursery.start_soon(listens)
                nursery.start_soon(talks, a, "a")
                nursery.start_soon(talks, o, "o")
            for peer in (a, o, silent):
                await peer.quiet()
        stored = await history(ann, room)
        assert sorted(stored) == sorted(f"{name}{n}" for name in "ao" for n in range(EACH))
        assert {name: heard for name, (heard, _) in results.items()} == dict.fromkeys("aos", stored)
        assert not poison
        assert results["a"][1] == planted
        assert results["o"][1] == 0


async def test_a_connection_that_is_cut_in_mid_broadcast_has_all_once_it_is_back() -> None:
    """What came before the cut, then the history from there, then what comes: the room's own order, nothing twice."""
    async with relay_world() as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        async with world.peer(ann) as a, world.peer(one) as o, world.peer(ann) as cut:
            back_again = trio.Event()

            async def talks() -> None:
                for number in range(EACH):
                    if number == EACH // 2:
                        await back_again.wait()
                    await o.say(room, f"o{number}", client_id=f"o{number}")

            async with trio.open_nursery() as nursery:
                nursery.start_soon(talks)
                heard = list(await cut.texts(EACH // 4))
                # Not by a closing handshake: the line is dead.
                cut.socket._stream.socket.shutdown(trio.socket.SHUT_RDWR)  # type: ignore[attr-defined]
                assert await cut.closed() == 1006
                async with world.peer(ann) as back:
                    back_again.set()
                    known = await history(ann, room)
                    assert known[: len(heard)] == heard
                    heard = known
                    while len(heard) < EACH:
                        [said] = await back.texts(1)
                        if said not in known:
                            heard.append(said)
            assert heard == await history(ann, room) == list(await a.texts(EACH))
