"""auto's streams: the seed's own requests, the way from a request to a note, repeats, spellings."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from auto_people import STREAM_KEYS, TIME, VIDEO_KEYS, house, stream_of
from trio.testing import MockClock
from web_worlds import web_world


async def test_a_stream_goes_from_the_seeds_request_to_its_note(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        dealer = await (await house(world)).dealer("hoa")
        await dealer.online()
        reply = await world.post("/auto/streams/request/house", {"vin": "xxx"})
        asked = reply.data
        assert (reply.status, reply.body["status"]) == (200, 200)
        assert set(asked) == STREAM_KEYS | VIDEO_KEYS | {"viewerToken"}
        assert (asked["_id"], asked["status"], asked["vin"]) == (asked["id"], "requested", "xxx")
        assert (asked["dealer"], asked["startedAt"], asked["duration"]) == (None, None, None)
        assert TIME.fullmatch(asked["createdAt"])
        id = asked["_id"]
        accepted = (await dealer.post(f"/streams/accept/{id}")).data
        assert set(accepted) == STREAM_KEYS | VIDEO_KEYS
        assert accepted["status"] == "streaming"
        assert (accepted["dealer"], accepted["acceptedDealerFullName"]) == (dealer.id, "hoa Vo")
        assert accepted["sessionId"] == asked["sessionId"] == f"presence-stream-{id}"
        assert accepted["token"] != asked["token"]
        await trio.sleep(69)
        assert (await dealer.post("/ping")).data == {}
        stopped = (await world.post(f"/auto/streams/stop/{id}")).data
        assert (stopped["status"], stopped["duration"]) == ("stopped", 69)
        assert set(stopped) == STREAM_KEYS
        noted = (await world.post(f"/auto/streams/note/{id}", {"note": "xxx"})).data
        assert (noted["status"], noted["note"]) == ("completed", "xxx")
        again = (await world.post(f"/auto/streams/stop/{id}")).data
        assert (again["status"], again["duration"]) == ("completed", 69)


async def test_both_parties_are_given_what_their_browsers_need_to_meet() -> None:
    async with web_world() as world:
        dealer = await (await house(world)).dealer("hoa")
        await dealer.online()
        asked = (
            await world.post(
                "/auto/streams/request/house", {"vin": "xxx"}, headers={"Host": "localhost:8000"}
            )
        ).data
        video = asked["video"]
        assert video == {
            "provider": "p2p",
            "apiKey": "switchboard",
            "sessionId": f"presence-stream-{asked['_id']}",
            "token": asked["viewerToken"],
            "url": "ws://localhost:8000/auto/app/switchboard",
            "authEndpoint": "http://localhost:8000/auto/socket/auth",
            "iceServers": [],
        }
        assert {name: asked[name] for name in ("apiKey", "sessionId", "token")} == {
            name: video[name] for name in ("apiKey", "sessionId", "token")
        }


# -- who is found -----------------------------------------------------------------------------------------------


async def test_a_request_goes_to_the_free_dealer_whose_ping_is_the_latest(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        home = await house(world)
        first, second, third = [await home.dealer(name) for name in ("a", "b", "c")]
        for dealer in (first, second, third):
            await dealer.online()
            await trio.sleep(1)
        await first.post("/ping")
        await trio.sleep(1)
        one = await home.requested()
        two = await home.requested()
        offered = [(await stream_of(world, each["_id"])).offered_to for each in (one, two)]
        assert offered == [first.id, third.id]


async def test_the_same_visitor_is_given_the_same_stream_while_it_is_requested(
    autojump_clock: MockClock,
) -> None:
    """By guestId or by sessionId, in that organization alone, and with the viewer's keys again."""
    async with web_world() as world:
        home, other = await house(world), await house(world, "other")
        for place, name in ((home, "a"), (home, "b"), (other, "c")):
            await (await place.dealer(name)).online()
        first = await home.requested(guestId="g", sessionId="s")
        for body in ({"guestId": "g"}, {"sessionId": "s"}, {"guestId": "g", "sessionId": "x"}):
            again = await home.requested(**body)
            assert again["_id"] == first["_id"]
            assert set(again) == set(first)
        assert (await other.requested(guestId="g"))["_id"] != first["_id"]
        assert (await home.requested(guestId="another"))["_id"] != first["_id"]
        await world.post(f"/auto/streams/stop/{first['_id']}")
        assert (await home.requested(guestId="g"))["_id"] != first["_id"]


async def test_two_requests_of_one_visitor_at_once_make_one_stream() -> None:
    async with web_world() as world:
        home = await house(world)
        for name in ("a", "b"):
            await (await home.dealer(name)).online()
        ids: set[str] = set()

        async def ask() -> None:
            ids.add((await home.requested(guestId="g"))["_id"])

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert len(ids) == 1
        assert len(world.database.claims["engagement"]) == 1


