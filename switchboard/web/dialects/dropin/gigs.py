"""dropin's calls about gigs: each parses, asks the gig, and renders what it became.

Source: contracts/dropin.md, 'Endpoints'. The rules themselves are the gig's own (``engine/sessions/gig``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from switchboard.engine.errors import Conflict, NotAllowed, NotAllowedInPhase, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.sessions.gig import (
    AdvanceGig,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    Gig,
    GigStatus,
    GigSummary,
    RateGig,
    RejectOffer,
    RejectOperator,
    StartGig,
    StopGig,
)
from switchboard.engine.sessions.kind import Address, Command
from switchboard.engine.sessions.person import Person
from switchboard.web.call import Call
from switchboard.web.dialects.dropin.accounts import only_operator
from switchboard.web.dialects.dropin.shapes import (
    Json,
    gig_between,
    gig_detail,
    gig_listed,
    gig_offered,
    mean,
    operator_place,
    stream_shape,
)
from switchboard.web.reading import Reader

STATUSES: tuple[str, ...] = get_args(GigStatus)

NONCE_LENGTH_MOST = 1000
"""Payment nonces are some hundred characters at most; it is kept, not used."""

SUMMARY = msgspec.json.Decoder(GigSummary)


# -- common to all ----------------------------------------------------------------------------------------------


def _address(call: Call) -> Address:
    """The gig that the path names. Raises: NotFound if it cannot be one."""
    id = call.arguments["gig"]
    if not is_id(id):
        raise NotFound("gig")
    return Address("gig", id)


async def _ask(call: Call, operation: str, command: Command) -> Gig:
    """The gig after the command; a conflict names the status in which it was refused."""
    address = _address(call)
    try:
        gig = await call.services.engine.ask(
            address,
            command,
            by=call.caller.id,
            key=call.key("people", operation),
            caused_by=call.id,
        )
    except Conflict as conflict:
        if type(conflict) is not Conflict:
            raise
        state = await call.services.engine.read(address)
        if not isinstance(state, Gig):
            raise
        raise NotAllowedInPhase(state.phase) from conflict
    assert isinstance(gig, Gig)
    return gig


async def _between(call: Call, gig: Gig) -> Json:
    parties = [gig.customer] if gig.operator is None else [gig.customer, gig.operator]
    accounts = await call.services.directory.many(parties)
    viewer = None if call.caller.admin else call.caller.id
    return gig_between(gig, accounts, viewer)


async def _offered(call: Call, gig: Gig) -> Json:
    parties = [gig.customer, *(offer.operator for offer in gig.offers)]
    accounts = await call.services.directory.many(parties)
    return {"gig": gig_offered(gig, accounts, call.caller.id)}


# -- the steps --------------------------------------------------------------------------------------------------


def _request(reader: Reader, lenient: bool) -> dict[str, Any]:
    fields = {
        "latitude": reader.required_number("latitude", "lat", least=-90, most=90),
        "longitude": reader.required_number("longitude", "lng", "long", least=-180, most=180),
        "device_id": reader.text("deviceId", most=NONCE_LENGTH_MOST) or None,
        "claim_id": reader.text("claimId", most=NONCE_LENGTH_MOST) or None,
        "meta_data": reader.object_text("metaData"),
    }
    if not lenient and fields["device_id"] is None and fields["claim_id"] is None:
        # The seed: required for mobile users, optional for web users, whose field is claimId.
        reader.complain("deviceId", "is required")
    return fields


async def request(call: Call) -> Json:
    """POST /gigs."""
    lenient = call.services.settings.lenient
    fields = call.parse(lambda reader: _request(reader, lenient))
    gig = await call.services.dispatch.request(
        call.caller.id, **fields, key=call.key("people", "request"), caused_by=call.id
    )
    return await _offered(call, gig)


async def claim(call: Call) -> Json:
    """POST /gigs/claim/:gigId: accept or reject."""
    response = call.parse(lambda reader: reader.choice("response", of=("accept", "reject")))
    address, operator = _address(call), call.caller.id
    if response == "reject":
        return await _offered(call, await _ask(call, "claim", RejectOffer(operator=operator)))
    if await call.services.engine.read(address) is None:
        raise NotFound("gig")
    only_operator(call.caller)
    person = await call.services.engine.read(Address("person", operator))
    place = (person.latitude, person.longitude) if isinstance(person, Person) else (None, None)
    command = ClaimGig(operator=operator, latitude=place[0], longitude=place[1])
    return await _offered(call, await _ask(call, "claim", command))


async def confirm(call: Call) -> Json:
    """POST /gigs/confirm/:gigId."""
    nonce = call.parse(lambda reader: reader.text("paymentMethodNonce", most=NONCE_LENGTH_MOST))
    command = ConfirmGig(account=call.caller.id, payment_nonce=nonce or None)
    gig = await _ask(call, "confirm", command)
    assert gig.operator is not None
    latitude, longitude = operator_place(gig)
    rating = await call.services.ratings.of("operator-rating", gig.operator)
    return {
        "gig": await _between(call, gig),
        "operator": {
            "account": gig.operator,
            "location": {"latitude": latitude, "longitude": longitude},
            "rate": mean(rating),
        },
        "chatChannel": f"chat_{gig.id}",
    }


async def reject(call: Call) -> Json:
    """POST /gigs/reject/:gigId."""
    gig = await _ask(call, "reject", RejectOperator(account=call.caller.id))
    return {"gig": await _between(call, gig)}


async def cancel(call: Call) -> Json:
    """POST /gigs/cancel/:gigId."""
    gig = await _ask(call, "cancel", CancelGig(account=call.caller.id))
    return {"gig": await _between(call, gig)}


def _token(call: Call, gig: Gig) -> str:
    assert gig.video is not None
    engine = call.services.engine
    return engine.video.token(gig.video, call.caller.id, engine.clock.now())


async def handshake(call: Call) -> Json:
    """POST /gigs/handshake/:gigId: the caller's own keys. It may be repeated at will, so it needs no key."""
    gig_id = _address(call).id
    gig = await call.services.dispatch.handshake(gig_id, call.caller.id, caused_by=call.id)
    assert gig.video is not None
    token, room = _token(call, gig), gig.video
    base, websocket = call.base_url(), call.base_url("ws")
    return {
        "stream": stream_shape(gig, room, token),
        "apiKey": room.api_key,
        "sessionId": room.session_id,
        "token": token,
        "provider": room.provider,
        "url": room.url or (websocket and f"{websocket}/app/{room.api_key}"),
        "authEndpoint": base and f"{base}/notifications/authchannel",
        "iceServers": list(call.services.settings.ice_servers),
        "gig": await _between(call, gig),
    }


