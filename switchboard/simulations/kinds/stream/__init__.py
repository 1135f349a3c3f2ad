"""Streams in a world: houses, dealers and visitors, and what must be true of streams beyond what is of all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from switchboard.engine.engine import Engine
from switchboard.engine.records import Account, Organization
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.stream import (
    LIVE,
    STREAM,
    TRANSITIONS,
    AcceptStream,
    RequestStream,
    StopStream,
    Stream,
    Terms,
    WriteNote,
)
from switchboard.engine.workflows.quotas import Counter
from switchboard.engine.workflows.showroom import Showroom
from switchboard.simulations.cast import Call, Cast, Hearing, Inhabitant, Workflows
from switchboard.simulations.kinds.person import timeout
from switchboard.simulations.kinds.stream.dealers import Dealer
from switchboard.simulations.kinds.stream.houses import houses
from switchboard.simulations.kinds.stream.rules import StreamRules
from switchboard.simulations.kinds.stream.visitors import Visitor
from switchboard.simulations.scenarios import Scenario

if TYPE_CHECKING:
    from switchboard.simulations.world import World

BRISK = Terms(offer_timeout=20_000, missed_after=70_000, watchdog=60_000, streaming_most=4 * 60_000)
"""A stream in minutes: each of its times is still longer than an outage of a brisk scenario."""


def terms(scenario: Scenario) -> Terms:
    """What is recorded with every stream."""
    return BRISK if scenario.brisk else Terms()


def _showroom(engine: Engine, scenario: Scenario, workflows: Workflows) -> Showroom:
    store = engine.store
    return Showroom(
        engine,
        workflows[GIG.name],
        store.accounts,
        Counter(store.limits, engine.clock),
        terms=terms(scenario),
        dealer_timeout=timeout(scenario),
    )


async def _furnish(world: World) -> None:
    now = world.now()
    for house in houses(world):
        await world.database.organizations.add(
            Organization(id=house.id, code=house.code, name=house.code, created_at=now)
        )
        for dealer in house.dealers:
            await world.database.accounts.add(
                Account(
                    id=dealer,
                    realm="people",
                    dealer="approved",
                    organization=house.id,
                    created_at=now,
                    updated_at=now,
                )
            )


def _people(world: World) -> Sequence[Inhabitant]:
    found: list[Inhabitant] = []
    for house in houses(world):
        found += [Dealer(world, house, account) for account in house.dealers]
        found += [Visitor(world, house, name) for name in house.visitors]
    return found


def _crowd(world: World, chance: random.Random, most: int) -> Sequence[Call]:
    """Dealers and strangers who all take one stream at a moment."""
    known = [shadow for shadow in world.judge.shadows.all() if shadow.address.kind == STREAM.name]
    if not known:
        return ()
    stream = chance.choice(known[-5:]).address
    calls: list[Call] = []
    for _ in range(chance.randint(1, most)):
        account = world.new_id()
        command = AcceptStream(dealer=account, dealer_name=account, online=True)
        calls.append(Call(account, stream, command))
    return calls


def _hears(stream: Any, event: str) -> Hearing | None:
    if event != "StreamExpired":
        return None  # The longest stream, whoever was heard.
    return Hearing([stream.dealer], stream.terms.watchdog)


def _plain(stream: Stream) -> Stream:
    return replace(stream, seen_at=0)


def _rest_seconds(scenario: Scenario) -> float:
    """A request that is taken at the last moment, and then streams on unheard."""
    times = terms(scenario)
    return (times.missed_after + times.watchdog) / 1000


STREAMS = Cast(
    kind=STREAM,
    transitions=TRANSITIONS,
    needs=frozenset({GIG.name, PERSON.name}),
    furnish=_furnish,
    people=_people,
    crowd=_crowd,
    rules=StreamRules,
    workflow=_showroom,
    effects={
        RequestStream: lambda stream, command: (
            (stream.organization, stream.guest) == (command.organization, command.guest)
        ),
        AcceptStream: lambda stream, command: stream.dealer == command.dealer,
        StopStream: lambda stream, _: stream.phase not in LIVE,
        WriteNote: lambda stream, _: stream.note is not None,
    },
    plain=_plain,
    seen_at=lambda stream: stream.seen_at,
    watched=frozenset({"streaming"}),
    hears=_hears,
    rests=lambda stream: stream.phase not in LIVE,
    rest_seconds=_rest_seconds,
)

__all__ = ["STREAMS"]
