"""The sessions that ``copies.py`` multiplies, made by an engine; and where their copies stand."""

from __future__ import annotations

from typing import Final, NamedTuple

from switchboard.bench.copies import Template
from switchboard.engine.engine import Engine
from switchboard.engine.sessions.gig import (
    Candidate,
    ClaimGig,
    ConfirmGig,
    HandshakeGig,
    RateGig,
    RequestGig,
    StartGig,
    StopGig,
    Terms,
)
from switchboard.engine.sessions.kind import Address, Command
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.room_requests import NewMessage, pair
from switchboard.web.services import Services

DAY: Final = 24 * 3600_000

TERMS: Final = Terms(
    claim_timeout=DAY,
    confirm_timeout=DAY,
    enroute_timeout=DAY,
    handshake_timeout=DAY,
    watchdog=DAY,
    streaming_most=DAY,
)
"""None of the live gigs ends by itself while it is measured."""

OFFERS: Final = 3
MESSAGES: Final = 2

OPERATORS_TO_A_PLACE: Final = 5
"""Whom a search finds, however many operators there are elsewhere."""

ROWS: Final = 600
LATITUDE_STEP: Final = 0.2
LONGITUDE_STEP: Final = 0.5
"""Between two places 22 km or more, twice the search's radius, up to 60 degrees from the equator."""

LATITUDE, LONGITUDE = 1.23456789, 2.34567891
"""Of the template: found in its bodies by these digits."""


class Templates(NamedTuple):
    """One of each sort."""

    operator: Template
    """Online."""
    live_gig: Template
    """Claimed: its customer and operator are its second and third id."""
    live_room: Template
    """Of two people, its second and third id."""
    past_gig: Template
    """Rated by both: customer and operator as above."""
    past_room: Template
    """As the live one; nobody has written for a while."""


def place(number: int) -> tuple[float, float]:
    """(latitude, longitude) of that place; the operators of a place have its numbers times ``OPERATORS_TO_A_PLACE``."""
    return (
        round(-60 + number % ROWS * LATITUDE_STEP, 1),
        round(-170 + number // ROWS * LONGITUDE_STEP, 1),
    )


PLACE_SQL: Final = (
    (str(LATITUDE), f"-60 + (n / {OPERATORS_TO_A_PLACE}) % {ROWS} * {LATITUDE_STEP}"),
    (str(LONGITUDE), f"-170 + (n / {OPERATORS_TO_A_PLACE}) / {ROWS} * {LONGITUDE_STEP}"),
)
"""As ``place``, of operator ``n``."""


async def make(services: Services) -> Templates:
    """Makes them; they are still in memory then."""
    return Templates(
        operator=await _operator(services),
        live_gig=await _gig(services.engine, finished=False),
        live_room=await _room(services),
        past_gig=await _gig(services.engine, finished=True),
        past_room=await _room(services),
    )


def _id(engine: Engine) -> str:
    return engine.ids.new(engine.clock.now())


async def _operator(services: Services) -> Template:
    account = _id(services.engine)
    await services.dispatch.online(account, LATITUDE, LONGITUDE)
    return Template("person", (account,), PLACE_SQL)


async def _gig(engine: Engine, *, finished: bool) -> Template:
    gig, customer = _id(engine), _id(engine)
    candidates = tuple(
        Candidate(operator=_id(engine), latitude=1.0, longitude=2.0, distance_metres=9)
        for _ in range(OFFERS)
    )
    request = RequestGig(
        id=gig,
        customer=customer,
        latitude=1.0,
        longitude=2.0,
        candidates=candidates,
        terms=TERMS,
        customer_operates=False,
    )
    operator = candidates[0].operator
    steps: list[tuple[str, Command]] = [
        (customer, request),
        (operator, ClaimGig(operator=operator, latitude=1.0, longitude=2.0)),
    ]
    if finished:
        video = VideoSession(provider="p2p", session_id=_id(engine), api_key="")
        steps += [
            (customer, ConfirmGig(account=customer)),
            (operator, HandshakeGig(account=operator, video=video)),
            (customer, HandshakeGig(account=customer, video=video)),
            (customer, StartGig(account=customer)),
            (customer, StopGig(account=customer)),
            (customer, RateGig(account=customer, rating=5, rating_id=_id(engine))),
            (operator, RateGig(account=operator, rating=4, rating_id=_id(engine))),
        ]
    for by, step in steps:
        await engine.ask(Address("gig", gig), step, by=by)
    return Template("gig", (gig, customer, operator))


async def _room(services: Services) -> Template:
    one, other = _id(services.engine), _id(services.engine)
    room, _ = await services.rooms.open(pair("bench", one, other), by=one)
    said = [
        await services.rooms.post(room, NewMessage(sender=sender, role="party", text="x" * 200))
        for sender in (one, other) * (MESSAGES // 2)
    ]
    members = [one.id for one in room.people]
    return Template("room", (room.id, one, other, *members, *(post.message.id for post in said)))
