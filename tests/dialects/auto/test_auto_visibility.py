"""Who may see what of a stream: strangers, its visitor, its dealer, its organization, another one."""

from __future__ import annotations

from typing import Any

import msgspec
from auto_people import STREAM_KEYS, Dealer, House, house, proof
from web_worlds import WebWorld, web_world

LEAD = {"email": "hoa@codehub.io", "comment": "123213"}


async def _streaming(world: WebWorld) -> tuple[House, Dealer, Any]:
    home = await house(world)
    dealer = await (await home.dealer("a")).online()
    stream = await home.streaming(dealer)
    await world.post("/auto/leads", {"streamId": stream["_id"], **LEAD})
    return home, dealer, stream


async def test_each_party_is_given_its_own_key_to_the_room_while_it_lasts() -> None:
    async with web_world() as world:
        home, dealer, stream = await _streaming(world)
        colleague = await home.dealer("b")
        show = f"/auto/streams/{stream['_id']}"
        plain = (await world.get(show)).data
        assert set(plain) == STREAM_KEYS
        assert "video" not in (await world.get(show, token=colleague.token)).data
        viewed = (await world.get(show, headers=proof(stream))).data
        dealt = (await world.get(show, token=dealer.token)).data
        assert viewed["video"]["sessionId"] == dealt["video"]["sessionId"]
        assert viewed["video"]["token"] != dealt["video"]["token"]
        by_query = await world.get(f"{show}?viewerToken={stream['viewerToken']}")
        assert "video" in by_query.data
        await world.post(f"/auto/streams/stop/{stream['_id']}")
        for who in ({"headers": proof(stream)}, {"token": dealer.token}):
            assert "video" not in (await world.get(show, **who)).data


async def test_note_and_lead_are_shown_to_the_organization_alone() -> None:
    async with web_world() as world:
        home, dealer, stream = await _streaming(world)
        id = stream["_id"]
        await world.post(f"/auto/streams/stop/{id}")
        await world.post(f"/auto/streams/note/{id}", {"note": "secret"})
        other = await (await house(world, "other")).dealer("x")
        pending = await home.dealer("p", dealer="pending")
        show = f"/auto/streams/{id}"
        for outsider in (
            {},
            {"headers": proof(stream)},
            {"token": other.token},
            {"token": pending.token},
        ):
            seen = (await world.get(show, **outsider)).data
            assert (seen["note"], seen["lead"]) == (None, None)
            stopped = (await world.post(f"/auto/streams/stop/{id}", **outsider)).data
            assert (stopped["note"], stopped["lead"]) == (None, None)
        colleague = await home.dealer("b")
        for member in (dealer, colleague):
            seen = (await world.get(show, token=member.token)).data
            assert (seen["note"], seen["lead"]["email"]) == ("secret", "hoa@codehub.io")


async def test_what_the_visitor_calls_itself_is_shown_to_nobody_but_by_guest_id() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        stream = await home.requested(guestId="g", sessionId="my-own-session")
        assert stream["guestId"] == "g"
        for seen in (stream, (await dealer.get("/streams")).data):
            assert "my-own-session" not in str(seen)


async def test_a_viewer_token_opens_its_own_stream_and_nothing_else() -> None:
    async with web_world() as world:
        home, dealer, stream = await _streaming(world)
        await (await home.dealer("b")).online()
        other = await home.requested()
        show = f"/auto/streams/{stream['_id']}"
        assert "video" not in (await world.get(show, headers=proof(other))).data
        forged = stream["viewerToken"][:-2] + "xx"
        assert "video" not in (await world.get(show, headers={"X-Viewer-Token": forged})).data
        as_viewer = {"X-Viewer-Token": dealer.token}
        assert "video" not in (await world.get(show, headers=as_viewer)).data
        reply = await world.post("/auto/ping", token=stream["viewerToken"])
        assert (reply.status, reply.code) == (401, "ERROR_UNAUTHORIZED")


