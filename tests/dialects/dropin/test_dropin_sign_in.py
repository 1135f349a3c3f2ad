"""dropin's login by code, its tokens, its logout."""

from __future__ import annotations

import pytest
import trio
from seed_people import SEED, code_of, signed_in
from web_worlds import web_world

from switchboard.engine.workflows.accounts import Registration
from switchboard.engine.workflows.quotas import Quota, Quotas


async def test_a_login_tells_nobody_whether_there_is_an_account() -> None:
    """Same shape, same limits, same wrong code; nothing is sent to nobody."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        await trio.testing.wait_all_tasks_blocked()
        world.outbox.codes.clear()
        known = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        unknown = await world.post("/dropin/login", {"email": "nobody@example.test"})
        for reply in (known, unknown):
            assert reply.status == 200
            assert set(reply.body) == {"id", "account", "attempts", "status", "expiresOn"}
            assert (reply.body["account"], reply.body["status"]) == (None, "pending")
        await trio.testing.wait_all_tasks_blocked()
        assert [value for _, value, _ in world.outbox.codes] == ["codehubio+29@gmail.com"]
        right = world.outbox.codes[0][2]
        wrong = "0000" if right != "0000" else "0001"
        answers = [
            await world.post("/dropin/login/verify", {"tokenId": ticket.body["id"], "code": wrong})
            for ticket in (known, unknown)
        ]
        assert answers[0].body == answers[1].body
        assert (answers[0].status, answers[0].code) == (400, "E_BAD_REQUEST")


async def test_a_phone_signs_in_as_it_is_written() -> None:
    """With or without its plus."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        for phone in ("841662203830", "+84 166 220 3830", 841662203830):
            ticket = await world.post("/dropin/login", {"phone": phone})
            answer = {"tokenId": ticket.body["id"], "code": await code_of(world)}
            assert (await world.post("/dropin/login/verify", answer)).status == 200


async def test_a_code_is_good_once() -> None:
    """And only with its own ticket."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        answer = {"tokenId": ticket.body["id"], "code": await code_of(world)}
        assert (await world.post("/dropin/login/verify", answer)).status == 200
        assert (await world.post("/dropin/login/verify", answer)).code == "E_BAD_REQUEST"


async def test_a_code_can_be_tried_five_times() -> None:
    """The right one comes too late then."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        right = await code_of(world)
        wrong = "0000" if right != "0000" else "0001"
        for code in (*[wrong] * 5, right):
            answer = {"tokenId": ticket.body["id"], "code": code}
            reply = await world.post("/dropin/login/verify", answer)
            assert (reply.status, reply.code) == (400, "E_BAD_REQUEST")


