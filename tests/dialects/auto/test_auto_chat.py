"""What the two parties of a stream write to each other."""

from __future__ import annotations

from typing import Any

import pytest
from auto_people import TIME, Dealer, house, proof
from bad_requests import UNKNOWN_ID
from trio.testing import MockClock
from web_worlds import WebWorld, web_world

CHAT_KEYS = {"_id", "id", "stream", "from", "message", "verified", "createdAt"}


async def stage(world: WebWorld, **body: Any) -> tuple[Dealer, Any, str]:
    """A live stream: its dealer, the stream as it was requested, the path of its chat."""
    home = await house(world)
    dealer = await (await home.dealer("a")).online()
    stream = await home.requested(**body)
    await dealer.post(f"/streams/accept/{stream['_id']}")
    return dealer, stream, f"/chat/{stream['_id']}"


async def test_a_message_of_each_party_is_verified_by_its_own_token_alone() -> None:
    async with web_world() as world:
        dealer, stream, path = await stage(world, guestId="guest-7")
        cases: tuple[tuple[str, dict[str, Any], bool], ...] = (
            (dealer.id, {"token": dealer.token}, True),
            (dealer.id, {}, False),
            (dealer.id, {"headers": proof(stream)}, False),
            ("guest-7", {"headers": proof(stream)}, True),
            ("guest-7", {"token": dealer.token}, False),
        )
        for number, (sender, who, verified) in enumerate(cases):
            body = {"from": sender, "message": f"text {number}"}
            reply = await world.post(f"/auto{path}", body, **who)
            assert reply.status == 200
            assert set(reply.data) == CHAT_KEYS
            assert TIME.fullmatch(reply.data["createdAt"])
            assert (reply.data["from"], reply.data["verified"]) == (sender, verified)
            assert (reply.data["stream"], reply.data["message"]) == (
                stream["_id"],
                f"text {number}",
            )
        listed = (await world.get(f"/auto{path}")).data
        assert [one["message"] for one in listed] == [f"text {n}" for n in range(5)]


async def test_a_guest_without_a_name_goes_by_the_streams_id() -> None:
    async with web_world() as world:
        _, stream, path = await stage(world)
        reply = await world.post(f"/auto{path}", {"from": stream["_id"], "message": "hi"})
        assert (reply.status, reply.data["verified"]) == (200, False)


async def test_the_other_sides_copy_is_no_new_message(mock_clock: MockClock) -> None:
    async with web_world() as world:
        dealer, stream, path = await stage(world, guestId="guest-7")
        body = {"from": "guest-7", "message": "is it red?"}
        sent = (await world.post(f"/auto{path}", body, headers=proof(stream))).data
        copy = (await dealer.post(path, body)).data
        assert copy == sent
        again = (await world.post(f"/auto{path}", body, headers=proof(stream))).data
        assert again["_id"] != sent["_id"]
        mock_clock.jump(11)
        late = (await dealer.post(path, body)).data
        assert late["_id"] not in (sent["_id"], again["_id"])
        assert len((await dealer.get(path)).data) == 3


async def test_pages() -> None:
    async with web_world() as world:
        dealer, _, path = await stage(world)
        for number in range(15):
            await dealer.post(path, {"from": dealer.id, "message": str(number)})

        async def texts(query: str = "") -> list[str]:
            return [one["message"] for one in (await dealer.get(f"{path}{query}")).data]

        assert await texts() == [str(number) for number in range(5, 15)]
        assert await texts("?start=0") == [str(number) for number in range(10)]
        assert await texts("?start=12&limit=2") == ["12", "13"]
        assert len(await texts("?limit=1000")) == 15


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"message": "x"}, "from"),
        ({"from": "somebody", "message": "x"}, "from"),
        ({"from": "guest-7"}, "message"),
        ({"from": "guest-7", "message": "x" * 10_001}, "message"),
    ],
)
async def test_a_message_needs_one_of_the_two_and_words(body: Any, field: str) -> None:
    async with web_world() as world:
        _, _, path = await stage(world, guestId="guest-7")
        before = world.fingerprint()
        reply = await world.post(f"/auto{path}", body)
        assert (reply.status, reply.code) == (400, "ERROR_VALIDATION")
        assert field in repr(reply.body)
        assert world.fingerprint() == before


async def test_there_is_no_chat_of_no_stream() -> None:
    async with web_world() as world:
        for id in (UNKNOWN_ID, "x"):
            for method in ("GET", "POST"):
                body = {"from": "a", "message": "b"} if method == "POST" else None
                reply = await world.call(method, f"/auto/chat/{id}", body)
                assert (reply.status, reply.code) == (400, "ERROR_INVALID_STREAMID")


async def test_before_anybody_has_written_there_is_an_empty_list() -> None:
    async with web_world() as world:
        dealer, _, path = await stage(world)
        assert (await dealer.get(path)).data == []
