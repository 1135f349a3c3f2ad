"""Images of colleagues."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from colleagues import colleagues
from pictures import NO_IMAGES, PNG, form


@pytest.mark.parametrize(
    ("sent", "kept"), [("me.png", "me.png"), ("/home/a/me.png", "me.png"), ("../../x", "x")]
)
async def test_an_image_is_kept_and_shown(sent: str, kept: str) -> None:
    async with colleagues("John") as (world, (john,)):
        raw, kind = form("image", PNG, sent)
        reply = await john.post("/users/upload", raw=raw, kind=kind)
        assert reply.status == 200
        assert set(reply.body["image"]) == {"file_name", "url"}
        assert reply.body["image"]["file_name"] == kept
        shown = await world.get(urlsplit(reply.body["image"]["url"]).path)
        assert (shown.status, shown.body) == (200, PNG)


@pytest.mark.parametrize("content", NO_IMAGES, ids=range(len(NO_IMAGES)))
async def test_what_is_no_image_is_refused(content: bytes) -> None:
    async with colleagues("John") as (world, (john,)):
        raw, kind = form("image", content)
        reply = await john.post("/users/upload", raw=raw, kind=kind)
        assert (reply.status, reply.body) == (422, {"errors": {"image": ["is invalid"]}})
        raw, kind = form("other", PNG)
        reply = await john.post("/users/upload", raw=raw, kind=kind)
        assert (reply.status, reply.body) == (422, {"errors": {"image": ["can't be blank"]}})
        assert (await world.post("/company/api/users/upload", raw=raw, kind=kind)).status == 401
        assert [path for path in world.folder.rglob("*") if path.is_file()] == []
