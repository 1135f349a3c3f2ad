"""From a token to the account behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard.engine.records import Account
from switchboard.web.failures import LoginRequired
from switchboard.web.security import Token, TokenExpired, TokenRefused
from switchboard.web.services import Services

if TYPE_CHECKING:
    from switchboard.web.call import Call


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


async def take_room_key(call: Call, text: str) -> bool:
    """Makes the call that of whoever holds this key to a video room, which opens the room's channel and nothing else
    (contracts/realtime.md); False if it is none. It goes with the account's tokens when all of them are revoked.

    Raises: StoreDown.
    """
    services = call.services
    engine = services.engine
    key = engine.video.read_key(text, engine.clock.now())
    if key is None:
        return False
    token = Token(key.account, key.id, call.dialect, key.issued_at, key.expires_at)
    account = await services.directory.get(key.account)
    if account is None or account.status != "active" or services.tokens.is_void(token):
        return False
    call.token, call.account, call.room = token, account, key.room
    return True


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
