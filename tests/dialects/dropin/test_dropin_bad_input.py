"""Bad input of every kind on every route: dropin's error, the right status, and nothing changed."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from bad_requests import BROKEN_BODIES, NO_IDS, UNKNOWN_ID, useless_tokens
from gig_parties import PLACE, Gigs, parties
from web_worlds import Party, Reply, WebWorld, web_world

from switchboard.engine.sessions.gig import GigStatus
from switchboard.web.dialects.dropin import DROPIN

ROUTES = [(route.method, route.path, route.anonymous) for route in DROPIN.routes]
NAMES = [f"{method} {path}" for method, path, _ in ROUTES]
POSTS = [path for method, path, _ in ROUTES if method == "POST"]
GIG_STEPS = ("claim", "confirm", "reject", "cancel", "handshake", "start", "stop", "rate")

GOOD: dict[str, Any] = {
    "response": "accept",
    "rating": 3,
    "lat": 1,
    "lng": 1,
    **PLACE,
    "email": "a@b.test",
    "identities": [{"type": "email", "value": "a@b.test"}],
    "tokenId": UNKNOWN_ID,
    "code": "1234",
}
"""A body that no route finds fault with."""

LONG = "x" * 10_001
OBJECTS_NO = ("{", "[1]", 7, {"a": "\x00"}, {"a": "x" * 16_400})
PLACES_NO: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({}, {"latitude", "longitude"}),
    ({"latitude": 1}, {"longitude"}),
    ({"latitude": None, "longitude": 1}, {"latitude"}),
    ({"latitude": "", "longitude": 1}, {"latitude"}),
    ({"latitude": "north", "longitude": 1}, {"latitude"}),
    ({"latitude": 91, "longitude": 181}, {"latitude", "longitude"}),
    ({"latitude": -90.1, "longitude": 1}, {"latitude"}),
    ({"latitude": "NaN", "longitude": "Infinity"}, {"latitude", "longitude"}),
    ({"latitude": True, "longitude": {}}, {"latitude", "longitude"}),
    ({"latitude": [1, 2], "longitude": 1}, {"latitude"}),
    ({"latitude": 10**400, "longitude": 1}, {"latitude"}),
)

SHORT = {"latitude": "lat", "longitude": "lng"}


def _short(body: dict[str, Any]) -> dict[str, Any]:
    """The same place under the names that /map's clients use."""
    return {SHORT[name]: value for name, value in body.items()}