async def start(call: Call) -> Json:
    """POST /gigs/start/:gigId."""
    gig = await _ask(call, "start", StartGig(account=call.caller.id))
    shape = await _between(call, gig)
    if gig.video is not None:
        shape["stream"] = stream_shape(gig, gig.video, _token(call, gig))
    return {"gig": shape}


async def stop(call: Call) -> Json:
    """POST /gigs/stop/:gigId."""
    gig = await _ask(call, "stop", StopGig(account=call.caller.id))
    return {"gig": await _between(call, gig)}


async def rate(call: Call) -> Json:
    """POST /gigs/rate/:gigId."""
    rating = call.parse(lambda reader: reader.required_integer("rating", least=1, most=5))
    engine, account = call.services.engine, call.caller.id
    command = RateGig(account=account, rating=rating, rating_id=engine.ids.new(engine.clock.now()))
    gig = await _ask(call, "rate", command)
    given = gig.operator_rating if account == gig.customer else gig.customer_rating
    return {"gig": await _between(call, gig), "ratingId": None if given is None else given.id}


async def advance(call: Call) -> Json:
    """POST /gigs/advance/:gigId, for admins: invoiceGenerated, invoiceSent, compensated, in this order."""
    if not call.caller.admin:
        raise NotAllowed
    expected = call.parse(
        lambda reader: reader.choice("status", of=STATUSES) if reader.has("status") else None
    )
    gig = await _ask(call, "advance", AdvanceGig(expected=expected))
    return {"gig": await _between(call, gig)}


# -- history ----------------------------------------------------------------------------------------------------


def _own(call: Call) -> str:
    """The account that the path names: the caller's, or anybody's to an admin. Raises: NotFound, NotAllowed."""
    account = call.arguments["account"]
    if not is_id(account):
        raise NotFound("account")
    if account != call.caller.id and not call.caller.admin:
        raise NotAllowed
    return account


def _page(reader: Reader) -> tuple[Sequence[str] | None, int, int]:
    statuses = reader.choices("status", "status[]", of=STATUSES)
    skip, limit = reader.page("skip")
    return statuses, skip or 0, limit


async def history(call: Call) -> list[Json]:
    """GET /gigs/:accountId/getall: newest first."""
    account = _own(call)
    statuses, skip, limit = call.parse_query(_page)
    if limit == 0:
        return []
    headers = await call.services.engine.store.sessions.listed(
        "gigs-of", account, statuses, skip, limit
    )
    return [gig_listed(SUMMARY.decode(one.summary)) for one in headers if one.summary is not None]


async def detail(call: Call) -> Json:
    """GET /gigs/:accountId/:gigId."""
    _own(call)
    gig = await call.services.engine.read(_address(call))
    if not isinstance(gig, Gig):
        raise NotFound("gig")
    if call.caller.id not in (gig.customer, gig.operator) and not call.caller.admin:
        raise NotAllowed
    parties = [gig.customer] if gig.operator is None else [gig.customer, gig.operator]
    accounts = await call.services.directory.many(parties)
    return gig_detail(gig, accounts, None if call.caller.admin else call.caller.id)
