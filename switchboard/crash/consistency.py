"""Holds all that is stored against what follows from the journals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from switchboard.crash.facts import Facts
from switchboard.crash.findings import Finding
from switchboard.crash.history import History, contradictions, notices, tallies
from switchboard.engine.sessions.kind import Address

Histories = Mapping[Address, History]


def inconsistencies(facts: Facts, histories: Histories) -> Iterator[Finding]:
    """Sessions, claims, topics and notices that are not what the journals make them."""
    for history in histories.values():
        for what in contradictions(history):
            yield Finding("contradiction", f"{history.stored.address}: {what}")
    for claim, holder in facts.stray_claims:
        yield Finding("contradiction", f"{claim} is held by {holder}, which does not exist")
    for topic in facts.topics:
        if (topic.first, topic.last, topic.kept) != (1, topic.sequence, topic.sequence):
            yield Finding("contradiction", f"the sequence has gaps: {topic}")
    stored: dict[str, Counter[tuple[str, bytes]]] = defaultdict(Counter)
    for told in facts.notices:
        body = msgspec.json.decode(told.body)
        stored[body.get("gig", "")][told.topic, told.body] += 1
    for address, history in histories.items():
        if address.kind == "gig" and stored[address.id] != notices(history):
            yield Finding("contradiction", f"{address}: told {stored[address.id]}")


def wrong_sums(facts: Facts, histories: Histories) -> Iterator[Finding]:
    """Ratings that count otherwise than they were given; the histories must be all that there are."""
    counted: dict[tuple[str, str], tuple[int, int]] = {}
    for history in histories.values():
        for name, key, value in tallies(history):
            count, total = counted.get((name, key), (0, 0))
            counted[name, key] = count + 1, total + value
    if counted != facts.tallies:
        yield Finding("contradiction", f"ratings count as {facts.tallies}, not {counted}")
