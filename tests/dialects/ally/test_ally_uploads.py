"""Images for messages and avatars, as they come in a form."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from desks import Voice, desk
from pictures import IMAGES, NO_IMAGES, PNG, form
from web_worlds import Reply

from switchboard.engine.workflows import uploads


async def send(who: Voice, raw: bytes, kind: str, token: str | None = None) -> Reply:
    """POST /api/upload."""
    query = "" if token is None else f"?token={token}"
    return await who.world.post(f"/ally/api/upload{query}", raw=raw, kind=kind)


@pytest.mark.parametrize("content_type", IMAGES)
async def test_an_image_is_kept_and_shown(content_type: str) -> None:
    async with desk() as at:
        client = await at.client("one")
        reply = await send(client, *form("file", IMAGES[content_type]), client.token)
        assert (reply.status, set(reply.body)) == (200, {"file"})
        shown = await at.world.get(urlsplit(reply.body["file"]).path)
        assert (shown.status, shown.body) == (200, IMAGES[content_type])
        assert shown.headers["Content-Type"] == content_type


async def test_the_token_may_be_a_field_before_the_file() -> None:
    async with desk() as at:
        client = await at.client("one")
        assert (await send(client, *form("file", PNG, token=client.token))).status == 200
        reply = await send(client, *form("file", PNG, token="x.y.z"))
        assert (reply.status, reply.body["error"]["code"]) == (400, 1002)
        reply = await send(client, *form("file", PNG))
        assert (reply.status, reply.body["error"]["code"]) == (400, 1001)


async def test_what_cannot_be_kept_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk() as at:
        client = await at.client("one")
        body, kind = form("file", PNG)
        cases = [
            *((form("file", content), (400, 1100)) for content in NO_IMAGES),
            (form("other", PNG), (400, 1040)),
            ((body[:-30], kind), (400, 2400)),
            ((body, "multipart/form-data"), (415, 2415)),
            ((b"x", "image/png"), (415, 2415)),
            ((b"", kind), (400, 2400)),
        ]
        for (raw, content_type), expected in cases:
            reply = await send(client, raw, content_type, client.token)
            assert (reply.status, reply.body["error"]["code"]) == expected, raw[-60:]
        monkeypatch.setattr(uploads, "IMAGE_BYTES_MOST", 100)
        reply = await send(client, *form("file", PNG + b"x" * 100), client.token)
        assert (reply.status, reply.body["error"]["code"]) == (413, 2413)
        assert [path for path in at.world.folder.rglob("*") if path.is_file()] == []
