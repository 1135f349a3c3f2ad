"""Every refusal of auto's streams with its code."""

from __future__ import annotations

import pytest
import trio
from auto_people import house, stream_of
from engines import Room
from trio.testing import MockClock, wait_all_tasks_blocked
from web_worlds import web_world

from switchboard.engine.clock import Instant
from switchboard.engine.errors import VideoUnavailable
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.quotas import Quota, Quotas

NOBODY = "f" * 24


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
