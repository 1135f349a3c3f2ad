"""dropin's calls about people: registration, profile, login by code, presence and the map.

Source: contracts/dropin.md, 'Endpoints'.
"""

from __future__ import annotations

from typing import Any

from switchboard.engine.errors import NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.records import Account
from switchboard.engine.workflows.accounts import IDENTITIES_MOST, Registration
from switchboard.engine.workflows.identities import IdentityType
from switchboard.web.call import Call
from switchboard.web.dialects.dropin.callers import AUDIENCE
from switchboard.web.dialects.dropin.shapes import Json, account_shape, mean, ticket_shape
from switchboard.web.reading import Reader

OK = {"message": "ok"}

NAME_LENGTH_MOST = 200
"""Longer than any name; 10,000 characters would travel with every gig."""


async def profile(call: Call, account: Account) -> Json:
    """The account with its ratings, its identities only to itself and admins."""
    operator = await call.services.ratings.of("operator-rating", account.id)
    customer = await call.services.ratings.of("customer-rating", account.id)
    private = call.account is None or call.account.id == account.id or call.account.admin
    ratings = mean(operator), mean(customer)
    return account_shape(account, private=private, ratings=ratings)


# -- accounts ---------------------------------------------------------------------------------------------------


def _registration(reader: Reader) -> Registration:
    identities = tuple(
        _identity(reader, one) for one in reader.objects("identities", most=IDENTITIES_MOST)
    )
    if not identities:
        reader.complain("identities", "is required")
    return Registration(
        first_name=reader.text("firstName", most=NAME_LENGTH_MOST) or "",
        last_name=reader.text("lastName", most=NAME_LENGTH_MOST) or "",
        identities=identities,
        wants=None if reader.object("operator") is None else "operator",
        organization=reader.text("organization", most=NAME_LENGTH_MOST) or None,
    )


def _identity(reader: Reader, given: dict[str, Any]) -> tuple[IdentityType, str]:
    inner = Reader(given)
    kind = inner.choice("type", of=("email", "phone"))
    value = inner.required_text("value")
    for name, reason in inner.complaints.items():
        reader.complain("identities", f"{name} {reason}")
    return "email" if kind == "email" else "phone", value


async def register(call: Call) -> Json:
    """POST /accounts. The client's own type, status and archive are ignored: they are not its to set."""
    services = call.services
    registration = call.parse(_registration)
    account = await services.desk.register(registration, address=call.address)
    type, shown = registration.identities[0]
    attempt = await services.sign_in.send_code(
        "people", type, shown, address=call.address, just_registered=True
    )
    shape = await profile(call, account)
    answer = {**shape, "account": shape, "token": ticket_shape(attempt, account.id)}
    if services.settings.exposes_access_token:
        answer["accessToken"] = services.tokens.issue(account.id, AUDIENCE)
    return answer


async def show(call: Call) -> Json:
    """GET /accounts/:accountId."""
    id = call.arguments["account"]
    account = await call.services.directory.get(id) if is_id(id) else None
    if account is None or account.realm != "people":
        raise NotFound("account")
    return await profile(call, account)


# -- signing in -------------------------------------------------------------------------------------------------


def _named(reader: Reader) -> tuple[IdentityType, str]:
    email, phone = reader.text("email"), reader.text("phone")
    if email:
        return "email", email
    if not phone:
        reader.complain("email", "or phone is required")
    return "phone", phone or ""


def _code(reader: Reader) -> tuple[str, str]:
    # A code that was written as a number has lost its leading zeros.
    return reader.reference("tokenId"), reader.required_text("code", most=100).strip().zfill(4)


async def login(call: Call) -> Json:
    """POST /login: sends a code; the answer is the same whether anybody is there."""
    type, shown = call.parse(_named)
    attempt = await call.services.sign_in.send_code("people", type, shown, address=call.address)
    return ticket_shape(attempt, None)


async def verify(call: Call) -> Json:
    """POST /login/verify."""
    attempt, code = call.parse(_code)
    account = await call.services.sign_in.verify_code(attempt, code, address=call.address)
    call.account = account
    token = call.services.tokens.issue(account.id, AUDIENCE)
    return {"token": token, "account": await profile(call, account)}


async def logout(call: Call) -> Json:
    """POST /logout: this token is void; a live gig stays, the phone may come back."""
    address = call.parse(lambda reader: reader.text("deviceAddress"))
    assert call.token is not None
    if address:
        await call.services.pushes.forget(call.caller.id, address)
    await call.services.tokens.revoke(call.token)
    return OK


# -- presence and the map ---------------------------------------------------------------------------------------

Place = tuple[float | None, float | None]


def _place(reader: Reader) -> Place:
    latitude = reader.number("lat", "latitude", least=-90, most=90)
    longitude = reader.number("lng", "longitude", "long", least=-180, most=180)
    if (latitude is None) != (longitude is None):
        reader.complain("lat" if latitude is None else "lng", "is required with the other")
    return latitude, longitude


def _sign(reader: Reader) -> tuple[float, float, str | None]:
    return (
        reader.required_number("lat", "latitude", least=-90, most=90),
        reader.required_number("lng", "longitude", "long", least=-180, most=180),
        reader.text("gigId") or None,
    )


def only_operator(account: Account) -> str:
    """The account's id, if it is an approved operator. Raises: NotAllowed."""
    if account.operator != "approved":
        raise NotAllowed
    return account.id


async def online(call: Call) -> Json:
    """POST /accounts/status/online."""
    operator = only_operator(call.caller)
    latitude, longitude = call.parse(_place)
    await call.services.dispatch.online(operator, latitude, longitude)
    return OK


async def offline(call: Call) -> Json:
    """POST /accounts/status/offline."""
    operator = only_operator(call.caller)
    call.parse(_place)
    await call.services.dispatch.offline(operator)
    return OK


async def heartbeat(call: Call) -> Json:
    """POST /map: volatile, answered without a commit."""
    operator = only_operator(call.caller)
    latitude, longitude, gig = call.parse(_sign)
    if gig is not None and not is_id(gig):
        raise NotFound("gig")
    await call.services.dispatch.heartbeat(operator, latitude, longitude, gig)
    return OK


async def near(call: Call) -> list[Json]:
    """GET /map/:lat/:long: the available operators, nearest first, without oneself."""
    latitude, longitude = call.parse_arguments(
        lambda reader: (
            reader.required_number("lat", least=-90, most=90),
            reader.required_number("long", least=-180, most=180),
        )
    )
    found = await call.services.dispatch.near(latitude, longitude, without=call.caller.id)
    return [
        {
            "account": one.account,
            "location": {"latitude": one.latitude, "longitude": one.longitude},
        }
        for one in found
    ]
