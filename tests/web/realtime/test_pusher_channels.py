"""Who may listen to which channel, and what real steps of sessions tell there."""

from __future__ import annotations

import trio
from auto_people import house, proof
from pusher_worlds import PusherWorld, pusher_world
from widgets import Widgets

from switchboard.settings import PRODUCTS
from switchboard.web import WebSettings
from switchboard.web.services import WidgetSettings

AUTH = "/dropin/notifications/authchannel"
AUTO_AUTH = "/auto/socket/auth"
PLACE = {"latitude": 10.787859, "longitude": 106.70653, "deviceId": "phone"}


async def test_a_gigs_people_hear_of_each_step_and_of_what_the_other_writes() -> None:
    """Resuming after a gap tells what was missed, once."""
    async with pusher_world() as server, server.peer() as mine, server.peer() as theirs:
        world = server.world
        customer, operator = await world.customer(), await world.operator()
        await server.join(mine, AUTH, f"private-{customer.id}", token=customer.token)
        await server.join(theirs, AUTH, f"private-{operator.id}", token=operator.token)
        gig = (await customer.post("/gigs", PLACE)).body["gig"]["id"]
        offered = await theirs.event("gig")
        assert (offered["data"]["code"], offered["data"]["data"]["gig"]["id"]) == (4, gig)
        assert offered["channel"] == f"private-{operator.id}"
        await operator.post(f"/gigs/claim/{gig}", {"response": ["accept"]})
        found = await mine.event("gig")
        assert found["data"]["code"] == 5
        assert {"code", "title", "message", "messageId", "data"} == set(found["data"])
        await customer.post(f"/gigs/confirm/{gig}")
        assert (await theirs.event("gig"))["data"]["code"] == 11
        chat = f"private-chat_{gig}"
        await server.join(theirs, AUTH, chat, token=operator.token)
        said = await customer.post("/chat/save", {"gig": gig, "message": "here"})
        heard = await theirs.event("chat")
        assert heard["data"] == said.body
        await operator.post(f"/gigs/handshake/{gig}")
        ready = await mine.event("gig")
        assert (ready["data"]["code"], bool(ready["data"]["data"]["token"])) == (2, True)
        push = {"recipientId": customer.id, "data": {"code": 3, "message": "look"}}
        await operator.post("/notifications/push", push)
        sent = (await mine.event("gig"))["data"]
        assert (sent["code"], sent["from"], sent["data"]) == (100, operator.id, push["data"])
        await _resumed(server, customer, found["seq"], [2, 100])
        await _resumed(server, customer, 0, [5, 2, 100])


async def _resumed(server: PusherWorld, customer: object, since: object, codes: list[int]) -> None:
    async with server.peer() as peer:
        channel = f"private-{customer.id}"  # type: ignore[attr-defined]
        answer = await peer.subscribe(channel, since=since)
        assert answer["event"] == "pusher_internal:subscription_succeeded"
        assert [(await peer.event("gig"))["data"]["code"] for _ in codes] == codes
        await peer.quiet()


async def test_what_cannot_be_resumed_is_said_and_goes_on_from_now() -> None:
    """A number that is none, or of the future."""
    async with pusher_world() as server:
        customer = await server.world.customer()
        for since in ("nonsense", 77, "1.1"):
            async with server.peer() as peer:
                await peer.subscribe(f"private-{customer.id}", since=since)
                assert (await peer.event("pusher:cannot_resume"))["seq"] == "0"


async def test_the_video_room_of_a_gig_is_for_its_two_and_ends_with_it() -> None:
    """Also the signature that was good before."""
    async with pusher_world() as server, server.peer() as peer:
        world = server.world
        customer, operator = await world.customer(), await world.operator()
        gig = (await customer.post("/gigs", PLACE)).body["gig"]["id"]
        channel = f"presence-gig-{gig}"
        stranger = await world.customer("Other")
        assert (await server.authorized(peer, AUTH, channel, token=stranger.token)).status == 403
        assert (await server.authorized(peer, AUTH, channel, token=operator.token)).status == 403
        reply = await server.authorized(peer, AUTH, channel, token=customer.token)
        await peer.send("pusher:subscribe", {"channel": channel, **reply.body})
        joined = await peer.event("pusher_internal:subscription_succeeded")
        assert joined["data"]["presence"]["ids"] == [customer.id]
        await customer.post(f"/gigs/cancel/{gig}")
        assert (await peer.event("pusher:subscription_error"))["channel"] == channel
        await peer.send("pusher:subscribe", {"channel": channel, **reply.body})
        assert (await peer.event("pusher:subscription_error"))["data"]["status"] == 403
        assert (await server.authorized(peer, AUTH, channel, token=customer.token)).status == 403