FIELDS: dict[str, tuple[tuple[dict[str, Any], set[str]], ...]] = {
    "/accounts": (
        ({}, {"identities"}),
        ({"identities": []}, {"identities"}),
        ({"identities": "x"}, {"identities"}),
        ({"identities": 7}, {"identities"}),
        ({"identities": [7]}, {"identities"}),
        ({"identities": [{}]}, {"identities"}),
        ({"identities": [{"type": "email"}]}, {"identities"}),
        ({"identities": [{"type": "username", "value": "x"}]}, {"identities"}),
        ({"identities": [{"type": "email", "value": "x"}]}, {"email"}),
        ({"identities": [{"type": "email", "value": "a@b.test\x00"}]}, {"identities"}),
        ({"identities": [{"type": "phone", "value": "12"}]}, {"phone"}),
        ({"identities": [{"type": "email", "value": "a@b.test"}] * 2}, {"identities"}),
        (
            {"identities": [{"type": "email", "value": f"a{n}@b.test"} for n in range(11)]},
            {"identities"},
        ),
        (GOOD | {"firstName": 1.5}, {"firstName"}),
        (GOOD | {"firstName": LONG, "lastName": "\x00"}, {"firstName", "lastName"}),
        (GOOD | {"operator": "yes"}, {"operator"}),
        (GOOD | {"organization": {"id": 1}}, {"organization"}),
    ),
    "/login": (
        ({}, {"email"}),
        ({"email": None}, {"email"}),
        ({"email": {"a": 1}}, {"email"}),
        ({"email": "nobody"}, {"email"}),
        ({"email": "a@b.test\x00"}, {"email"}),
        ({"email": LONG + "@b.test"}, {"email"}),
        ({"phone": "12"}, {"phone"}),
        ({"phone": ["841662203830", "841662203831"]}, {"phone", "email"}),
    ),
    "/login/verify": (
        ({}, {"tokenId", "code"}),
        ({"tokenId": UNKNOWN_ID}, {"code"}),
        ({"tokenId": 7, "code": "1234"}, {"tokenId"}),
        ({"tokenId": {}, "code": "1234"}, {"tokenId"}),
        ({"tokenId": UNKNOWN_ID, "code": {"a": 1}}, {"code"}),
        ({"tokenId": UNKNOWN_ID, "code": "1" * 101}, {"code"}),
    ),
    "/logout": (
        ({"deviceAddress": {"a": 1}}, {"deviceAddress"}),
        ({"deviceAddress": LONG}, {"deviceAddress"}),
    ),
    "/map": (
        *((_short(body), {SHORT[name] for name in wrong}) for body, wrong in PLACES_NO),
        (PLACE | {"gigId": 7.5}, {"gigId"}),
    ),
    "/accounts/status/online": (
        ({"lat": 1}, {"lng"}),
        ({"lng": 1}, {"lat"}),
        ({"lat": 91, "lng": 1}, {"lat"}),
        ({"lat": "x", "lng": "y"}, {"lat", "lng"}),
    ),
    "/accounts/status/offline": (({"lat": 1}, {"lng"}), ({"lat": "x", "lng": "y"}, {"lat", "lng"})),
    "/gigs": (
        *PLACES_NO,
        *((PLACE | {"metaData": value}, {"metaData"}) for value in OBJECTS_NO),
        (PLACE | {"deviceId": {"a": 1}}, {"deviceId"}),
        (PLACE | {"claimId": LONG}, {"claimId"}),
    ),
    "/gigs/claim/<gig>": (
        ({}, {"response"}),
        ({"response": None}, {"response"}),
        ({"response": "maybe"}, {"response"}),
        ({"response": ["accept", "reject"]}, {"response"}),
        ({"response": True}, {"response"}),
    ),
    "/gigs/confirm/<gig>": (
        ({"paymentMethodNonce": {"a": 1}}, {"paymentMethodNonce"}),
        ({"paymentMethodNonce": "\x00"}, {"paymentMethodNonce"}),
        ({"paymentMethodNonce": LONG}, {"paymentMethodNonce"}),
    ),
    "/gigs/rate/<gig>": tuple(
        ({} if value is None else {"rating": value}, {"rating"})
        for value in (None, 0, 6, -1, 4.5, "four", "", [4, 5], True, {"a": 1}, 10**30)
    ),
    "/gigs/advance/<gig>": (({"status": "paid"}, {"status"}), ({"status": 7}, {"status"})),
}
"""By route: bodies, and the fields that the answer names."""


class Scene(NamedTuple):
    """A gig that waits for its operator, with somebody for every role."""

    world: WebWorld
    gigs: Gigs
    stranger: Party
    admin: Party

    def caller(self, path: str) -> Party:
        """Whoever may make that call."""
        if "advance" in path:
            return self.admin
        operators = ("/gigs/claim", "/map", "/accounts/status")
        return self.gigs.operator if path.startswith(operators) else self.gigs.customer

    def url(self, path: str) -> str:
        """The route's path for that caller and gig."""
        return (
            path.replace("<gig>", self.gigs.id)
            .replace("<account>", self.caller(path).id)
            .replace("<lat>", "10")
            .replace("<long>", "106")
        )

    def status(self, status: GigStatus) -> None:
        """That the gig still is where it was."""
        row = next(row for at, row in self.world.database.sessions.items() if at.id == self.gigs.id)
        assert row.phase == status


async def scene(world: WebWorld) -> Scene:
    """The scene, in a fresh world."""
    gigs = await parties(world)
    await gigs.request()
    stranger = await world.operator((0.0, 0.0), name="Stranger")
    return Scene(world, gigs, stranger, await world.admin())


