"""What a trial finds: each kind of loss, doubling and contradiction, in what clients wrote down and what is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from switchboard.crash.checks import Check, stored_key
from switchboard.crash.facts import Facts, StoredSession, Told, Topic
from switchboard.crash.findings import Finding
from switchboard.crash.history import KINDS, fold, notices
from switchboard.crash.ledger import Ledger, Operation
from switchboard.crash.shown import Shown
from switchboard.crash.shown import findings as shown_findings
from switchboard.engine.ports import JournalEntry
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.gig.journeys import CUSTOMER, ID, JOURNEYS, OPERATOR, travel
from switchboard.engine.sessions.kind import Address, Claim

GIG_ADDRESS = Address("gig", ID)

STEPS = (
    ("request", CUSTOMER, ("GigRequested",)),
    ("claim", OPERATOR, ("GigClaimed",)),
    ("confirm", CUSTOMER, ("GigConfirmed",)),
)
"""What was asked for in the world of these tests; request N has the id ``request-N``."""


def entries() -> list[JournalEntry]:
    """The journal of a gig on its way, as those steps leave it."""
    _, codec = KINDS["gig"]
    made = []
    for number, (event, _) in enumerate(travel(JOURNEYS["operatorEnroute"])):
        name, format_number, body = codec.encode_event(event)
        made.append(
            JournalEntry(
                version=number + 1,
                name=name,
                format=format_number,
                body=body,
                at=event.at,
                by=STEPS[number][1],
                caused_by=f"request-{number}",
                code_version="1",
            )
        )
    return made


def stored(journal: Sequence[JournalEntry]) -> StoredSession:
    """A session with that journal, and all else as it follows from it."""
    session = StoredSession(
        address=GIG_ADDRESS,
        version=len(journal),
        phase="void",
        deadline=None,
        summary=None,
        entries=journal,
        claims=frozenset(),
        lists=frozenset(),
    )
    state = fold(session).state
    deadline = GIG.deadline(state)
    return replace(
        session,
        phase=state.phase,
        deadline=None if deadline is None else deadline.at,
        summary=msgspec.json.encode(GIG.summary(state)),
        claims=GIG.claims(state),
        lists=GIG.lists(state),
    )


def facts(session: StoredSession | None, keys: dict[str, str]) -> Facts:
    """A database with that session alone."""
    told: list[Told] = []
    counts: dict[str, int] = {}
    for (topic, body), number in notices(fold(session)).items() if session else ():
        for _ in range(number):
            counts[topic] = counts.get(topic, 0) + 1
            told.append(Told(topic, counts[topic], body))
    return Facts(
        sessions={} if session is None else {session.address: session},
        stray_claims=[],
        notices=told,
        topics=[Topic(name, count, count, 1, count) for name, count in counts.items()],
        tallies={},
        keys=keys,
        identities={},
    )


class World:
    """Three acknowledged steps, and the database that they left."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.journal = entries()
        self.operations: list[Operation] = []
        moments = fold(stored(self.journal)).moments
        for number, (call, account, effects) in enumerate(STEPS):
            gig = None if call == "request" else ID
            operation = self.ledger.operation(call, account, gig=gig, effects=effects, keyed=True)
            self.operations.append(operation)
            self.answer(operation, 200, f"request-{number}", moments[number].state.phase)

    def answer(
        self, operation: Operation, status: int, request: str | None, phase: str = "", gig: str = ID
    ) -> None:
        """One more attempt, and its answer (None: there was none)."""
        attempt = self.ledger.begin(operation, 0.0, 1)
        if request is None:
            attempt.outcome = "unknown"
        else:
            told = {"id": gig, "status": phase, "duration": None, "price": None}
            attempt.note(status, request, {"gig": told} if status == 200 else [{}])
        self.ledger.note(operation, attempt)

    def keys(self) -> dict[str, str]:
        """The idempotency keys as they are stored."""
        return {stored_key(one): ID for one in self.operations}

    def findings(self, found: Facts | None = None) -> list[Finding]:
        """What is found wrong."""
        if found is None:
            found = facts(stored(self.journal), self.keys())
        return list(Check(self.ledger, self.ledger.operations, found).findings(everything=True))


def kinds(found: Sequence[Finding]) -> set[str]:
    """The kinds of what was found."""
    return {one.kind for one in found}


def test_where_all_is_as_it_was_acknowledged_nothing_is_found() -> None:
    assert World().findings() == []


def test_an_acknowledged_step_that_is_missing_is_lost_and_named() -> None:
    world = World()
    world.journal.pop()
    [finding] = world.findings()
    assert finding.kind == "lost"
    assert finding.what.startswith(f"#2 confirm by {CUSTOMER} of gig {ID} with key key-2")


def test_a_gig_of_which_nothing_is_left_has_lost_every_step() -> None:
    found = World().findings(facts(None, {}))
    assert [one.kind for one in found] == ["lost"] * len(STEPS)


def test_a_key_that_stands_for_nothing_or_for_another_gig_is_lost() -> None:
    world = World()
    keys = {**world.keys(), stored_key(world.operations[0]): "another"}
    del keys[stored_key(world.operations[1])]
    found = world.findings(facts(stored(world.journal), keys))
    assert [one.kind for one in found] == ["lost", "lost"]


def test_two_gigs_that_one_request_was_told_are_doubled() -> None:
    world = World()
    world.answer(world.operations[0], 200, "request-9", "pendingOperator", gig="another")
    assert kinds(world.findings()) == {"doubled"}


