"""Gigs in a world: customers and operators, the back office, and what must be true of gigs beyond what is of all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from switchboard.engine.engine import Engine
from switchboard.engine.sessions import Address
from switchboard.engine.sessions.gig import GIG, LIVE, TRANSITIONS, Gig, SignOfLife, Terms
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.simulations.cast import Call, Cast, Hearing, Inhabitant, Workflows
from switchboard.simulations.kinds.gig.effects import EFFECTS
from switchboard.simulations.kinds.gig.office import Office
from switchboard.simulations.kinds.gig.people import settle
from switchboard.simulations.kinds.gig.rules import GigRules
from switchboard.simulations.kinds.person import timeout
from switchboard.simulations.scenarios import Scenario

if TYPE_CHECKING:
    from switchboard.simulations.world import World

BRISK = Terms(
    claim_timeout=20_000,
    confirm_timeout=30_000,
    enroute_timeout=120_000,
    handshake_timeout=60_000,
    no_video_window=20_000,
    streaming_most=240_000,
    watchdog=60_000,
    rating_window=30_000,
)
"""A gig in minutes: each of its times is still longer than an outage of a brisk scenario."""


def terms(scenario: Scenario) -> Terms:
    """What is recorded with every gig."""
    return BRISK if scenario.brisk else Terms()


def _dispatch(engine: Engine, scenario: Scenario, _others: Workflows) -> Dispatch:
    return Dispatch(engine, terms=terms(scenario), person_timeout=timeout(scenario))


def _people(world: World) -> Sequence[Inhabitant]:
    return [*settle(world), Office(world)]


def _crowd(world: World, chance: random.Random, most: int) -> Sequence[Call]:
    """Everybody at one gig."""
    if not world.gossip:
        return ()
    gig = chance.choice(list(world.gossip))
    accounts = [world.new_id() for _ in range(chance.randint(1, most))]
    return [Call(one, Address(GIG.name, gig), SignOfLife(account=one)) for one in accounts]


def _hears(gig: Any, event: str) -> Hearing | None:
    if event == "GigPurchased":
        return None  # The longest stream, whoever was heard.
    return Hearing([gig.customer, gig.operator], gig.terms.watchdog)


def _plain(gig: Gig) -> Gig:
    return replace(gig, seen_at=0)


def _rests(gig: Gig) -> bool:
    return gig.phase not in LIVE and (gig.phase != "purchased" or gig.window_closed)


def _rest_seconds(scenario: Scenario) -> float:
    """The longest deadline that a live gig may have, and what may follow it."""
    times = terms(scenario)
    longest = max(times.enroute_timeout, times.handshake_timeout + times.watchdog)
    return (longest + times.watchdog + times.rating_window) / 1000


GIGS = Cast(
    kind=GIG,
    transitions=TRANSITIONS,
    people=_people,
    crowd=_crowd,
    rules=GigRules,
    workflow=_dispatch,
    needs=frozenset({PERSON.name}),
    effects=EFFECTS,
    plain=_plain,
    seen_at=lambda gig: gig.seen_at,
    watched=frozenset({"streaming"}),
    hears=_hears,
    rests=_rests,
    rest_seconds=_rest_seconds,
)

__all__ = ["GIGS"]
