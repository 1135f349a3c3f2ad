"""dropin's chat of a gig: who may write and read, and what comes back."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from bad_requests import NO_IDS, UNKNOWN_ID
from gig_parties import TIME, parties
from web_worlds import web_world

from switchboard.web.reading import PAGE_MOST

FORM = "application/x-www-form-urlencoded"


async def test_both_parties_write_and_read_in_one_order() -> None:
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")
        for party, text in ((gigs.customer, "hello"), (gigs.operator, "on my way")):
            body = {"gig": gigs.id, "from": party.id, "message": text}
            saved = await party.post("/chat/save", body)
            assert saved.status == 200
            assert set(saved.body) == {"gig", "account", "message", "createdAt", "updatedAt", "id"}
            assert (saved.body["gig"], saved.body["account"]) == (gigs.id, party.id)
            assert TIME.fullmatch(saved.body["createdAt"])
        for party in (gigs.customer, gigs.operator):
            found = await party.get(f"/chat/{gigs.id}")
            assert [one["message"] for one in found.body] == ["hello", "on my way"]
            assert found.body[1] == saved.body


async def test_a_chat_that_nobody_has_written_to_is_empty() -> None:
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.request()
        assert (await gigs.customer.get(f"/chat/{gigs.id}")).body == []


async def test_nobody_else_reads_or_writes() -> None:
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")
        stranger = await world.customer("Stranger")
        body = {"gig": gigs.id, "from": gigs.customer.id, "message": "hello"}
        for reply in (
            await stranger.get(f"/chat/{gigs.id}"),
            await stranger.post("/chat/save", body),
        ):
            assert (reply.status, reply.code) == (403, "E_FORBIDDEN")
        for path in (f"/dropin/chat/{gigs.id}", "/dropin/chat/save"):
            reply = await world.call("POST" if path.endswith("save") else "GET", path, body)
            assert (reply.status, reply.code) == (401, "E_LOGIN_REQUIRED")
        assert (await gigs.customer.get(f"/chat/{gigs.id}")).body == []


async def test_what_the_other_side_saves_too_is_one_message_and_what_it_saves_alone_is_kept() -> (
    None
):
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")

        def said(text: str) -> dict[str, str]:
            return {"gig": gigs.id, "from": gigs.operator.id, "message": text}

        own = await gigs.operator.post("/chat/save", said("here"))
        echo = await gigs.customer.post("/chat/save", said("here"))
        assert echo.body == own.body
        alone = await gigs.customer.post("/chat/save", said("there"))
        assert alone.body["account"] == gigs.operator.id
        found = await gigs.customer.get(f"/chat/{gigs.id}")
        assert [one["message"] for one in found.body] == ["here", "there"]


async def test_a_message_of_a_stranger_or_of_nothing_is_refused_and_names_its_fields() -> None:
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")
        for body, field in (
            ({"gig": gigs.id, "from": UNKNOWN_ID, "message": "x"}, "from"),
            ({"gig": gigs.id, "from": gigs.customer.id}, "message"),
            ({"gig": gigs.id, "message": ""}, "message"),
            ({"gig": gigs.id, "message": {"a": 1}}, "message"),
            ({"gig": gigs.id, "message": "x" * 10_001}, "message"),
            ({"gig": gigs.id, "message": "a\0b"}, "message"),
            ({"message": "x"}, "gig"),
        ):
            reply = await gigs.customer.post("/chat/save", body)
            assert (reply.status, reply.code) == (400, "E_VALIDATION"), body
            assert field in reply.data
        for query in ("skip=-1", "limit=x", "limit=-1", "skip=1.5"):
            reply = await gigs.customer.get(f"/chat/{gigs.id}?{query}")
            assert (reply.status, reply.code) == (400, "E_VALIDATION"), query


@pytest.mark.parametrize("id", [*NO_IDS[:5], UNKNOWN_ID])
async def test_a_gig_that_is_not_there_has_no_chat(id: str) -> None:
    async with web_world() as world:
        customer = await world.customer()
        for reply in (
            await customer.get(f"/chat/{id}"),
            await customer.post("/chat/save", {"gig": id, "message": "x"}),
        ):
            assert (reply.status, reply.code) == (404, "E_NOT_FOUND")


async def test_a_form_and_a_trailing_slash_do_as_well() -> None:
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")
        raw = urlencode({"gig": gigs.id, "from": gigs.customer.id, "message": "привет"}).encode()
        saved = await gigs.customer.post("/chat/save/", raw=raw, kind=FORM)
        assert saved.body["message"] == "привет"


async def test_a_repeat_with_its_key_is_the_same_message() -> None:
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")
        body = {"gig": gigs.id, "from": gigs.customer.id, "message": "once"}
        headers = {"Idempotency-Key": "k1"}
        first = await gigs.customer.post("/chat/save", body, headers=headers)
        assert (await gigs.customer.post("/chat/save", body, headers=headers)).body == first.body
        reply = await gigs.customer.post("/chat/save", body | {"message": "x"}, headers=headers)
        assert (reply.status, reply.code) == (400, "E_BAD_REQUEST")
        assert len((await gigs.customer.get(f"/chat/{gigs.id}")).body) == 1


async def test_pages_count_from_the_oldest_and_the_newest_come_without_one() -> None:
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")
        for number in range(PAGE_MOST + 5):
            body = {"gig": gigs.id, "from": gigs.customer.id, "message": f"text {number}"}
            await gigs.customer.post("/chat/save", body)

        async def page(query: str) -> list[str]:
            found = await gigs.customer.get(f"/chat/{gigs.id}{query}")
            return [one["message"] for one in found.body]

        newest = await page("")
        assert (newest[0], newest[-1], len(newest)) == ("text 5", "text 104", PAGE_MOST)
        assert await page("?limit=2") == ["text 103", "text 104"]
        assert await page("?skip=0&limit=2") == ["text 0", "text 1"]
        assert await page("?skip=104") == ["text 104"]
        assert await page("?skip=999") == await page("?limit=0") == []
        assert len(await page("?skip=0&limit=100000")) == PAGE_MOST
