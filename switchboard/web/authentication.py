"""From a token to the account behind it."""

from __future__ import annotations

from switchboard.engine.records import Account
from switchboard.web.failures import LoginRequired
from switchboard.web.security import Token, TokenExpired, TokenRefused
from switchboard.web.services import Services


async def authenticate(services: Services, text: str, audience: str) -> tuple[Token, Account]:
    """The token's content and its account, if both are good for that audience.

    Raises: LoginRequired, whatever is wrong; StoreDown.
    """
    try:
        token = services.tokens.check(text, audience)
    except TokenExpired as error:
        raise LoginRequired("expired") from error
    except TokenRefused as error:
        raise LoginRequired("invalid") from error
    account = await services.directory.get(token.account)
    if account is None or account.status != "active":
        raise LoginRequired("invalid")
    return token, account


def bearer(header: str | None) -> str | None:
    """The token of an ``Authorization`` header; ``JWT``, ``Bearer`` and ``JWT JWT`` (pasted twice) are the same."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() not in ("jwt", "bearer"):
        # A scheme of another kind is a credential too, one that opens nothing here.
        return header
    token = token.strip()
    again, _, inner = token.partition(" ")
    return inner.strip() if again.lower() in ("jwt", "bearer") else token
