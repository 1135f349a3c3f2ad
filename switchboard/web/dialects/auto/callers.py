"""Who calls, where the contract asks for no token: an account, a visitor who proves it, or anybody."""

from __future__ import annotations

from typing import NamedTuple

from switchboard.engine.errors import NotAllowed
from switchboard.engine.records import Account
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.stream import Party, Stream
from switchboard.engine.workflows.dealers import membership
from switchboard.web.authentication import authenticate, bearer
from switchboard.web.call import Call
from switchboard.web.failures import LoginRequired
from switchboard.web.security import TokenRefused

AUDIENCE = "auto"

VIEWER_AUDIENCE = "auto-viewer"
"""Of viewer tokens, whose subject is a stream: no account's token is one, and none is an account's."""

REALM = "people"


class Caller(NamedTuple):
    """What was proven, of a call about a stream."""

    account: Account | None
    views: str | None
    """The stream whose visitor the caller is."""

    def party(self, stream: Stream) -> Party | None:
        """Which of the stream's two people it is."""
        if self.views == stream.id:
            return "viewer"
        if self.account is not None and self.account.id == stream.dealer:
            return "dealer"
        return None

    def of_organization(self, stream: Stream) -> bool:
        """Whether it may see what is its organization's alone."""
        return self.account is not None and membership(self.account) == stream.organization


NOBODY = Caller(None, None)


async def caller_of(call: Call) -> Caller:
    """What the call's credentials prove; one that opens nothing proves nothing. Raises: StoreDown."""
    return Caller(await _account(call), _viewed(call))


async def _account(call: Call) -> Account | None:
    credential = bearer(call.headers.get("Authorization"))
    if not credential:
        return None
    try:
        call.token, call.account = await authenticate(call.services, credential, AUDIENCE)
    except LoginRequired:
        return None
    return call.account


def _viewed(call: Call) -> str | None:
    given = call.headers.get("X-Viewer-Token") or call.body.get("viewerToken")
    given = given or call.query.get("viewerToken")
    if not isinstance(given, str) or not given:
        return None
    try:
        return call.services.tokens.check(given, VIEWER_AUDIENCE).account
    except TokenRefused:
        return None


def viewer_token(call: Call, stream: str) -> str:
    """Proves to be the visitor who asked for that stream."""
    return call.services.tokens.issue(stream, VIEWER_AUDIENCE)


def key_of(call: Call, operation: str, caller: Caller) -> Key | None:
    """The call's ``Idempotency-Key``, of an account, a visitor or an address. Raises: Invalid."""
    who = f"address/{call.address}"
    if caller.account is not None:
        who = caller.account.id
    elif caller.views is not None:
        who = f"viewer/{caller.views}"
    return call.key(REALM, f"auto-{operation}", who)


def only_dealer(account: Account) -> str:
    """The account's id, if it is an approved dealer. Raises: NotAllowed."""
    if account.dealer != "approved":
        raise NotAllowed
    return account.id
