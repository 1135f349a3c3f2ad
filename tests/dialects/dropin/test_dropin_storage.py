"""Uploads: announced, sent to a signed address as to S3, shown; and everything that is refused on the way."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
from bad_requests import NO_IDS, UNKNOWN_ID
from pictures import IMAGES, NO_IMAGES, PNG
from trio.testing import MockClock
from web_worlds import Party, Reply, WebWorld, web_world

from switchboard.engine.workflows import uploads as desk

BINARY = "binary/octet-stream"
KEYS = {
    *("id", "type", "gig", "location", "url", "status", "archive", "account"),
    *("createdAt", "updatedAt"),
}


def path_of(url: str) -> str:
    """What is asked for below the host."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def put(world: WebWorld, location: str, content: bytes, kind: str = BINARY) -> Reply:
    """Sends the bytes."""
    return await world.call("PUT", path_of(location), raw=content, kind=kind)


async def announced(who: Party, type: str = "profileImage", **more: Any) -> Any:
    """A file that may be sent."""
    reply = await who.post("/storage", {"type": type, **more})
    assert reply.status == 200, reply.body
    return reply.body


def xml(reply: Reply) -> tuple[int, str]:
    """Status and S3's code."""
    assert reply.headers["Content-Type"].startswith("application/xml")
    found = re.search(rb"<Error><Code>(\w+)</Code><Message>.+</Message></Error>", reply.body)
    assert found is not None, reply.body
    return reply.status, found[1].decode()


@pytest.mark.parametrize("content_type", IMAGES)
async def test_a_profile_image_is_sent_and_shows_in_the_account(content_type: str) -> None:
    image = IMAGES[content_type]
    async with web_world() as world:
        who = await world.customer()
        upload = await announced(who)
        assert set(upload) == KEYS
        assert (upload["type"], upload["gig"], upload["account"]["id"]) == (
            "profileImage",
            None,
            who.id,
        )
        assert (await who.get(f"/accounts/{who.id}")).body["profileImage"] is None
        assert xml(await world.get(path_of(upload["url"]))) == (404, "NoSuchKey")
        sent = await put(world, upload["location"], image)
        digest = hashlib.md5(image).hexdigest()
        assert (sent.status, sent.body, sent.headers["ETag"]) == (200, b"", f'"{digest}"')
        assert (await who.get(f"/accounts/{who.id}")).body["profileImage"] == upload["url"]
        shown = await world.get(path_of(upload["url"]))
        assert (shown.status, shown.body) == (200, image)
        assert shown.headers["Content-Type"] == content_type
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown.headers["Content-Security-Policy"]
        assert "Content-Disposition" not in shown.headers


@pytest.mark.parametrize("content", NO_IMAGES, ids=range(len(NO_IMAGES)))
async def test_what_is_no_image_is_refused_whatever_it_calls_itself(content: bytes) -> None:
    async with web_world() as world:
        who = await world.customer()
        upload = await announced(who)
        before = world.fingerprint()
        reply = await put(world, upload["location"], content, "image/png")
        assert xml(reply) == (400, "InvalidRequest")
        assert [path for path in world.folder.rglob("*") if path.is_file()] == []
        assert world.fingerprint()[:-1] == before[:-1]


async def test_anything_may_be_sent_to_a_chat_and_is_an_attachment() -> None:
    async with web_world() as world:
        who = await world.customer()
        upload = await announced(who, "chat", contentType="text/html")
        page = b"<script>alert(1)</script>"
        assert (await put(world, upload["location"], page, "text/html")).status == 200
        shown = await world.get(path_of(upload["url"]))
        assert (shown.body, shown.headers["Content-Type"]) == (page, "application/octet-stream")
        assert shown.headers["Content-Disposition"] == "attachment"


async def test_a_file_may_be_sent_again_within_its_time(mock_clock: MockClock) -> None:
    async with web_world() as world:
        who = await world.customer()
        upload = await announced(who, "chat")
        mock_clock.jump(desk.SEND_TIME / 1000 - 1)
        for content in (b"first", b"second"):
            assert (await put(world, upload["location"], content)).status == 200
        assert (await world.get(path_of(upload["url"]))).body == b"second"
        mock_clock.jump(2)
        assert xml(await put(world, upload["location"], b"late")) == (403, "AccessDenied")
        assert (await world.get(path_of(upload["url"]))).body == b"second"


async def test_an_address_is_good_for_its_own_file_alone() -> None:
    async with web_world() as world:
        who = await world.customer()
        first, second = await announced(who, "chat"), await announced(who, "chat")
        location = path_of(first["location"])
        wrong = (
            path_of(first["url"]),
            location.replace(first["id"], second["id"]),
            location.replace(first["id"], UNKNOWN_ID),
            re.sub(r"expires=\d+", "expires=99999999999", location),
            re.sub(r"signature=\w+", "signature=", location),
            re.sub(r"signature=\w", "signature=x", location),
            re.sub(r"signature=\w+", "signature=%C3%A9", location),
            *(location.replace(first["id"], id) for id in NO_IDS if "/" not in id),
        )
        for address in wrong:
            reply = await world.call("PUT", address, raw=b"x", kind=BINARY)
            assert reply.status in (403, 404), address
        assert xml(await world.get(path_of(first["url"]))) == (404, "NoSuchKey")
        assert [path for path in world.folder.rglob("*") if path.is_file()] == []


async def test_a_file_that_is_too_large_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "IMAGE_BYTES_MOST", 100)
    async with web_world() as world:
        who = await world.customer()
        upload = await announced(who)
        assert xml(await put(world, upload["location"], PNG + b"x" * 100)) == (
            413,
            "EntityTooLarge",
        )
        assert [path for path in world.folder.rglob("*") if path.is_file()] == []
        assert (await put(world, upload["location"], PNG)).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"type": "passport"}, 400), ({"type": "gig", "gig": UNKNOWN_ID}, 404)],
)
async def test_what_cannot_be_announced(body: Any, status: int) -> None:
    async with web_world() as world:
        who = await world.customer()
        before = world.fingerprint()
        assert (await who.post("/storage", body)).status == status
        assert world.fingerprint() == before


async def test_a_file_for_a_gig_is_its_participants() -> None:
    async with web_world() as world:
        await world.operator()
        customer, stranger = await world.customer(), await world.customer("Stranger")
        place = {"latitude": 10.787859, "longitude": 106.70653}
        gig = (await customer.post("/gigs", place)).body["gig"]["id"]
        upload = await announced(customer, "gig", gig=gig)
        assert upload["gig"] == gig
        assert (await stranger.post("/storage", {"type": "gig", "gig": gig})).status == 403


async def test_what_never_came_is_forgotten(autojump_clock: MockClock) -> None:

    async with web_world() as world:
        who = await world.customer()
        upload = await announced(who, "chat")
        assert upload["id"] in world.database.uploads._uploads
        await trio.sleep(2 * desk.SEND_TIME / 1000 + 2 * desk.SWEEP_SECONDS)
        assert world.database.uploads._uploads == {}