def test_a_gig_of_a_lost_attempt_beside_the_one_that_was_told_is_doubled() -> None:
    world = World()
    request = world.operations[0]
    request.attempts.clear()
    world.ledger.by_request.pop("request-0")
    # The first attempt made the gig that is stored, and the second was told of another one.
    world.answer(request, 0, None)
    world.answer(request, 200, "request-9", "pendingOperator", gig="another")
    request.gig = "another"
    assert "doubled" in kinds(world.findings())


def test_a_gig_of_a_lost_attempt_alone_is_no_fault() -> None:
    world = World()
    request = world.operations[0]
    request.attempts.clear()
    request.gig = None
    world.ledger.by_request.pop("request-0")
    world.answer(request, 0, None)
    assert world.findings() == []


def test_the_step_of_a_lost_attempt_that_was_repeated_is_no_fault() -> None:
    world = World()
    confirm = world.operations[2]
    confirm.attempts.clear()
    world.ledger.by_request.pop("request-2")
    world.answer(confirm, 0, None)
    world.answer(confirm, 200, "request-9", "operatorEnroute")
    assert world.findings() == []


def test_a_step_that_was_refused_and_stands_there_is_invented() -> None:
    world = World()
    confirm = world.operations[2]
    confirm.attempts.clear()
    world.answer(confirm, 409, "request-2")
    assert kinds(world.findings()) == {"invented"}


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ({"status": "operatorFound"}, True),
        ({"status": "cancelled"}, False),
        ({"gig": ID}, True),
        ({"gig": "another"}, False),
    ],
)
def test_a_refusal_for_something_that_did_not_happen_has_lost_it(
    data: dict[str, str], good: bool
) -> None:
    world = World()
    cancel = world.ledger.operation("cancel", CUSTOMER, gig=ID, effects=("GigCancelled",))
    attempt = world.ledger.begin(cancel, 0.0, 1)
    attempt.note(409, "request-7", [{"code": "E_CONFLICT", "data": data}])
    world.ledger.note(cancel, attempt)
    assert kinds(world.findings()) == (set() if good else {"lost"})


def test_a_step_that_nobody_asked_for_is_invented() -> None:
    world = World()
    world.ledger.by_request.pop("request-2")
    for operation in (world.operations[2],):
        operation.attempts.clear()
        operation.effects = ()
    assert kinds(world.findings()) == {"invented"}


def test_an_answer_that_told_something_else_than_was_committed_contradicts_it() -> None:
    world = World()
    world.operations[2].attempts[0].answer["gig"]["status"] = "handshaking"
    [finding] = world.findings()
    assert finding.kind == "contradiction"
    assert "told status handshaking, stored operatorEnroute" in finding.what


SPOILT: dict[str, Callable[[StoredSession], StoredSession]] = {
    "versions": lambda one: replace(one, version=one.version + 1),
    "phase": lambda one: replace(one, phase="streaming"),
    "holds": lambda one: replace(one, claims=one.claims | {Claim("engagement", "somebody")}),
    "stands in": lambda one: replace(one, lists=frozenset()),
    "due at": lambda one: replace(one, deadline=None),
    "is listed": lambda one: replace(one, summary=b"{}"),
    "what cannot be": lambda one: replace(one, entries=[*one.entries[:1], one.entries[2]]),
}


@pytest.mark.parametrize("what", SPOILT)
def test_whatever_is_stored_otherwise_than_the_journal_tells_contradicts_it(what: str) -> None:
    world = World()
    found = facts(stored(world.journal), world.keys())
    spoilt = SPOILT[what](found.sessions[GIG_ADDRESS])
    told = world.findings(replace(found, sessions={GIG_ADDRESS: spoilt}))
    assert any(one.kind == "contradiction" and what in one.what for one in told)


FACTS: dict[str, Callable[[Facts], dict[str, Any]]] = {
    "gaps": lambda one: {"topics": [one.topics[0]._replace(kept=0), *one.topics[1:]]},
    "told": lambda one: {"notices": one.notices[1:]},
    "held by": lambda _: {"stray_claims": [(Claim("engagement", "x"), "nobody")]},
    "ratings": lambda _: {"tallies": {("operator-rating", OPERATOR): (1, 5)}},
}


@pytest.mark.parametrize("what", FACTS)
def test_gaps_stray_claims_and_wrong_sums_are_found(what: str) -> None:
    world = World()
    found = facts(stored(world.journal), world.keys())
    [finding] = world.findings(replace(found, **FACTS[what](found)))
    assert finding.kind == "contradiction"
    assert what in finding.what


@pytest.mark.parametrize(
    ("accounts", "expected"), [(["a"], set()), ([], {"lost"}), (["a", "b"], {"doubled"})]
)
def test_a_registration_stands_for_one_account(accounts: list[str], expected: set[str]) -> None:
    world = World()
    operation = world.ledger.operation("register", "somebody@example.test")
    attempt = world.ledger.begin(operation, 0.0, 1)
    attempt.note(200, "request-8", {"id": "a"})
    world.ledger.note(operation, attempt)
    found = facts(stored(world.journal), world.keys())
    found = replace(found, identities={"somebody@example.test": accounts})
    assert kinds(world.findings(found)) == expected


def test_a_gig_that_is_shown_behind_what_was_acknowledged_is_lost() -> None:
    world = World()
    check = Check(world.ledger, world.operations, facts(stored(world.journal), world.keys()))
    seen = Shown({(CUSTOMER, ID): "operatorFound"}, {CUSTOMER: [(ID, "operatorEnroute")]})
    [finding] = shown_findings(seen, check, world.operations)
    assert finding.kind == "lost"
    seen = Shown({(CUSTOMER, ID): "operatorEnroute"}, {CUSTOMER: [(ID, "operatorEnroute")] * 2})
    [finding] = shown_findings(seen, check, world.operations)
    assert finding.kind == "contradiction"
