"""Records the journals that tests/golden does not have yet: ``python tests/golden/record.py`` in the repository's root.

A line that is there is never changed: it is what some installation has on its disk. For a new event, or a new format of
one, add a journal with a new name here and run this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from switchboard.engine.sessions import Codec, Context, Event, Kind
from switchboard.engine.sessions.gig import (
    GIG,
    CancelGig,
    HandshakeGig,
    RejectOffer,
    WithdrawOffer,
)
from switchboard.engine.sessions.gig.journeys import (
    ADVANCE,
    CUSTOMER,
    JOURNEYS,
    OPERATOR,
    RATE,
    REQUEST,
    SECOND_OPERATOR,
    TO_FOUND,
    TO_HANDSHAKING,
    TO_PURCHASED,
    TO_STREAMING,
    VIDEO,
    travel,
)
from switchboard.engine.sessions.journey import BEGINNING, DEADLINE, Step
from switchboard.engine.sessions.person import PERSON, GoOffline, GoOnline, Heartbeat
from switchboard.engine.sessions.person import ReachDeadline as PersonDeadline
from switchboard.engine.sessions.room import (
    ROOM,
    AddMember,
    AddTag,
    CloseIssue,
    CloseRoom,
    FreeRoom,
    Member,
    OpenRoom,
    PostMessage,
    RemoveMember,
    RemoveTag,
    TakeRoom,
)
from switchboard.engine.sessions.room import ReachDeadline as RoomDeadline
from switchboard.engine.sessions.stream import STREAM, PassOffer, SignOfLife
from switchboard.engine.sessions.stream import journeys as streams

FOLDER = Path(__file__).parent

WEEK = 7 * 24 * 60 * 60_000

GIG_JOURNALS: Mapping[str, tuple[Step, ...]] = {
    **{str(status): steps for status, steps in JOURNEYS.items()},
    "an offer withdrawn, the other rejected": (
        REQUEST,
        Step(WithdrawOffer(operator=OPERATOR, because="engaged")),
        Step(RejectOffer(operator=SECOND_OPERATOR)),
    ),
    "the operator backs out": (*TO_FOUND, Step(RejectOffer(operator=OPERATOR))),
    "both handshake": (*TO_HANDSHAKING, Step(HandshakeGig(account=CUSTOMER, video=VIDEO))),
    "no video": (*TO_STREAMING, Step(CancelGig(account=CUSTOMER))),
    "locked": (*TO_PURCHASED, RATE, DEADLINE),
    "never rated, invoiced": (*TO_PURCHASED, DEADLINE, Step(ADVANCE.command, wait=WEEK)),
}

STREAM_JOURNALS: Mapping[str, tuple[Step, ...]] = {
    **{str(status): steps for status, steps in streams.JOURNEYS.items()},
    "passed on, found offline, sought, accepted late": (
        streams.REQUEST,
        DEADLINE,
        streams.OFFER_TO_THE_SECOND,
        Step(PassOffer(dealer=streams.SECOND_DEALER)),
        DEADLINE,
        streams.ACCEPT,
    ),
    "a lead before the stop": (*streams.TO_STREAMING, streams.LINK_LEAD, streams.STOP),
    "streamed to the end": (
        *streams.TO_STREAMING,
        *(Step(SignOfLife(dealer=streams.DEALER), wait=500_000) for _ in range(28)),
        DEADLINE,
    ),
}

PERSON_JOURNALS: Mapping[str, tuple[tuple[int, Any], ...]] = {
    "never online": ((0, Heartbeat(id=OPERATOR, latitude=10.79, longitude=106.69)),),
    "all a person does": (
        (0, GoOnline(id=OPERATOR, latitude=10.79, longitude=106.69)),
        (60_000, Heartbeat(id=OPERATOR, latitude=10.8, longitude=106.7)),
        (180_000, PersonDeadline(due=BEGINNING + 180_000)),
        (200_000, Heartbeat(id=OPERATOR)),
        (210_000, GoOffline(id=OPERATOR)),
    ),
}


CLIENT = "6a0000000000000000000001"
DESK_OPERATOR = "6a0000000000000000000002"
SUPPORT = OpenRoom(
    id="6a00000000000000000000aa",
    realm="ally",
    app="sensetest",
    purpose="support",
    key=CLIENT,
    people=(Member(account=CLIENT, id="6a0000000000000000000003"),),
)


def _says(number: int, sender: str, role: Any, text: str, **more: Any) -> PostMessage:
    """A message with that number in its id."""
    id = f"6a00000000000000000001{number:02d}"
    return PostMessage(id=id, sender=sender, role=role, text=text, **more)


ROOM_JOURNALS: Mapping[str, tuple[tuple[int, Any], ...]] = {
    "all that a desk does": (
        (0, SUPPORT),
        (1_000, AddTag(tag="concierge")),
        (2_000, _says(1, CLIENT, "client", "ЕПД", issue_id="6a0000000000000000000201")),
        (3_000, _says(2, DESK_OPERATOR, "staff", "Добрый день", client_id="c1")),
        (4_000, CloseIssue(issue="6a0000000000000000000201", operator=DESK_OPERATOR)),
        (5_000, RemoveTag(tag="concierge")),
        (6_000, _says(3, CLIENT, "client", "и ещё", issue_id="6a0000000000000000000202")),
        (7_000, FreeRoom(operator=DESK_OPERATOR)),
        (8_000, TakeRoom(operator=DESK_OPERATOR)),
        (908_000, RoomDeadline(due=BEGINNING + 908_000)),
        (909_000, AddMember(member=Member(account=OPERATOR, id="6a0000000000000000000004"))),
        (910_000, RemoveMember(account=OPERATOR)),
        (911_000, CloseRoom()),
    ),
    "a stream's chat with an echo to come": (
        (0, OpenRoom(id=SUPPORT.id, realm="people", purpose="stream", key=CLIENT, serial=7)),
        (
            1_000,
            _says(
                1,
                "guest",
                "client",
                "hello",
                serial=8,
                verified=False,
                via="dealer",
                echo_window=10_000,
                file="https://files.example.test/1.jpg",
                attributes='{"side":true}',
            ),
        ),
    ),
}


def timed_events(kind: Kind[Any], steps: tuple[tuple[int, Any], ...]) -> Iterable[Event]:
    """The events of a journal that is told as commands and their times."""
    state, version = None, 0
    for after, command in steps:
        context = Context(now=BEGINNING + after, by="system:journey", next_version=version + 1)
        for event in kind.decide(state, command, context):
            state, version = kind.evolve(state, event), version + 1
            yield event


def lines(kind: Kind[Any], journal: str, events: Iterable[Event]) -> Iterable[str]:
    """One line an event, and one for the snapshot after the last."""
    codec, state = Codec(kind), None
    for event in events:
        state = kind.evolve(state, event)
        name, number, body = codec.encode_event(event)
        yield _line(journal=journal, name=name, format=number, body=body.decode())
    assert state is not None
    body = codec.encode_state(state)
    yield _line(journal=journal, snapshot=kind.state_format, body=body.decode())


def _line(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"


def record(kind: Kind[Any], journals: Mapping[str, Iterable[Event]]) -> None:
    """Appends what is missing to the kind's file."""
    path = FOLDER / f"{kind.name}.jsonl"
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    known = {json.loads(line)["journal"] for line in old.splitlines()}
    with path.open("a", encoding="utf-8") as file:
        for journal, events in journals.items():
            if journal not in known:
                file.writelines(lines(kind, journal, events))


if __name__ == "__main__":
    record(GIG, {name: [event for event, _ in travel(s)] for name, s in GIG_JOURNALS.items()})
    record(
        STREAM,
        {
            name: [event for event, _ in streams.travel(s) if type(event) not in STREAM.volatile]
            for name, s in STREAM_JOURNALS.items()
        },
    )
    record(PERSON, {name: timed_events(PERSON, s) for name, s in PERSON_JOURNALS.items()})
    record(ROOM, {name: timed_events(ROOM, s) for name, s in ROOM_JOURNALS.items()})