def refused(reply: Reply, status: int, code: str, case: Any) -> None:
    """That the answer is dropin's error."""
    assert (reply.status, reply.code) == (status, code), (case, reply.body)
    assert isinstance(reply.body, list), case
    assert isinstance(reply.body[0]["message"], str), case


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_that_nobody_can_read_is_refused(path: str) -> None:
    """Malformed, of another kind, too large: on every POST."""
    codes = {400: "E_BAD_REQUEST", 413: "E_TOO_LARGE", 415: "E_UNSUPPORTED_TYPE"}
    async with web_world() as world:
        at = await scene(world)
        before = world.fingerprint()
        for raw, kind, status in BROKEN_BODIES:
            reply = await at.caller(path).post(at.url(path), raw=raw, kind=kind)
            refused(reply, status, codes[status], raw[:50])
        assert world.fingerprint() == before


@pytest.mark.parametrize("path", sorted(FIELDS))
async def test_wrong_fields_are_named(path: str) -> None:
    """Missing, of the wrong kind, out of range, huge."""
    async with web_world() as world:
        at = await scene(world)
        before = world.fingerprint()
        for body, wrong in FIELDS[path]:
            reply = await at.caller(path).post(at.url(path), body)
            refused(reply, 400, "E_VALIDATION", body)
            assert reply.body[0]["message"] == "Fields have not been properly populated."
            assert set(reply.data) == wrong, body
        assert world.fingerprint() == before


@pytest.mark.parametrize(("method", "path", "anonymous"), ROUTES, ids=NAMES)
async def test_a_token_that_opens_nothing_is_refused(
    method: str, path: str, anonymous: bool
) -> None:
    """Missing, expired, revoked, forged, another API's: on every route that needs one."""
    async with web_world() as world:
        at = await scene(world)
        tokens = await useless_tokens(world, at.caller(path).account, "dropin")
        before = world.fingerprint()
        for what, token in tokens.items():
            url = f"/dropin{at.url(path)}"
            body = GOOD if method == "POST" else None
            if path.startswith("/storage/"):
                # The signature alone says who may send, and there is no such file to be seen.
                reply = await world.call(method, url, token=token)
                assert reply.status == (403 if method == "PUT" else 404)
                continue
            if path == "/notifications/webpush" and method == "GET":
                # The key to subscribe with is public.
                assert (await world.call(method, url, token=token)).status == 200
                continue
            if anonymous and path == "/logs":
                reply = await world.call(method, url, {}, token=token)
                refused(reply, 400, "E_VALIDATION", what)
                continue
            if anonymous:
                # A token that is not needed is not looked at.
                reply = await world.call(method, url, {}, token=token)
                refused(reply, 400, "E_VALIDATION", what)
                continue
            reply = await world.call(method, url, body, token=token)
            refused(reply, 401, "E_LOGIN_REQUIRED", what)
            in_body = await world.call(method, url, {**GOOD, "auth_token": token or ""})
            refused(in_body, 401, "E_LOGIN_REQUIRED", what)
        assert world.fingerprint() == before


@pytest.mark.parametrize("path", [path for path in POSTS if "<gig>" in path])
async def test_a_gig_that_does_not_exist_is_not_found(path: str) -> None:
    """Malformed or unknown: the same, and never an error of ours."""
    async with web_world() as world:
        at = await scene(world)
        before = world.fingerprint()
        for id in (*NO_IDS, UNKNOWN_ID):
            reply = await at.caller(path).post(path.replace("<gig>", id), GOOD)
            refused(reply, 404, "E_NOT_FOUND", id)
        assert world.fingerprint() == before


@pytest.mark.parametrize("step", GIG_STEPS)
async def test_somebody_elses_gig_is_forbidden(step: str) -> None:
    """To a stranger, however well it knows the id; to an admin too, who is no party."""
    async with web_world() as world:
        at = await scene(world)
        before = world.fingerprint()
        for who in (at.stranger, at.admin):
            reply = await who.post(f"/gigs/{step}/{at.gigs.id}", GOOD)
            refused(reply, 403, "E_FORBIDDEN", step)
        assert world.fingerprint() == before


@pytest.mark.parametrize(
    ("who", "step"),
    [
        ("customer", "claim"),
        ("operator", "confirm"),
        ("operator", "reject"),
        ("operator", "cancel"),
        ("operator", "advance"),
        ("customer", "advance"),
        ("stranger", "advance"),
    ],
)
async def test_a_step_of_the_other_party_is_forbidden(who: str, step: str) -> None:
    """Or of nobody but an admin."""
    async with web_world() as world:
        at = await scene(world)
        before = world.fingerprint()
        party = at.stranger if who == "stranger" else getattr(at.gigs, who)
        refused(await party.post(f"/gigs/{step}/{at.gigs.id}", GOOD), 403, "E_FORBIDDEN", step)
        assert world.fingerprint() == before


