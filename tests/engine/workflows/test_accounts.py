"""Accounts: made by their owners or by administrators, changed by several at once, closed for good."""

from __future__ import annotations

import pytest
import trio
from web_worlds import web_world

from switchboard.engine.errors import Conflict, IdentityTaken, Invalid, NotFound
from switchboard.engine.workflows.accounts import Registration, referral_code

ROOT = Registration(first_name="Root", identities=(("username", "Root"),), password="correct horse")


async def test_an_administrator_makes_accounts_with_their_roles() -> None:
    """Approved at once, in an organization, with a password."""
    async with web_world() as world:
        desk = world.services.desk
        organization = await desk.create_organization("demo", "Demo")
        made = await desk.create(
            Registration(
                identities=(("email", "A@b.test"), ("username", "Dealer")),
                password="correct horse",
                organization="DEMO",
            ),
            dealer="approved",
            operator="approved",
        )
        assert (made.dealer, made.operator, made.admin) == ("approved", "approved", False)
        assert made.organization == organization.id
        assert [(one.value, one.shown) for one in made.identities] == [
            ("a@b.test", "A@b.test"),
            ("dealer", "Dealer"),
        ]
        root = await desk.create(ROOT, admin=True)
        assert root.admin
        login = {"username": "root", "password": "correct horse"}
        assert (await world.post("/auto/auth", login)).status == 200


async def test_an_identity_is_taken_once() -> None:
    """Of two at the same time one is refused, and nothing of it is stored."""
    async with web_world() as world:
        outcomes: list[str] = []

        async def make() -> None:
            try:
                await world.services.desk.create(ROOT)
            except IdentityTaken as taken:
                outcomes.append(taken.field)
            else:
                outcomes.append("made")

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(make)
        assert sorted(outcomes) == ["made"] + ["username"] * 4
        assert len(await world.services.directory.page("people", None, 10)) == 1


async def test_an_organizations_code_is_taken_once() -> None:
    """In whichever case; a code has no blanks."""
    async with web_world() as world:
        desk = world.services.desk
        await desk.create_organization("demo", "Demo")
        with pytest.raises(Conflict):
            await desk.create_organization("DEMO", "Again")
        for code in ("", " ", "a b"):
            with pytest.raises(Invalid):
                await desk.create_organization(code, "Blank")


async def test_changes_at_once_are_all_made() -> None:
    """Each starts from what the other left."""
    async with web_world() as world:
        account = await world.person(operator="pending", dealer="pending")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.services.desk.approve, account.id, "operator")
            nursery.start_soon(world.services.desk.approve, account.id, "dealer")
        changed = await world.services.directory.get(account.id)
        assert changed is not None
        assert (changed.operator, changed.dealer) == ("approved", "approved")


async def test_a_role_that_is_taken_away_takes_its_tokens_along() -> None:
    """At once."""
    async with web_world() as world:
        operator = await world.operator()
        await world.services.desk.dismiss(operator.id, "operator")
        assert (await operator.get(f"/accounts/{operator.id}")).status == 401
        fresh = world.token(operator.account)
        reply = await world.post("/dropin/map", {"lat": 1, "lng": 1}, token=fresh)
        assert reply.status == 403


async def test_nobody_cannot_be_changed() -> None:
    """Unknown or malformed ids."""
    async with web_world() as world:
        for id in ("f" * 24, "nobody"):
            with pytest.raises(NotFound):
                await world.services.desk.archive(id)


def test_a_referral_code_has_seven_clear_characters() -> None:
    """The same for the same account."""
    codes = {referral_code(f"{number:024x}") for number in range(1000)}
    assert len(codes) == 1000
    assert {len(code) for code in codes} == {7}
