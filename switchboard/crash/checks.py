"""Holds what clients wrote down against what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from switchboard.crash.consistency import inconsistencies, wrong_sums
from switchboard.crash.facts import Facts
from switchboard.crash.findings import Finding
from switchboard.crash.history import History, Moment, fold
from switchboard.crash.ledger import Attempt, Ledger, Operation
from switchboard.crash.stories import COMPANIONS
from switchboard.engine.sessions.kind import Address
from switchboard.web.wire import money

PRESENCE = {"online": "online", "offline": "offline"}
"""Call -> the phase that it leads to."""


ACKNOWLEDGED = "acknowledged"


def stored_key(operation: Operation) -> str:
    """An operation's idempotency key as the engine keeps it."""
    return f"people/{operation.account}/{operation.call}/{operation.key}"


class Check:
    """One look at the database, with the operations that are held against it."""

    def __init__(self, ledger: Ledger, operations: Sequence[Operation], facts: Facts) -> None:
        self._ledger = ledger
        self._operations = operations
        self._facts = facts
        self.histories: Mapping[Address, History] = {
            address: fold(stored) for address, stored in facts.sessions.items()
        }

    def findings(self, *, everything: bool) -> Iterator[Finding]:
        """All that is wrong. ``everything``: the facts hold all sessions, so that sums can be checked too."""
        for operation in self._operations:
            if operation.call == "register":
                yield from self._registration(operation)
            elif operation.effects:
                yield from self._operation(operation)
                yield from self._refusals(operation)
        yield from self._presence()
        yield from self._unasked()
        yield from inconsistencies(self._facts, self.histories)
        if everything:
            yield from wrong_sums(self._facts, self.histories)

    # -- operations ---------------------------------------------------------------------------------------------

    def _operation(self, operation: Operation) -> Iterator[Finding]:
        acknowledged = operation.acknowledged
        moments = self.moments(operation)
        if acknowledged is not None and not moments:
            yield Finding("lost", str(operation))
        if len(moments) > 1:
            yield Finding("doubled", f"{operation}: {[one.entry.version for one in moments]}")
        if acknowledged is None or not moments:
            return
        told = {
            one.answer["gig"]["id"] for one in operation.attempts if one.outcome == ACKNOWLEDGED
        }
        if told != {operation.gig}:
            yield Finding("doubled", f"{operation}: told {sorted(told)}")
        entry = moments[0].entry
        if entry.caused_by == acknowledged.request:
            yield from self._answer(operation, acknowledged, moments[0])
        elif entry.caused_by not in operation.requests and not operation.uncertain:
            yield from self._by_another(operation, moments[0])
        if operation.key is not None and entry.caused_by in operation.requests:
            holder = self._facts.keys.get(stored_key(operation))
            if holder != operation.gig:
                yield Finding("lost", f"{operation}: its key stands for {holder}")

    def _refusals(self, operation: Operation) -> Iterator[Finding]:
        """A refusal never rests on something that did not happen."""
        for gig, status in operation.reasons:
            history = self.histories.get(Address("gig", gig or ""))
            if history is None or status not in (None, *history.phases_from(1)):
                yield Finding(
                    "lost", f"{operation}: refused for gig {gig} {status or 'being live'}"
                )

    def moments(self, operation: Operation) -> list[Moment]:
        """Where the operation's effect stands in the journal of its gig."""
        if operation.gig is None:
            return []
        history = self.histories.get(Address("gig", operation.gig))
        if history is None:
            return []
        return [
            moment
            for moment in history.moments
            if moment.entry.name in operation.effects and moment.entry.by == operation.account
        ]

    def _by_another(self, operation: Operation, moment: Moment) -> Iterator[Finding]:
        """It was a repeat of somebody's earlier operation, or else nobody knows whose it is."""
        for other in self._of_gig(operation.gig):
            if other is not operation and self._explains(other, moment):
                return
        yield Finding("invented", f"{operation}: done by request {moment.entry.caused_by}")

    def _answer(self, operation: Operation, attempt: Attempt, moment: Moment) -> Iterator[Finding]:
        """What the answer told is what was committed."""
        after = self._last_of_request(moment)
        told, state = attempt.answer["gig"], after.state
        expected = {
            "id": state.id,
            "status": state.phase,
            "duration": state.duration_seconds,
            "price": _number(money(state.price_cents)),
        }
        for name, value in expected.items():
            if told[name] != value:
                yield Finding(
                    "contradiction", f"{operation}: told {name} {told[name]}, stored {value}"
                )
        if operation.call == "rate" and attempt.answer["ratingId"] != moment.event.rating_id:
            yield Finding("contradiction", f"{operation}: told rating {attempt.answer['ratingId']}")

    def _last_of_request(self, moment: Moment) -> Moment:
        """The last of the entries that one request left, one after the other."""
        last, cause = moment, moment.entry.caused_by
        address = Address("gig", moment.state.id)
        for other in self.histories[address].moments[moment.entry.version :]:
            if other.entry.caused_by != cause:
                break
            last = other
        return last

    # -- entries ------------------------------------------------------------------------------------------------

    def _unasked(self) -> Iterator[Finding]:
        """Every entry that a person caused belongs to an operation that was not refused."""
        requests: dict[str, list[Moment]] = defaultdict(list)
        made: dict[Operation, set[str]] = defaultdict(set)
        for address, history in self.histories.items():
            if address.kind != "gig":
                continue
            for moment in history.moments:
                by, request = moment.entry.by, moment.entry.caused_by
                if by.startswith("system:") or moment.entry.name in COMPANIONS:
                    continue
                known = self._ledger.by_request.get(request or "")
                if known is not None:
                    if known[1].outcome == "refused":
                        yield Finding("invented", f"{known[0]} was refused, and stands there")
                    if moment.entry.name == "GigRequested":
                        made[known[0]].add(address.id)
                elif moment.entry.name == "GigRequested":
                    requests[by].append(moment)
                elif not any(self._explains(one, moment) for one in self._of_gig(address.id)):
                    yield Finding("invented", f"{moment.entry.name} by {by} in gig {address.id}")
        for operation, gigs in made.items():
            if gigs | ({operation.gig} - {None}) != gigs or len(gigs) > 1:
                yield Finding("doubled", f"{operation}: made {sorted(gigs)}")
        for customer, moments in requests.items():
            yield from self._unasked_gigs(customer, moments)

    def _unasked_gigs(self, customer: str, moments: Sequence[Moment]) -> Iterator[Finding]:
        """Gigs of requests without an answer: one at most for each operation that nothing else fulfilled."""
        free = 0
        gigs = {moment.state.id for moment in moments}
        for operation in self._ledger.operations:
            if operation.call != "request" or operation.account != customer:
                continue
            if operation.gig in gigs and operation.unanswered:
                gigs.discard(
                    operation.gig
                )  # Its first, lost, attempt made the gig that a later one was told.
            elif operation.unanswered and operation.gig is None:
                free += 1
        if len(gigs) > free:
            yield Finding(
                "doubled", f"{len(gigs)} gigs of {customer} for {free} requests: {sorted(gigs)}"
            )

    def _explains(self, operation: Operation, moment: Moment) -> bool:
        """Whether the entry can be that operation's doing."""
        return (
            operation.account == moment.entry.by
            and moment.entry.name in operation.effects
            and (operation.uncertain or moment.entry.caused_by in operation.requests)
        )

    def _of_gig(self, gig: str | None) -> Iterable[Operation]:
        return self._ledger.of_gig(gig)

    # -- the rest -----------------------------------------------------------------------------------------------

    def _registration(self, operation: Operation) -> Iterator[Finding]:
        accounts = self._facts.identities.get(operation.account, ())
        acknowledged = operation.acknowledged
        if len(accounts) > 1:
            yield Finding("doubled", f"{operation}: {accounts}")
        if acknowledged is not None and acknowledged.answer["id"] not in accounts:
            yield Finding("lost", f"{operation}: {accounts or 'nobody'} has the address")

    def _presence(self) -> Iterator[Finding]:
        """Whoever last heard that it is online, or offline, is."""
        last: dict[str, Operation] = {}
        for operation in self._operations:
            if operation.call in PRESENCE and operation.attempts:
                last[operation.account] = operation
        for account, operation in last.items():
            if operation.acknowledged is None:
                continue
            history = self.histories.get(Address("person", account))
            if history is None or history.stored.phase != PRESENCE[operation.call]:
                phase = None if history is None else history.stored.phase
                yield Finding("lost", f"{operation}: the operator is {phase}")


def _number(raw: msgspec.Raw | None) -> Any:
    return None if raw is None else msgspec.json.decode(bytes(raw))
