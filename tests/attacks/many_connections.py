"""Attacks by number."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from attack import Attack, Outcome
from hostile import eventually
from target import Target

THOUSAND = 1000
HELD_MOST = 500
"""A patient victim's caps are below, and what it holds without them is above."""
ADDRESSES = 20
"""As many of the loopback network as make each one's part far smaller than its cap."""


class Crowd(NamedTuple):
    """What became of a thousand idle connections."""

    held: int
    meanwhile: int | None
    """The status that somebody else got meanwhile; None: no answer."""
    afterwards: bool
    """Whether the server answered when they had gone."""


def crowd(target: Target, sources: Sequence[str]) -> Crowd:
    """Opens them from those addresses in turn, and closes them."""
    with ExitStack() as stack:
        names = set()
        for number in range(THOUSAND):
            peer = stack.enter_context(target.connect(source=sources[number % len(sources)]))
            names.add(peer.name)
        # It takes connections in the order in which they came: with this answer it has taken, or refused, all.
        other = target.request("GET", target.hello)
        held = len(names & target.held())
    afterwards = eventually(lambda: target.answers(1.0), target.patience)
    return Crowd(held, None if other is None else other.status, afterwards)


def thousand_from_one_address(target: Target) -> Outcome:
    """One client alone must not take the place of all."""
    seen = crowd(target, ["127.0.0.2"])
    struck = seen.held > HELD_MOST or seen.meanwhile != 200 or not seen.afterwards
    return Outcome(struck, f"{seen.held} are held, another client gets {seen.meanwhile}")


def thousand_from_many_addresses(target: Target) -> Outcome:
    """Many clients together must not make it grow without bound."""
    seen = crowd(target, [f"127.0.1.{number}" for number in range(1, ADDRESSES + 1)])
    struck = seen.held > HELD_MOST or not seen.afterwards
    return Outcome(struck, f"{seen.held} are held, another client gets {seen.meanwhile}")


ATTACKS = (
    Attack(
        hazard="1,000 connections from one address",
        run=thousand_from_one_address,
        alone=True,
        profile="patient",
    ),
    Attack(
        hazard=f"1,000 connections from {ADDRESSES} addresses",
        run=thousand_from_many_addresses,
        alone=True,
        profile="patient",
    ),
)