async def test_channels_that_are_not_named_or_not_ones_own_are_refused() -> None:
    """By every endpoint, with 403, and 401 without a token."""
    async with pusher_world() as server, server.peer() as peer:
        world = server.world
        anna, ben = await world.customer(), await world.customer("Ben")
        names = [f"private-{ben.id}", "private-anything", "presence-gig-", "private-chat_x"]
        names += (f"private-encrypted-{ben.id}", f"private-room-{ben.id}", f"presence-{anna.id}")
        for channel in names:
            for path in (AUTH, AUTO_AUTH, "/dowell/api/v2/socket/auth"):
                token = anna.token if path == AUTH else world.token(anna.account, "auto")
                reply = await server.authorized(peer, path, channel, token=token)
                assert reply.status in (401, 403), (path, channel)
        assert (await server.authorized(peer, AUTH, f"private-{anna.id}")).status == 401
        wrong = await world.post(AUTH, {"socket_id": "x", "channel_name": "a b"}, token=anna.token)
        assert wrong.status == 400
        secret = await server.authorized(
            peer, AUTH, f"private-encrypted-{anna.id}", token=anna.token
        )
        assert set(secret.body) == {"auth", "shared_secret"}


async def test_a_revoked_token_closes_what_it_opened_and_nothing_else() -> None:
    """By a logout, at once, with 4009."""
    async with pusher_world() as server, server.peer() as mine, server.peer() as other:
        anna, ben = await server.world.customer(), await server.world.customer("Ben")
        await server.join(mine, AUTH, f"private-{anna.id}", token=anna.token)
        await server.join(other, AUTH, f"private-{ben.id}", token=ben.token)
        assert (await anna.post("/logout")).status == 200
        assert await mine.closed() == 4009
        await other.quiet()


async def test_a_user_signs_in_with_what_the_endpoint_answers() -> None:
    """The same socket alone."""
    async with pusher_world() as server, server.peer() as peer:
        anna = await server.world.customer()
        path = "/dropin/notifications/userauth"
        reply = await server.world.post(path, {"socket_id": peer.id}, token=anna.token)
        assert reply.status == 200
        await peer.send("pusher:signin", reply.body)
        await peer.event("pusher:signin_success")


async def test_a_streams_visitor_and_dealer_hear_what_happens_to_it() -> None:
    """The visitor by the stream's id, the dealer by its own."""
    async with pusher_world() as server:
        home = await house(server.world)
        dealer = await (await home.dealer("lan")).online()
        async with server.peer("auto") as theirs, server.peer("auto") as visitor:
            await server.join(theirs, AUTO_AUTH, f"private-{dealer.id}", token=dealer.token)
            channel = "presence-organization-house"
            joined = await server.join(theirs, AUTO_AUTH, channel, token=dealer.token)
            assert joined["data"]["presence"]["count"] == 1
            stream = await home.requested()
            offered = await theirs.event("streaming")
            assert (offered["data"]["code"], offered["data"]["_id"]) == (0, stream["_id"])
            await server.join(visitor, AUTO_AUTH, f"private-{stream['_id']}")
            await dealer.post(f"/streams/accept/{stream['_id']}")
            codes = [(await visitor.event("streaming"))["data"]["code"] for _ in range(2)]
            assert codes == [1, 4]
            meeting = f"presence-stream-{stream['_id']}"
            refused = await server.authorized(visitor, AUTO_AUTH, meeting)
            assert refused.status != 200
            await server.join(visitor, AUTO_AUTH, meeting, headers=proof(stream))
            joined = await server.join(theirs, AUTO_AUTH, meeting, token=dealer.token)
            assert joined["data"]["presence"]["count"] == 2
            await visitor.event("pusher_internal:member_added")


async def test_a_widgets_room_tells_each_message_whole() -> None:
    """With the keys of get_messages; resumed from the room's own journal."""
    settings = WebSettings(widgets=WidgetSettings(products=PRODUCTS))
    async with pusher_world(settings) as server, server.peer("dowell") as peer:
        widget = Widgets(server.world)
        room = await widget.room()
        channel = f"private-room-{room}"
        await server.join(peer, "/dowell/api/v2/socket/auth", channel)
        for text in ("one", "two"):
            await widget.say(room, text)
        heard = [await peer.event("message") for _ in range(2)]
        assert [one["data"]["message_data"] for one in heard] == ["one", "two"]
        async with server.peer("dowell") as again:
            await again.subscribe(channel, since=heard[0]["seq"])
            assert (await again.event("message"))["data"] == heard[1]["data"]
            await again.quiet()
        with trio.fail_after(5):
            while len(server.server.connections) > 1:
                await trio.lowlevel.checkpoint()