async def test_a_code_lives_half_an_hour(mock_clock: trio.testing.MockClock) -> None:
    """By the engine's clock."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        answer = {"tokenId": ticket.body["id"], "code": await code_of(world)}
        mock_clock.jump(30 * 60 + 1)
        assert (await world.post("/dropin/login/verify", answer)).code == "E_BAD_REQUEST"


@pytest.mark.parametrize("email", ["codehubio+29@gmail.com", "nobody@example.test"])
async def test_an_identity_gets_five_codes_in_half_an_hour(
    mock_clock: trio.testing.MockClock, email: str
) -> None:
    """Known or not; then it is told when to come back."""
    async with web_world(quotas=Quotas()) as world:
        await world.post("/dropin/accounts", SEED)
        for _ in range(5):
            assert (await world.post("/dropin/login", {"email": email})).status == 200
        reply = await world.post("/dropin/login", {"email": email.upper()})
        assert (reply.status, reply.code) == (429, "E_TOO_MANY")
        mock_clock.jump(int(reply.headers["Retry-After"]))
        assert (await world.post("/dropin/login", {"email": email})).status == 200


async def test_an_identity_has_five_tries_in_half_an_hour_over_all_its_codes() -> None:
    """A fresh code gives no fresh tries."""
    async with web_world(quotas=Quotas()) as world:
        await world.post("/dropin/accounts", SEED)
        statuses = []
        for _ in range(3):
            ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
            right = await code_of(world)
            wrong = "0000" if right != "0000" else "0001"
            for _ in range(2):
                answer = {"tokenId": ticket.body["id"], "code": wrong}
                statuses.append((await world.post("/dropin/login/verify", answer)).status)
        assert statuses == [400] * 5 + [429]


async def test_an_address_has_its_own_limits() -> None:
    """However many identities it asks for."""
    quotas = Quotas(sends_per_address=Quota(3), registrations_per_address=Quota(1))
    async with web_world(quotas=quotas) as world:
        statuses = [
            (await world.post("/dropin/login", {"email": f"a{number}@b.test"})).status
            for number in range(4)
        ]
        assert statuses == [200, 200, 200, 429]
        assert (await world.post("/dropin/accounts", SEED)).status == 200
        assert (await world.post("/dropin/accounts", SEED)).status == 429


async def test_limits_and_accounts_outlive_a_restart() -> None:
    """The counts are stored."""
    async with web_world(quotas=Quotas()) as world:
        database = world.database
        for _ in range(5):
            await world.post("/dropin/login", {"email": "a@b.test"})
    async with web_world(quotas=Quotas(), database=database) as world:
        assert (await world.post("/dropin/login", {"email": "a@b.test"})).status == 429


async def test_the_first_proof_of_an_identity_voids_what_a_stranger_had_set() -> None:
    """Somebody registered with another's address: their token and password are void, later ones are not."""
    async with web_world() as world:
        stranger = await world.services.desk.create(
            Registration(identities=(("email", "owner@example.test"),), password="stranger's")
        )
        stolen = world.token(stranger)
        assert (await world.get(f"/dropin/accounts/{stranger.id}", token=stolen)).status == 200
        token = await signed_in(world, "owner@example.test")
        assert (await world.get(f"/dropin/accounts/{stranger.id}", token=stolen)).status == 401
        login = {"email": "owner@example.test", "password": "stranger's"}
        assert (await world.post("/auto/auth", login)).code == "ERROR_INVALID_CREDENTIALS"
        again = await signed_in(world, "owner@example.test")
        for good in (token, again):
            assert (await world.get(f"/dropin/accounts/{stranger.id}", token=good)).status == 200


async def test_a_token_is_taken_from_every_place_where_clients_put_it() -> None:
    """Header in two spellings, query, body."""
    async with web_world() as world:
        one = await world.operator()
        path = f"/dropin/accounts/{one.id}"
        for headers in (
            {"Authorization": f"JWT {one.token}"},
            {"Authorization": f"bearer {one.token}"},
        ):
            assert (await world.get(path, headers=headers)).status == 200
        assert (await world.get(f"{path}?auth_token={one.token}")).status == 200
        body = {"auth_token": one.token}
        assert (await world.post("/dropin/accounts/status/online", body)).status == 200
        assert (await world.post("/dropin/accounts/status/online")).code == "E_LOGIN_REQUIRED"


async def test_a_logout_voids_its_token_alone() -> None:
    """Also after a restart."""
    async with web_world() as world:
        database, one = world.database, await world.customer()
        other = world.token(one.account)
        assert (await one.post("/logout", {"deviceAddress": "x"})).body == {"message": "ok"}
        for token, status in ((one.token, 401), (other, 200)):
            assert (await world.get(f"/dropin/accounts/{one.id}", token=token)).status == status
    async with web_world(database=database) as world:
        for token, status in ((one.token, 401), (other, 200)):
            assert (await world.get(f"/dropin/accounts/{one.id}", token=token)).status == status


async def test_an_archived_account_is_signed_in_nowhere() -> None:
    """Its token and its codes are void."""
    async with web_world() as world:
        one = await world.customer()
        email = one.account.identities[0].value
        await world.services.desk.archive(one.id)
        assert (await one.get(f"/accounts/{one.id}")).code == "E_LOGIN_REQUIRED"
        ticket = await world.post("/dropin/login", {"email": email})
        assert ticket.status == 200
        await trio.testing.wait_all_tasks_blocked()
        assert world.outbox.codes == []