async def test_a_token_that_opens_nothing_is_nobody_where_none_is_needed() -> None:
    async with web_world() as world:
        _, dealer, stream = await _streaming(world)
        await world.services.tokens.revoke_account(dealer.id)
        reply = await world.get(f"/auto/streams/{stream['_id']}", token=dealer.token)
        assert (reply.status, reply.data["lead"]) == (200, None)


async def test_a_stop_tells_the_other_by_what_was_proven() -> None:
    async with web_world() as world:
        home, dealer, stream = await _streaming(world)
        id = stream["_id"]
        body = {"viewerToken": stream["viewerToken"]}
        await world.post(f"/auto/streams/stop/{id}", body)
        again = await home.streaming(dealer)
        await dealer.post(f"/streams/stop/{again['_id']}")

        def codes(topic: str) -> list[int]:
            notices = world.database.notices.get(topic, [])
            return [
                msgspec.json.decode(notice.body)["code"]
                for notice in notices
                if notice.name == "streaming"
            ]

        assert codes(f"account/{dealer.id}") == [0, 3, 0]
        assert codes(f"viewer/{id}") == [1, 4]
        assert codes(f"viewer/{again['_id']}") == [1, 4, 3]


# -- lists ------------------------------------------------------------------------------------------------------


async def test_a_list_is_of_the_dealers_own_organization_alone() -> None:
    async with web_world() as world:
        home, dealer, stream = await _streaming(world)
        elsewhere = await house(world, "other")
        other = await (await elsewhere.dealer("x")).online()
        theirs = await elsewhere.requested()
        [shown] = (await dealer.get("/streams")).data
        assert (shown["_id"], shown["lead"]["comment"]) == (stream["_id"], "123213")
        assert set(shown) == STREAM_KEYS
        [seen] = (await other.get("/streams")).data
        assert seen["_id"] == theirs["_id"]
        ids = f"{stream['_id']},{theirs['_id']}"
        assert len((await other.get(f"/streams?streamIds={ids}")).data) == 1
        pending = await home.dealer("p", dealer="pending")
        assert (await pending.get("/streams")).data == []
        assert (await world.get("/auto/streams")).code == "ERROR_UNAUTHORIZED"


async def test_a_list_is_filtered_ordered_and_paged() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await home.dealer("a")
        missed = [(await home.request()).data["_id"] for _ in range(3)]
        await dealer.online()
        stream = (await home.streaming(dealer))["_id"]
        everything = [stream, *reversed(missed)]

        async def ids(query: str) -> list[str]:
            reply = await dealer.get(f"/streams?{query}")
            assert reply.status == 200, reply.body
            return [one["_id"] for one in reply.data]

        assert await ids("") == everything
        assert await ids("sortBy=createdAt&sortOrder=1") == list(reversed(everything))
        assert await ids("skip=1&limit=2") == everything[1:3]
        assert await ids("limit=0") == []
        assert await ids("limit=100000") == everything
        assert await ids("status=streaming") == [stream]
        assert await ids("status=streaming,missed-offline") == everything
        assert await ids("status=streaming&status=requested") == [stream]
        assert await ids("status[]=streaming") == [stream]
        assert await ids("from=2001-01-01&to=2100-01-01T00:00:00.000Z") == everything
        assert await ids("from=2100-01-01") == []
        assert await ids("to=978307200000") == []
        assert await ids(f"streamIds={missed[0]}&streamIds={missed[1]}") == missed[1::-1]
        assert await ids("streamIds=nothing") == []


async def test_a_list_that_cannot_be_is_refused_by_the_field() -> None:
    async with web_world() as world:
        dealer = await (await house(world)).dealer("a")
        for query in (
            *("status=unknown", "skip=-1", "limit=-1", "limit=x", "skip=1.5", "from=yesterday"),
            *("to=99999-01-01", "sortBy=price", "sortOrder=2", "from=-5"),
            "streamIds=" + ",".join(["x"] * 101),
        ):
            reply = await dealer.get(f"/streams?{query}")
            assert (reply.status, reply.code) == (400, "ERROR_VALIDATION"), query
            assert reply.body["message"].startswith(query.partition("=")[0])
