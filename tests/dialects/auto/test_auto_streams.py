"""auto's streams: the seed's own requests, the way from a request to a note, and every refusal with its code."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from auto_people import STREAM_KEYS, TIME, VIDEO_KEYS, house, stream_of
from engines import Room
from trio.testing import MockClock, wait_all_tasks_blocked
from web_worlds import web_world

from switchboard.engine.clock import Instant
from switchboard.engine.errors import VideoUnavailable
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.quotas import Quota, Quotas

NOBODY = "f" * 24


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


# -- refusals ---------------------------------------------------------------------------------------------------


async def test_requests_are_refused_for_their_exact_reason() -> None:
    async with web_world() as world:
        home = await house(world)
        reply = await world.post("/auto/streams/request/nowhere", {"vin": "xxx"})
        assert (reply.status, reply.code) == (400, "ERROR_TOKEN_INVALID")
        assert reply.body["message"] == "This token does not exist"
        assert (await home.request()).code == "ERROR_DEALER_NOT_FOUND"
        await home.dealer("pending", dealer="pending")
        assert (await home.request()).code == "ERROR_DEALER_NOT_FOUND"
        await (await home.dealer("a")).online()
        for bad in ({"vin": ""}, {"vin": "x" * 65}, {"vin": {"a": 1}}, {"guestId": "x" * 201}):
            reply = await home.request(**bad)
            assert (reply.status, reply.code) == (400, "ERROR_VALIDATION"), bad
            assert reply.body["message"].startswith(next(iter(bad)))
        assert not any(address.kind == "stream" for address in world.database.sessions)


async def test_a_disabled_organization_takes_nothing_new_and_its_live_streams_go_on() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        stream = await home.streaming(dealer)
        await world.services.engine.store.organizations.enable(home.id, False)
        reply = await home.request()
        assert (reply.status, reply.code) == (400, "ERROR_ORGANIZATION_NOT_AVAILABLE")
        lead = {"organizationToken": home.code, "vinId": "1"}
        assert (await world.post("/auto/leads", lead)).code == "ERROR_ORGANIZATION_NOT_AVAILABLE"
        assert (await dealer.post("/ping")).status == 200
        assert (await dealer.post(f"/streams/stop/{stream['_id']}")).data["status"] == "stopped"


async def test_accepts_are_refused_for_their_exact_reason() -> None:
    async with web_world() as world:
        home, other = await house(world), await house(world, "other")
        late = await home.dealer("late")
        dealer = await (await home.dealer("a")).online()
        stranger = await (await other.dealer("x")).online()
        pending = await home.dealer("p", dealer="pending")
        id = (await home.requested())["_id"]
        accept = f"/streams/accept/{id}"
        for missing in (NOBODY, "nothing", "x" * 500):
            reply = await dealer.post(f"/streams/accept/{missing}")
            assert (reply.status, reply.code) == (400, "ERROR_INVALID_STREAMID")
        assert (await stranger.post(accept)).code == "ERROR_INVALID_STREAMID"
        assert (await pending.post(accept)).code == "ERROR_FORBIDDEN"
        assert (await world.post(f"/auto{accept}")).code == "ERROR_UNAUTHORIZED"
        assert (await late.post(accept)).code == "ERROR_ACTION_STREAM_INVALID"
        await dealer.post("/accounts/status/offline")
        reply = await dealer.post(accept)
        assert (reply.status, reply.code) == (400, "ERROR_OFFLINE_DEALER")
        await dealer.online()
        await wait_all_tasks_blocked()
        assert (await dealer.post(accept)).data["status"] == "streaming"
        assert (await dealer.post(accept)).data["status"] == "streaming"
        await late.online()
        reply = await late.post(accept)
        assert (reply.status, reply.code) == (400, "ERROR_STREAM_IS_ON_THE_WAY")


async def test_a_dealer_that_is_busy_elsewhere_must_stop_first(autojump_clock: MockClock) -> None:
    """In another stream, or in a gig of dropin's; and a dealer who streams is offered no gig."""
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a", operator="approved")).online()
        first = (await home.requested())["_id"]
        await trio.sleep(31)  # It lets the first pass and is offered the second.
        second = (await home.requested())["_id"]
        assert (await dealer.post(f"/streams/accept/{second}")).status == 200
        reply = await dealer.post(f"/streams/accept/{first}")
        assert (reply.status, reply.code) == (400, "ERROR_BUSY_DEALER")
        await world.services.dispatch.online(dealer.id, 10.0, 106.0)
        customer = await world.customer()
        place = {"latitude": 10.0, "longitude": 106.0}
        assert (await customer.post("/gigs", place)).code == "E_DROPERATORS_NOT_FOUND"
        await dealer.post(f"/streams/stop/{second}")
        gig = (await customer.post("/gigs", place)).body["gig"]["id"]
        as_operator = world.token(dealer.account)
        claimed = await world.post(
            f"/dropin/gigs/claim/{gig}", {"response": "accept"}, token=as_operator
        )
        assert claimed.status == 200
        assert (await dealer.post(f"/streams/accept/{first}")).code == "ERROR_BUSY_DEALER"
        assert await dealer.presence() == "busy"


