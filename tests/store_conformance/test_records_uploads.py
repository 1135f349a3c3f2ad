"""Uploads, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

from msgspec.structs import replace
from record_stores import Records

from switchboard.engine.records import Upload

NOW = 1_700_000_000_000


def an_upload(id: str, expires_at: int = NOW + 10) -> Upload:
    return Upload(
        id=id,
        realm="people",
        account="a",
        type="gig",
        gig="g",
        created_at=NOW,
        updated_at=NOW,
        expires_at=expires_at,
    )


async def test_an_upload_comes_back_as_it_was_stored_and_as_it_came(records: Records) -> None:
    await records.uploads.add(an_upload("one"))
    assert await records.uploads.get("one") == an_upload("one")
    assert await records.uploads.get("two") is None
    came = replace(
        an_upload("one"), size=2**40, content_type="image/png", etag="e", updated_at=NOW + 5
    )
    assert await records.uploads.came("one", 2**40, "image/png", "e", NOW + 5) == came
    assert await records.uploads.get("one") == came
    assert await records.uploads.came("two", 1, "image/png", "e", NOW) is None


async def test_what_never_came_is_forgotten_and_nothing_else(records: Records) -> None:
    for id, expires_at in (("late", NOW + 2), ("first", NOW + 1), ("fresh", NOW + 9)):
        await records.uploads.add(an_upload(id, expires_at))
    await records.uploads.add(an_upload("there", NOW))
    await records.uploads.came("there", 1, "image/png", "e", NOW)
    assert list(await records.uploads.over(NOW + 9, 10)) == ["first", "late"]
    assert list(await records.uploads.over(NOW + 9, 1)) == ["first"]
    await records.uploads.remove(["first", "late", "there", "nobody"])
    assert await records.uploads.get("first") is None
    assert await records.uploads.get("there") is not None
    assert await records.uploads.get("fresh") is not None
