"""Streams and rooms live in the same worlds as gigs: all that can become of them does, and no rule is violated."""

from __future__ import annotations

from collections import Counter

from switchboard.engine.sessions.stream import LIVE, TRANSITIONS
from switchboard.simulations.kinds import CASTS, chosen
from switchboard.simulations.plan import Plan
from switchboard.simulations.report import Report
from switchboard.simulations.world import simulate


def worlds(kinds: tuple[str, ...], seeds: int) -> list[Report]:
    """Storms without faults but lost messages, long enough for people to fall silent."""
    plans = [
        Plan(seed=seed, people=9, hours=0.2, faults=("dropped",), kinds=kinds)
        for seed in range(1, seeds + 1)
    ]
    return [simulate(plan) for plan in plans]


def totals(some: list[Report]) -> tuple[Counter[str], Counter[str]]:
    """(what happened, what was heard instead of an answer)"""
    counts, heard = Counter[str](), Counter[str]()
    for one in some:
        counts.update(one.counts)
        heard.update(one.refusals)
    return counts, heard


def test_worlds_reach_every_status_of_a_stream_in_which_one_can_stay() -> None:
    counts, heard = totals(worlds(("gig", "person", "stream"), 2))
    reached = {name[8:] for name in counts if name.startswith("streams ")}
    assert reached == {phase for phase in TRANSITIONS if phase is not None} - LIVE
    assert heard["NobodyAvailable"] > 0
    assert heard["Engaged"] + heard["TakenByAnother"] + heard["NotOnline"] > 0


def test_rooms_are_opened_held_lost_and_closed_and_people_are_refused_for_each_other() -> None:
    counts, heard = totals(worlds(("room",), 2))
    happened = (
        "rooms",
        "rooms closed",
        "messages",
        "issues",
        "issues closed",
        "holders",
        "holders timed out",
    )
    assert [name for name in happened if not counts[name]] == []
    assert counts["issues"] >= counts["issues closed"]
    assert heard["RoomHeld"] > 0


def test_a_world_has_all_kinds_if_nothing_else_is_said_and_each_brings_what_it_needs() -> None:
    assert chosen(None) == CASTS
    assert [one.kind.name for one in chosen(["stream"])] == ["gig", "person", "stream"]
    assert [one.kind.name for one in chosen(["room"])] == ["room"]
    counts, _ = totals([simulate(Plan(seed=5, hours=0.1))])
    assert counts["messages"] > 0
    assert any(name.startswith("streams ") for name in counts)
    assert any(name.startswith("gigs ") for name in counts)