@pytest.mark.parametrize("call", ["stop", "note", "show"])
async def test_an_unknown_stream_is_said_so(call: str) -> None:
    async with web_world() as world:
        for id in (NOBODY, "1", "x" * 500, "%00", "%ED%A0%80"):
            if call == "show":
                reply = await world.get(f"/auto/streams/{id}")
            else:
                reply = await world.post(f"/auto/streams/{call}/{id}", {"note": "xxx"})
            assert (reply.status, reply.code) == (400, "ERROR_INVALID_STREAMID"), id


async def test_a_note_needs_a_stream_that_is_over_and_a_text() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        id = (await home.requested())["_id"]
        note = f"/auto/streams/note/{id}"
        assert (await world.post(note, {"note": "x"})).code == "ERROR_ACTION_STREAM_INVALID"
        await dealer.post(f"/streams/accept/{id}")
        assert (await world.post(note, {"note": "x"})).code == "ERROR_ACTION_STREAM_INVALID"
        await world.post(f"/auto/streams/stop/{id}")
        for body in (None, {"note": ""}, {"note": "x" * 10_001}, {"note": "a\x00"}):
            reply = await world.post(note, body)
            assert (reply.status, reply.code) == (400, "ERROR_VALIDATION")
        assert (await world.post(note, {"note": "one"})).data["note"] == "one"
        assert (await world.post(note, {"note": "two"})).data["note"] == "two"


async def test_requests_are_limited_per_address_and_per_organization() -> None:
    """Repeats that find their stream are not counted."""
    quotas = Quotas(requests_per_address=Quota(2), requests_per_organization=Quota(3))
    async with web_world(quotas=quotas) as world:
        home, other = await house(world), await house(world, "other")
        await (await home.dealer("a")).online()
        await other.dealer("b")
        for _ in range(5):
            await home.requested(guestId="g")
        assert (await other.request()).code == "ERROR_NO_ONLINE_DEALER"
        reply = await other.request()
        assert (reply.status, reply.code) == (429, "ERROR_TOO_MANY")
        assert int(reply.headers["Retry-After"]) > 0
    quotas = Quotas(requests_per_organization=Quota(1))
    async with web_world(quotas=quotas) as world:
        home, other = await house(world), await house(world, "other")
        await home.dealer("a")
        await other.dealer("b")
        codes = [(await place.request()).code for place in (home, home, other)]
        assert codes == ["ERROR_NO_ONLINE_DEALER", "ERROR_TOO_MANY", "ERROR_NO_ONLINE_DEALER"]


class Vendor(Room):
    """A video provider that fails when it is told to."""

    name = "vendor"
    fails_to = ""

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session."""
        if self.fails_to == "open":
            raise VideoUnavailable
        return await super().open(kind, session)

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That party's key."""
        if self.fails_to == "admit":
            raise VideoUnavailable
        return super().token(room, account, now)


async def test_without_video_nothing_is_stored_at_the_request_and_the_offer_stands_at_the_accept() -> (
    None
):
    vendor = Vendor()
    async with web_world(video=vendor) as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        before = world.fingerprint()
        vendor.fails_to = "open"
        reply = await home.request()
        assert (reply.status, reply.code) == (502, "ERROR_VIDEO_SESSION")
        assert world.fingerprint() == before
        vendor.fails_to = ""
        id = (await home.requested())["_id"]
        vendor.fails_to = "admit"
        reply = await dealer.post(f"/streams/accept/{id}")
        assert (reply.status, reply.code) == (502, "ERROR_VIDEO_SESSION")
        stream = await stream_of(world, id)
        assert (stream.phase, stream.offered_to) == ("requested", dealer.id)
        vendor.fails_to = ""
        assert (await dealer.post(f"/streams/accept/{id}")).data["status"] == "streaming"


async def test_no_room_is_opened_for_a_repeat_nor_for_nobody() -> None:
    vendor = Vendor()
    async with web_world(video=vendor) as world:
        home = await house(world)
        dealer = await home.dealer("a")
        await home.request()
        await dealer.online()
        for _ in range(3):
            await home.requested(guestId="g")
        assert len(vendor.opened) == 1


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
