"""Who may call what: every operation of dropin, for everybody there is, against one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from pictures import PNG
from web_push import SUBSCRIPTION
from web_worlds import HERE, Party, WebWorld, web_world

from switchboard.web.dialects.dropin import DROPIN

WHO = ("none", "other", "own", "operator", "dealer", "admin")
"""Nobody; another customer; the customer whose gig it is; its operator; a dealer; an administrator."""

OPERATIONS = [(route.method, route.path) for route in DROPIN.routes]

ANYBODY = (200,) * 6
SIGNED_IN = (401, *(200,) * 5)
OPERATORS = (401, 403, 403, 200, 403, 403)
CUSTOMER = (401, 403, 200, 403, 403, 403)
PARTIES = (401, 403, 200, 200, 403, 403)
TOO_EARLY = (401, 403, 409, 409, 403, 403)
OWN = (401, 403, 200, 403, 403, 200)

TABLE: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("POST", "/accounts"): ANYBODY,
    ("GET", "/accounts/<account>"): SIGNED_IN,
    ("POST", "/accounts/status/online"): OPERATORS,
    ("POST", "/accounts/status/offline"): OPERATORS,
    ("POST", "/login"): ANYBODY,
    # There is no such ticket, whoever asks.
    ("POST", "/login/verify"): (404,) * 6,
    ("POST", "/logout"): SIGNED_IN,
    ("POST", "/map"): OPERATORS,
    ("GET", "/map/<lat>/<long>"): SIGNED_IN,
    # Nobody is near that place; two of them have a live gig.
    ("POST", "/gigs"): (401, 404, 409, 409, 404, 404),
    ("POST", "/gigs/claim/<gig>"): OPERATORS,
    ("POST", "/gigs/confirm/<gig>"): CUSTOMER,
    ("POST", "/gigs/reject/<gig>"): CUSTOMER,
    # After its customer has cancelled it.
    ("POST", "/gigs/cancel/<gig>"): (401, 403, 200, 409, 403, 403),
    ("POST", "/gigs/handshake/<gig>"): TOO_EARLY,
    ("POST", "/gigs/start/<gig>"): TOO_EARLY,
    ("POST", "/gigs/stop/<gig>"): TOO_EARLY,
    ("POST", "/gigs/rate/<gig>"): TOO_EARLY,
    ("POST", "/gigs/advance/<gig>"): (401, 403, 403, 403, 403, 409),
    ("GET", "/gigs/<account>/getall"): OWN,
    ("GET", "/gigs/<account>/<gig>"): OWN,
    ("GET", "/chat/<gig>"): PARTIES,
    ("POST", "/chat/save"): PARTIES,
    ("POST", "/devices"): SIGNED_IN,
    ("POST", "/storage"): PARTIES,
    # The signature alone says who may.
    ("PUT", "/storage/<upload>"): (403,) * 6,
    ("GET", "/storage/<upload>"): ANYBODY,
    ("POST", "/notifications/push"): (401, 403, 200, 200, 403, 200),
    ("GET", "/notifications/webpush"): ANYBODY,
    ("POST", "/notifications/webpush"): SIGNED_IN,
    ("DELETE", "/notifications/webpush"): SIGNED_IN,
    # The channel of the customer's own account.
    ("POST", "/notifications/authchannel"): (401, 403, 200, 403, 403, 403),
    ("POST", "/notifications/userauth"): SIGNED_IN,
    ("POST", "/logs"): ANYBODY,
}
"""(method, path) -> the status for each of ``WHO``."""

PLACE = {"lat": HERE[0], "lng": HERE[1]}


class Stage:
    """A gig whose operator was found, and everybody who could call."""

    def __init__(self, world: WebWorld) -> None:
        self.world = world
        self.parties: dict[str, Party] = {}
        self.names: dict[str, str] = {"lat": str(HERE[0]), "long": str(HERE[1])}

    async def prepare(self) -> None:
        """People and what they have."""
        world = self.world
        operator, own, other = (
            await world.operator(),
            await world.customer(),
            await world.customer(),
        )
        dealer = await world.person("Dealer", dealer="approved")
        self.parties = {
            "own": own,
            "operator": operator,
            "other": other,
            "dealer": Party(world, dealer, world.token(dealer)),
            "admin": await world.admin(),
        }
        gig = (await own.post("/gigs", {"latitude": HERE[0], "longitude": HERE[1]})).body["gig"][
            "id"
        ]
        await operator.post(f"/gigs/claim/{gig}", {"response": "accept"})
        upload = (await own.post("/storage", {"type": "chat"})).body
        location = urlsplit(upload["location"])
        await world.call("PUT", f"{location.path}?{location.query}", raw=PNG, kind="image/png")
        self.names |= {"gig": gig, "account": own.id, "upload": upload["id"]}

    def body(self, path: str, who: str) -> Any:
        """A good one."""
        match path:
            case "/accounts":
                return {"identities": [{"type": "email", "value": f"new-{who}@example.test"}]}
            case "/login":
                return {"email": "nobody@example.test"}
            case "/login/verify":
                return {"tokenId": "0" * 24, "code": "0000"}
            case "/gigs":
                return {"latitude": 0.0, "longitude": 0.0}
            case "/gigs/claim/<gig>":
                return {"response": "accept"}
            case "/gigs/rate/<gig>":
                return {"rating": 5}
            case "/chat/save":
                return {"gig": self.names["gig"], "message": who}
            case "/devices":
                return {"deviceAddress": who, "deviceType": "ios", "bundleId": "b"}
            case "/storage":
                return {"type": "gig", "gig": self.names["gig"]}
            case "/notifications/webpush":
                return SUBSCRIPTION
            case "/notifications/push":
                return {"recipientId": self.names["account"], "data": {"a": 1}}
            case "/notifications/authchannel":
                channel = f"private-{self.names['account']}"
                return {"socket_id": "1.1", "channel_name": channel}
            case "/notifications/userauth":
                return {"socket_id": "1.1"}
            case "/logs":
                return {"level": "info", "message": who}
            case "/accounts/status/online" | "/map":
                return PLACE
            case _:
                return None

    async def call(self, method: str, path: str, who: str) -> Any:
        """The operation, as whom."""
        target = path
        for name, value in self.names.items():
            target = target.replace(f"<{name}>", value)
        party = self.parties.get(who)
        body = self.body(path, who) if method in ("POST", "DELETE") else None
        return await self.world.call(
            method, f"/dropin{target}", body, token=None if party is None else party.token
        )


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one[0]} {one[1]}")
async def test_who_may_call_what(operation: tuple[str, str]) -> None:
    """Each by everybody in turn."""
    async with web_world() as world:
        stage = Stage(world)
        await stage.prepare()
        statuses = tuple([(await stage.call(*operation, who)).status for who in WHO])
        assert statuses == TABLE[operation]


def test_the_table_has_every_operation() -> None:
    assert sorted(TABLE) == sorted(OPERATIONS)
