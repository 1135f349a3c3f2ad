"""A key to a video room signs a socket's way into the room's channel, and opens nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from auto_people import house
from pusher_worlds import PusherWorld, pusher_world
from web_worlds import Party

AUTH, AUTO_AUTH = "/dropin/notifications/authchannel", "/auto/socket/auth"
PLACE = {"latitude": 10.787859, "longitude": 106.70653, "deviceId": "phone"}


class Meeting(NamedTuple):
    """A gig whose two people have shaken hands."""

    gig: str
    customer: Party
    operator: Party
    key: str
    """The customer's."""

    @property
    def channel(self) -> str:
        """In which they meet."""
        return f"presence-gig-{self.gig}"


async def meeting(server: PusherWorld) -> Meeting:
    """A new one."""
    customer, operator = await server.world.customer(), await server.world.operator()
    gig = (await customer.post("/gigs", PLACE)).body["gig"]["id"]
    await operator.post(f"/gigs/claim/{gig}", {"response": ["accept"]})
    await customer.post(f"/gigs/confirm/{gig}")
    shaken = (await customer.post(f"/gigs/handshake/{gig}")).body
    assert shaken["sessionId"] == f"presence-gig-{gig}"
    assert shaken["token"] != customer.token
    return Meeting(gig, customer, operator, shaken["token"])


async def test_the_key_joins_its_room_as_the_account_it_was_made_for() -> None:
    """A page with the video alone needs nothing of the account."""
    async with pusher_world() as server, server.peer() as peer, server.peer() as other:
        made = await meeting(server)
        joined = await server.join(peer, AUTH, made.channel, token=made.key)
        assert joined["data"]["presence"]["ids"] == [made.customer.id]
        await server.join(other, AUTH, made.channel, token=made.operator.token)
        assert (await peer.event("pusher_internal:member_added"))["data"]["user_id"]
        await made.operator.post(f"/gigs/cancel/{made.gig}")
        # Whose way ends first is open.
        heard = await peer.next()
        if heard["event"] == "pusher_internal:member_removed":
            heard = await peer.next()
        assert (heard["event"], heard["channel"]) == ("pusher:subscription_error", made.channel)


async def test_the_key_opens_no_other_channel_and_no_other_call() -> None:
    """Neither the account's own channel nor another gig's, nor anything of the API; nor does a forged one."""
    async with pusher_world() as server, server.peer() as peer:
        made = await meeting(server)
        names = [
            f"private-{made.customer.id}",
            f"private-chat_{made.gig}",
            f"presence-gig-{'a' * 24}",
        ]
        for name in names:
            reply = await server.authorized(peer, AUTH, name, token=made.key)
            assert reply.status == 403, name
        for forged in (made.key[:-2] + "xx", made.key.rpartition(".")[0] + ".", "x" * 3000):
            assert (await server.authorized(peer, AUTH, made.channel, token=forged)).status == 401
        body: Any = {"socket_id": peer.id}
        path = "/dropin/notifications/userauth"
        assert (await server.world.post(path, body, token=made.key)).status == 401
        assert (await server.world.get("/dropin/accounts/me", token=made.key)).status == 401
        assert (
            await server.authorized(peer, AUTO_AUTH, made.channel, token=made.key)
        ).status == 403


async def test_the_key_goes_with_all_tokens_of_its_account() -> None:
    """What it opened is closed at once, and it opens nothing any more."""
    async with pusher_world() as server, server.peer() as peer, server.peer() as late:
        made = await meeting(server)
        await server.join(peer, AUTH, made.channel, token=made.key)
        await server.world.services.tokens.revoke_account(made.customer.id)
        assert await peer.closed() == 4009
        assert (await server.authorized(late, AUTH, made.channel, token=made.key)).status == 401


@pytest.mark.parametrize("who", ["viewer", "dealer"])
async def test_both_keys_of_a_stream_join_its_room(who: str) -> None:
    """The visitor's is its viewer token; the dealer's its own."""
    async with pusher_world() as server, server.peer("auto") as peer:
        home = await house(server.world)
        dealer = await (await home.dealer("lan")).online()
        stream = await home.requested()
        accepted = (await dealer.post(f"/streams/accept/{stream['_id']}")).data
        channel = f"presence-stream-{stream['_id']}"
        if who == "viewer":
            await server.join(peer, AUTO_AUTH, channel, headers={"X-Viewer-Token": stream["token"]})
            return
        key = accepted["token"]
        joined = await server.join(peer, AUTO_AUTH, channel, token=key)
        assert joined["data"]["presence"]["ids"] == [dealer.id]
        for name in (f"private-{dealer.id}", "presence-organization-house"):
            assert (await server.authorized(peer, AUTO_AUTH, name, token=key)).status != 200
