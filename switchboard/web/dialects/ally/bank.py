"""The bank's calls: a customer by phone or alias, asked for with HTTP Basic by an account of the bank role."""

from __future__ import annotations

import base64
import binascii

from switchboard.engine.errors import WrongCredentials
from switchboard.engine.records import Account
from switchboard.engine.workflows.support_people import BANK, REALM, app_of
from switchboard.web.call import Call
from switchboard.web.dialects.ally.errors import BankLoginRequired
from switchboard.web.dialects.ally.shapes import Json


async def _bank(call: Call) -> Account:
    """The bank's account that calls. Raises: BankLoginRequired, LimitExceeded."""
    scheme, _, encoded = (call.headers.get("Authorization") or "").strip().partition(" ")
    try:
        if scheme.lower() != "basic":
            raise BankLoginRequired
        login, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        if not colon:
            raise BankLoginRequired
        account = await call.services.support.passwords.account(
            REALM, login, password, address=call.address
        )
    except (binascii.Error, UnicodeDecodeError, WrongCredentials) as error:
        raise BankLoginRequired from error
    if account.type != BANK:
        raise BankLoginRequired
    return account


async def alias(call: Call) -> Json:
    """GET /AlfaSense/support/phone/:phone/alias."""
    bank = await _bank(call)
    apps = call.services.support.apps
    found = await apps.customer_by_phone(app_of(bank), call.arguments["phone"])
    return {"alias": found.alias}


async def customer(call: Call) -> Json:
    """GET /AlfaSense/support/alias/:alias/customer."""
    bank = await _bank(call)
    apps = call.services.support.apps
    found = await apps.customer_by_alias(app_of(bank), call.arguments["alias"])
    return {"phone": found.phone, "fio": found.fio}