async def test_lists_and_details_are_shown_to_their_owner_and_admins_only() -> None:
    """Another's list, another's detail, and one's own list with another's gig in it."""
    async with web_world() as world:
        at = await scene(world)
        mine, theirs, gig = at.stranger.id, at.gigs.customer.id, at.gigs.id
        for path in (f"/gigs/{theirs}/getall", f"/gigs/{theirs}/{gig}", f"/gigs/{mine}/{gig}"):
            refused(await at.stranger.get(path), 403, "E_FORBIDDEN", path)
        for path in (f"/gigs/{theirs}/getall", f"/gigs/{theirs}/{gig}"):
            assert (await at.admin.get(path)).status == 200


async def test_paths_that_name_nobody_are_not_found() -> None:
    """Accounts and gigs, malformed or unknown."""
    async with web_world() as world:
        at = await scene(world)
        customer = at.gigs.customer
        for id in (*NO_IDS, UNKNOWN_ID):
            refused(await customer.get(f"/accounts/{id}"), 404, "E_USER_NOT_FOUND", id)
            refused(await customer.get(f"/gigs/{customer.id}/{id}"), 404, "E_NOT_FOUND", id)
            if id != UNKNOWN_ID:
                refused(await customer.get(f"/gigs/{id}/getall"), 404, "E_USER_NOT_FOUND", id)
        refused(await customer.get(f"/gigs/{UNKNOWN_ID}/getall"), 403, "E_FORBIDDEN", "unknown")


@pytest.mark.parametrize(
    "query",
    [
        "skip=-1",
        "limit=-1",
        "skip=x",
        "limit=1.5",
        "limit=NaN",
        "status=unknown",
        "status=voted,unknown",
        "limit=1&limit=2",
        "skip=" + "9" * 40,
        "status=%00",
    ],
)
async def test_a_page_that_cannot_be_is_refused(query: str) -> None:
    """Negative, not numeric, unknown status."""
    async with web_world() as world:
        at = await scene(world)
        reply = await at.gigs.customer.get(f"/gigs/{at.gigs.customer.id}/getall?{query}")
        refused(reply, 400, "E_VALIDATION", query)
        assert set(reply.data) == {query.partition("=")[0]}


@pytest.mark.parametrize("place", ["91/0", "0/181", "x/y", "nan/0", "0/inf", "1e999/0", "%00/0"])
async def test_a_place_that_is_nowhere_is_refused(place: str) -> None:
    """GET /map/:lat/:long."""
    async with web_world() as world:
        customer = await world.customer()
        refused(await customer.get(f"/map/{place}"), 400, "E_VALIDATION", place)


async def test_a_query_that_nobody_can_read_is_refused() -> None:
    """Percent-encoded bytes that are no text."""
    async with web_world() as world:
        customer = await world.customer()
        reply = await customer.get(f"/gigs/{customer.id}/getall?status=%ff")
        refused(reply, 400, "E_BAD_REQUEST", "query")


async def test_a_ticket_that_does_not_exist_is_not_found() -> None:
    """Malformed or unknown."""
    async with web_world() as world:
        for id in ("x", "\x00", "😀", UNKNOWN_ID):
            reply = await world.post("/dropin/login/verify", {"tokenId": id, "code": "1234"})
            refused(reply, 404, "E_NOT_FOUND", id)


async def test_only_operators_give_signs() -> None:
    """Customers and pending operators are forbidden to."""
    async with web_world() as world:
        customer = await world.customer()
        pending = await world.person(operator="pending")
        before = world.fingerprint()
        for who in (customer, Party(world, pending, world.token(pending))):
            for path in ("/map", "/accounts/status/online", "/accounts/status/offline"):
                refused(await who.post(path, {"lat": 1, "lng": 1}), 403, "E_FORBIDDEN", path)
        assert world.fingerprint() == before
