"""auto's calls about people: registration, login by password, its change, logout.

Source: contracts/auto.md, 'Endpoints'. The accounts are dropin's too.
"""

from __future__ import annotations

from typing import Any

from switchboard.engine.records import Account
from switchboard.engine.workflows.accounts import Registration
from switchboard.engine.workflows.identities import IdentityType
from switchboard.web.call import Call
from switchboard.web.dialects.auto.callers import AUDIENCE
from switchboard.web.dialects.auto.errors import (
    InvalidPlatform,
    PasswordTooShort,
    UnknownOrganization,
)
from switchboard.web.dialects.auto.shapes import Answer, account_shape
from switchboard.web.reading import Reader

PASSWORD_LENGTH_LEAST = 6
"""contracts/auto.md."""

PASSWORD_LENGTH_MOST = 1000
"""Nobody's is longer, and Argon2 would hash megabytes."""

NAME_LENGTH_MOST = 200
"""Longer than any name."""

PLATFORMS = frozenset({"ios", "android"})


async def shown(call: Call, account: Account) -> dict[str, Any]:
    """The account with its presence."""
    return account_shape(account, await call.services.showroom.presence(account.id))


def _registration(reader: Reader) -> Registration:
    email, username = reader.required_text("email"), reader.required_text("username")
    return Registration(
        first_name=reader.text("firstName", most=NAME_LENGTH_MOST) or "",
        last_name=reader.text("lastName", most=NAME_LENGTH_MOST) or "",
        identities=(("email", email), ("username", username)),
        password=reader.required_text("password", most=PASSWORD_LENGTH_MOST),
        wants="dealer",
        organization=reader.text("organizationCode", most=NAME_LENGTH_MOST) or None,
    )


def _check_length(password: str) -> None:
    if len(password) < PASSWORD_LENGTH_LEAST:
        raise PasswordTooShort


async def register(call: Call) -> Any:
    """POST /auth/register: a dealer that waits for approval."""
    registration = call.parse(_registration)
    _check_length(registration.password or "")
    code = registration.organization
    if code is None:
        code = call.services.settings.default_organization
    organization = None
    if code is not None:
        organization = await call.services.engine.store.organizations.find(code)
        if organization is None:
            raise UnknownOrganization
    account = await call.services.desk.register(
        Registration(
            first_name=registration.first_name,
            last_name=registration.last_name,
            identities=registration.identities,
            password=registration.password,
            wants="dealer",
            organization=None if organization is None else organization.id,
        ),
        address=call.address,
    )
    return await shown(call, account)


def _credentials(reader: Reader) -> tuple[IdentityType, str, str]:
    username, email = reader.text("username"), reader.text("email")
    name = username or email
    if not name:
        reader.complain("username", "or email is required")
    password = reader.required_text("password", most=PASSWORD_LENGTH_MOST)
    # People type their e-mail address where a username is asked for; no username has an @.
    type: IdentityType = "email" if not username or "@" in username else "username"
    return type, name or "", password


async def login(call: Call) -> Answer:
    """POST /auth."""
    platform = call.headers.get("Platform") or call.headers.get("Plaform")
    if platform and platform.strip().lower() not in PLATFORMS:
        raise InvalidPlatform
    type, name, password = call.parse(_credentials)
    account = await call.services.sign_in.by_password(
        "people", type, name, password, address=call.address
    )
    token = call.services.tokens.issue(account.id, AUDIENCE)
    return Answer(await shown(call, account), {"token": f"JWT {token}"})


async def change_password(call: Call) -> Any:
    """POST /auth/changepassword: proven by the old one; every token of the account is void."""
    type, name, password = call.parse(_credentials)
    fresh = call.parse(
        lambda reader: reader.required_text("newpassword", most=PASSWORD_LENGTH_MOST)
    )
    _check_length(fresh)
    sign_in = call.services.sign_in
    account = await sign_in.by_password("people", type, name, password, address=call.address)
    await sign_in.change_password(account, fresh)
    return {}


async def logout(call: Call) -> Any:
    """POST /auth/logout: the dealer's live stream is stopped, it is offline, and this token is void.

    The token goes last: if anything before it fails, the same call can be repeated.
    """
    address = call.parse(lambda reader: reader.text("deviceAddress"))
    assert call.token is not None
    account = call.caller
    if account.dealer != "none":
        await call.services.showroom.logout(account.id, caused_by=call.id)
    if address:
        await call.services.pushes.forget(account.id, address)
    await call.services.tokens.revoke(call.token)
    return {}
