"""Signs of life are volatile: a session that is loaded again must not end for having lost them."""

from __future__ import annotations

import trio
from engines import World
from trio.testing import MockClock

from switchboard.engine.engine import Engine
from switchboard.engine.errors import CommitUnknown
from switchboard.engine.ports import QuarantineRow
from switchboard.engine.sessions.gig import (
    GIG,
    Candidate,
    ClaimGig,
    ConfirmGig,
    Gig,
    HandshakeGig,
    RequestGig,
    SignOfLife,
    StartGig,
)
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.person import PERSON, GoOnline, Heartbeat, Person
from switchboard.engine.sessions.video import VideoSession

LATITUDE, LONGITUDE = 10.787859, 106.70653
ROOM = VideoSession("p2p", "room", "key")


async def unknown(engine: Engine, address: Address, command: object) -> None:
    """Gives a command whose commit is lost without an effect."""
    try:
        await engine.ask(address, command, by="test")  # type: ignore[arg-type]
    except CommitUnknown:
        return
    raise AssertionError("the commit was known")


async def streaming(engine: Engine, world: World) -> tuple[Address, str, str]:
    """A gig that has just been started, and its parties."""
    address, customer, operator = Address("gig", world.id()), world.id(), world.id()
    candidate = Candidate(
        operator=operator, latitude=LATITUDE, longitude=LONGITUDE, distance_metres=0
    )
    for command in (
        RequestGig(
            id=address.id,
            customer=customer,
            latitude=LATITUDE,
            longitude=LONGITUDE,
            candidates=(candidate,),
        ),
        ClaimGig(operator=operator),
        ConfirmGig(account=customer),
        HandshakeGig(account=customer, video=ROOM),
        StartGig(account=customer),
    ):
        await engine.ask(address, command, by="test")
    return address, customer, operator


async def test_a_stream_whose_commit_was_lost_is_not_terminated_for_its_forgotten_signs(
    autojump_clock: MockClock,
) -> None:
    world = World(kinds=(GIG, PERSON))
    async with world.engine() as engine:
        address, customer, operator = await streaming(engine, world)
        for _ in range(60):
            await trio.sleep(30)
            await engine.ask(address, SignOfLife(account=customer), by="test")
        world.gate.drop_commits = 1
        await unknown(engine, address, HandshakeGig(account=operator, video=ROOM))
        await trio.sleep(5)
        gig = await engine.read(address)
        assert isinstance(gig, Gig)
        assert gig.phase == "streaming"
        await trio.sleep(10 * 60)
        gig = await engine.read(address)
        assert isinstance(gig, Gig)
        assert gig.phase == "terminated"


async def test_somebody_whose_commit_was_lost_is_away_only_after_the_time_out(
    autojump_clock: MockClock,
) -> None:
    world = World(kinds=(GIG, PERSON))
    async with world.engine() as engine:
        address = Address("person", world.id())
        await engine.ask(address, GoOnline(id=address.id, timeout=120_000), by="test")
        await trio.sleep(59)
        await engine.ask(address, Heartbeat(id=address.id), by="test")
        await trio.sleep(59)
        world.gate.drop_commits = 1
        await unknown(engine, address, Heartbeat(id=address.id))
        await trio.sleep(10)
        person = await engine.read(address)
        assert isinstance(person, Person)
        assert person.phase == "online"


async def test_somebody_released_from_quarantine_has_the_whole_time_out_to_be_heard(
    autojump_clock: MockClock,
) -> None:
    world = World(kinds=(GIG, PERSON))
    async with world.engine() as engine:
        address = Address("person", world.id())
        await engine.ask(address, GoOnline(id=address.id, timeout=120_000), by="test")
    world.database.quarantine[address] = QuarantineRow(
        address=address,
        at=world.clock.now(),
        incident="",
        traceback="",
        fingerprint="",
        message="Heartbeat",
        code_version=world.code_version,
    )
    async with world.engine() as engine:
        await trio.sleep(500)
        assert await engine.release(address)
        await trio.sleep(119)
        person = await engine.read(address)
        assert isinstance(person, Person)
        assert person.phase == "online"
        await trio.sleep(2)
        person = await engine.read(address)
        assert isinstance(person, Person)
        assert person.phase == "away"
