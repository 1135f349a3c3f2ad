"""Parts without a clock, a task or a socket: each case makes what it needs and returns what is to be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.sessions.gig import (
    GIG,
    Candidate,
    ClaimGig,
    ConfirmGig,
    Gig,
    HandshakeGig,
    RateGig,
    RequestGig,
    StartGig,
    StopGig,
)
from switchboard.engine.sessions.kind import Command, Context, Kind
from switchboard.engine.sessions.room import ROOM, Member, OpenRoom, PostMessage, Room
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.matching import Places

Case = Callable[[], Callable[[], object]]

NOW: Instant = 1_800_000_000_000
"""Some instant; nothing depends on it."""

ID = "6b49d200000000000000000{}"

OPERATORS = 10
"""As many as a gig is offered to at most."""

PEOPLE = 1000
"""On the map, over an area of some 100 km: a large city's evening."""

TEXT = "the quick brown fox jumps over a lazy dog " * 5
"""200 characters, as the messages of the comparison."""


def turn(kind: Kind[Any], state: Any, command: Command) -> Any:
    """What the runtime asks of a kind for one command: decision, fold, and all that is committed with it."""
    context = Context(now=NOW, by="bench", next_version=2)
    held = frozenset() if state is None else kind.claims(state)
    kind.bars(command)
    for event in kind.decide(state, command, context):
        after = kind.evolve(state, event)
        kind.notices(state, event, after)
        kind.reactions(state, event, after)
        kind.tallies(state, event, after)
        kind.projections(state, event, after)
        kind.message(event)
        msgspec.json.encode(event)
        state = after
    kind.claims(state) - held
    kind.lists(state)
    kind.summary(state)
    kind.deadline(state)
    return state


def _request() -> RequestGig:
    candidates = tuple(
        Candidate(operator=ID.format(n), latitude=1.0, longitude=2.0, distance_metres=9 + n)
        for n in range(OPERATORS)
    )
    return RequestGig(
        id=ID.format("a"),
        customer=ID.format("b"),
        latitude=1.0,
        longitude=2.0,
        candidates=candidates,
    )


def _lifecycle() -> tuple[Command, ...]:
    customer, operator = ID.format("b"), ID.format(0)
    video = VideoSession("p2p", "presence-gig", "key")
    return (
        _request(),
        ClaimGig(operator=operator, latitude=1.0, longitude=2.0),
        ConfirmGig(account=customer),
        HandshakeGig(account=operator, video=video),
        StartGig(account=customer),
        StopGig(account=customer),
        RateGig(account=customer, rating=5, rating_id=ID.format("c")),
        RateGig(account=operator, rating=4, rating_id=ID.format("d")),
    )


def gig_lifecycle() -> Callable[[], object]:
    """Eight commands from the request to the second rating."""
    commands = _lifecycle()

    def run() -> Gig:
        state: Gig | None = None
        for command in commands:
            state = turn(GIG, state, command)
        assert state is not None
        return state

    return run


def gig_claim() -> Callable[[], object]:
    """An operator's accept of a gig that was offered to ten."""
    request, claim, *_ = _lifecycle()
    offered = turn(GIG, None, request)
    return lambda: turn(GIG, offered, claim)


def room_message() -> Callable[[], object]:
    """An operator's message in a support room."""
    people = (Member(account=ID.format("b"), id=ID.format("e")),)
    opening = OpenRoom(
        id=ID.format("a"), realm="ally", app="bench", purpose="support", key="one", people=people
    )
    state: Room = turn(ROOM, None, opening)
    message = PostMessage(
        id=ID.format("f"), sender=ID.format(0), role="staff", text=TEXT, issue_id=ID.format("c")
    )
    # The first one takes the room.
    state = turn(ROOM, state, message)
    return lambda: turn(ROOM, state, message)


def relay_frame() -> Callable[[], object]:
    """A message as ally's relay tells it: made once, written to every connection."""
    from switchboard.web.dialects.ally.relay import frames

    content = {
        "room": ID.format("a"),
        "sender": ID.format("b"),
        "message": TEXT,
        "file": None,
        "id": ID.format("f"),
        "created_at": "2027-01-15T08:00:00.000Z",
        "issue": None,
        "client_id": None,
    }
    return lambda: frames.frame("message", content)


def operators_nearby() -> Callable[[], object]:
    """The search for operators around a customer (h3)."""
    places = Places()
    for number in range(PEOPLE):
        latitude, longitude = 48 + number % 32 / 32, 2 + number // 32 / 32
        places.put(f"{number:024x}", latitude, longitude, NOW + 1)
    return lambda: places.near(48.5, 2.5, 10_000, NOW)


PURE: Mapping[str, Case] = MappingProxyType(
    {
        case.__name__: case
        for case in (gig_lifecycle, gig_claim, room_message, relay_frame, operators_nearby)
    }
)
"""By name."""