async def test_of_two_visitors_at_once_one_finds_the_only_dealer() -> None:
    async with web_world() as world:
        home = await house(world)
        await (await home.dealer("a")).online()
        codes: list[str | None] = []

        async def ask(guest: str) -> None:
            codes.append((await home.request(guestId=guest)).code)

        async with trio.open_nursery() as nursery:
            for guest in ("g1", "g2"):
                nursery.start_soon(ask, guest)
        assert sorted(map(str, codes)) == ["ERROR_NO_ONLINE_DEALER", "None"]


async def test_a_request_that_finds_nobody_names_the_stream_that_is_kept() -> None:
    """Nobody online, everybody busy: missed-offline; the visitor may leave a lead for it."""
    async with web_world() as world:
        home = await house(world)
        dealer = await home.dealer("a")
        reply = await home.request()
        assert (reply.status, reply.code) == (400, "ERROR_NO_ONLINE_DEALER")
        assert reply.body["message"] == "No dealer of this organization is online"
        assert (await stream_of(world, reply.data["_id"])).phase == "missed-offline"
        await dealer.online()
        await home.streaming(dealer)
        assert (await home.request()).code == "ERROR_NO_ONLINE_DEALER"


async def test_an_offer_moves_on_after_30_s_and_at_once_when_its_dealer_leaves(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        home = await house(world)
        first, second, third = [await home.dealer(name) for name in ("a", "b", "c")]
        await second.online()
        await trio.sleep(1)
        await first.online()
        id = (await home.requested())["_id"]
        assert (await stream_of(world, id)).offered_to == first.id
        await trio.sleep(31)
        assert (await stream_of(world, id)).offered_to == second.id
        await second.post("/accounts/status/offline")
        assert (await stream_of(world, id)).offered_to is None
        await third.online()
        assert (await stream_of(world, id)).offered_to == third.id
        assert (await first.post(f"/streams/accept/{id}")).status == 200
        assert (await third.post(f"/streams/accept/{id}")).code == "ERROR_STREAM_IS_ON_THE_WAY"


async def test_a_stream_that_nobody_takes_is_missed(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        id = (await home.requested())["_id"]
        await trio.sleep(121)
        reply = await world.get(f"/auto/streams/{id}")
        assert reply.data["status"] == "missed"
        assert (await dealer.post(f"/streams/accept/{id}")).code == "ERROR_ACTION_STREAM_INVALID"
        assert (await world.post(f"/auto/streams/stop/{id}")).code == "ERROR_ACTION_STREAM_INVALID"


# -- repeats with a key -----------------------------------------------------------------------------------------


KEYED: tuple[tuple[str, dict[str, Any], dict[str, Any] | None], ...] = (
    ("/streams/request/house", {"vin": "xxx"}, {"vin": "yyy"}),
    ("/streams/stop/{id}", {}, None),
    ("/streams/note/{id}", {"note": "one"}, {"note": "two"}),
)
"""Path, body, and another body that would change something."""


async def test_a_repeat_with_the_same_key_is_given_the_first_answer() -> None:
    """The same key with another body is refused."""
    async with web_world() as world:
        home = await house(world)
        for name in ("a", "b"):
            await (await home.dealer(name)).online()
        id = ""
        for path, body, another in KEYED:
            key = {"Idempotency-Key": f"key of {path}"}
            first = await world.post("/auto" + path.format(id=id), body, headers=key)
            again = await world.post("/auto" + path.format(id=id), body, headers=key)
            assert first.status == 200, first.body
            keys = STREAM_KEYS - {"updatedAt"}
            assert {k: first.data[k] for k in keys} == {k: again.data[k] for k in keys}
            if another is not None:
                other = await world.post("/auto" + path.format(id=id), another, headers=key)
                assert (other.status, other.code) == (400, "ERROR_VALIDATION")
            id = id or first.data["_id"]
        assert len([a for a in world.database.sessions if a.kind == "stream"]) == 1


async def test_a_keyed_request_that_found_nobody_says_so_again() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await home.dealer("a")
        key = {"Idempotency-Key": "k"}
        path = "/auto/streams/request/house"
        first = await world.post(path, {"vin": "xxx"}, headers=key)
        await dealer.online()
        again = await world.post(path, {"vin": "xxx"}, headers=key)
        assert first.body == again.body
        assert again.code == "ERROR_NO_ONLINE_DEALER"


# -- spellings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"vin":"xxx"}', "application/json"),
        (b'{"vin":"xxx"}', None),
        (b"vin=xxx", "application/x-www-form-urlencoded"),
        (b'{"vin":["xxx"]}', "application/json"),
        (b'{"vin":123}', "application/json"),
        (
            b'--b\r\nContent-Disposition: form-data; name="vin"\r\n\r\nxxx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_a_body_means_the_same_in_every_spelling(raw: bytes, kind: str | None) -> None:
    async with web_world() as world:
        home = await house(world)
        await (await home.dealer("a")).online()
        reply = await world.post("/auto/streams/request/HOUSE/", raw=raw, kind=kind)
        assert reply.status == 200, reply.body
        assert reply.data["vin"] in ("xxx", "123")
