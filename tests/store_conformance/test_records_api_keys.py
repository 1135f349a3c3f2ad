"""Keys of organizations' servers, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

from record_stores import Records

from switchboard.engine.records import ApiKey
from switchboard.engine.records.accounts import Realm
from switchboard.engine.records.api_keys import digest_of

NOW = 1_700_000_000_000


def a_key(number: int, realm: Realm = "dowell") -> ApiKey:
    return ApiKey(
        id=f"key{number}",
        realm=realm,
        owner="DOWELL 12345 Ü",
        name="the web shop",
        digest=digest_of(f"secret {number}"),
        created_at=NOW - number,
    )


async def test_a_key_is_found_by_the_digest_of_its_secret_within_its_realm(
    records: Records,
) -> None:
    await records.api_keys.add(a_key(1))
    assert await records.api_keys.find("dowell", digest_of("secret 1")) == a_key(1)
    assert await records.api_keys.find("dowell", digest_of("secret 2")) is None
    assert await records.api_keys.find("ally", digest_of("secret 1")) is None


async def test_keys_are_listed_by_realm_in_the_order_of_giving_out(records: Records) -> None:
    for key in (a_key(1), a_key(2), a_key(3, "ally")):
        await records.api_keys.add(key)
    assert list(await records.api_keys.all("dowell")) == [a_key(2), a_key(1)]


async def test_a_key_that_was_removed_opens_nothing(records: Records) -> None:
    await records.api_keys.add(a_key(1))
    assert await records.api_keys.remove("key1")
    assert not await records.api_keys.remove("key1")
    assert await records.api_keys.find("dowell", digest_of("secret 1")) is None
    assert list(await records.api_keys.all("dowell")) == []
