"""ally's calls for tokens: the desk by password, clients by alias, and another one for a good one."""

from __future__ import annotations

from typing import NamedTuple

from switchboard.engine.errors import NotFound, WrongCredentials
from switchboard.engine.records import Account, SupportApp
from switchboard.engine.workflows.support_people import CLIENT, REALM, is_staff
from switchboard.web.call import Call
from switchboard.web.dialects.ally.callers import AUDIENCE
from switchboard.web.dialects.ally.errors import (
    InvalidAuthToken,
    MissingAlias,
    MissingAuthToken,
    UnknownApp,
    WrongAlias,
)
from switchboard.web.dialects.ally.shapes import PASSWORD_LENGTH_MOST, WORD_LENGTH_MOST
from switchboard.web.failures import LoginRequired
from switchboard.web.reading import Reader
from switchboard.web.security.client_proofs import TOKEN_LENGTH_MOST, proves


class Claim(NamedTuple):
    """The fields of POST /api/token."""

    alias: str | None
    app: str | None
    auth_token: str | None


def _login(reader: Reader) -> tuple[str, str]:
    return (
        reader.required_text("login", most=WORD_LENGTH_MOST),
        reader.required_text("password", most=PASSWORD_LENGTH_MOST),
    )


def claim(reader: Reader) -> Claim:
    """Who somebody claims to be."""
    return Claim(
        alias=reader.text("alias", most=WORD_LENGTH_MOST) or None,
        app=reader.text("app_id", "App_id", most=WORD_LENGTH_MOST) or None,
        auth_token=reader.text("auth_token", most=TOKEN_LENGTH_MOST) or None,
    )


async def app_named(call: Call, code: str | None) -> SupportApp:
    """The app with that code; without one the only app there is. Raises: UnknownApp."""
    try:
        return await call.services.support.apps.find(code)
    except NotFound:
        raise UnknownApp from None


def issued(call: Call, account: Account) -> dict[str, str]:
    """A token for the account."""
    return {"token": call.services.tokens.issue(account.id, AUDIENCE)}


async def by_password(call: Call) -> dict[str, str]:
    """POST /api/auth: operators and administrators."""
    login, password = call.parse(_login)
    account = await call.services.sign_in.by_password(
        REALM, "username", login, password, address=call.address
    )
    if not is_staff(account):
        raise WrongCredentials
    return issued(call, account)


async def by_alias(call: Call) -> dict[str, str]:
    """POST /api/token: clients, if the app wants it with its own word for who they are."""
    services, given = call.services, call.parse(claim)
    await services.counter.count(
        "client-token/address", call.address, services.quotas.client_tokens_per_address
    )
    if given.alias is None:
        raise MissingAlias
    app = await app_named(call, given.app)
    if app.needs_auth_token:
        if given.auth_token is None:
            raise MissingAuthToken
        if not proves(given.auth_token, given.alias, app.secret):
            raise InvalidAuthToken
    account = await services.support.people.by_alias(app.id, given.alias)
    if account is None or account.type != CLIENT or account.status != "active":
        raise WrongAlias
    return issued(call, account)


async def renewed(call: Call) -> dict[str, str]:
    """POST /api/token/update: what the old one opened stays open."""
    if call.token is None:
        raise LoginRequired
    return {"token": call.services.tokens.renew(call.token)}
