"""What the server shows people after a fault, held against the journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from switchboard.crash.checks import Check
from switchboard.crash.findings import Finding
from switchboard.crash.ledger import Operation
from switchboard.crash.site import Site, Someone
from switchboard.engine.sessions.kind import Address

PAGE = 100
"""A page of getall (contracts/README.md)."""


class Shown(NamedTuple):
    """What parties see, looked up while nobody changes anything but the gigs' own deadlines."""

    details: Mapping[tuple[str, str], str]
    """(account, gig) -> the status, or what was answered instead."""
    lists: Mapping[str, Sequence[tuple[str, str]]]
    """Account -> (gig, status) of the newest page of its gigs."""


async def look(site: Site, operations: Sequence[Operation], people: Mapping[str, Someone]) -> Shown:
    """The gigs of those operations as the people who took part in them see them."""
    parties: dict[str, set[str]] = defaultdict(set)
    for operation in operations:
        # An operator that declined sees nothing of the gig any more; the back office never was a party.
        sees = operation.account in people and operation.effects != ("OfferRejected",)
        sees = sees and operation.call != "advance"
        if sees and operation.gig is not None and operation.acknowledged:
            parties[operation.account].add(operation.gig)
    details: dict[tuple[str, str], str] = {}
    lists: dict[str, Sequence[tuple[str, str]]] = {}
    for account, gigs in parties.items():
        token = people[account].token
        for gig in sorted(gigs):
            path = f"/dropin/gigs/{account}/{gig}"
            answer = await site.look(path, token, through_gate=False)
            if answer is not None:
                body = msgspec.json.decode(answer.body)
                details[account, gig] = body["gig"]["status"] if answer.status == 200 else str(body)
        answer = await site.look(f"/dropin/gigs/{account}/getall", token, through_gate=False)
        if answer is not None and answer.status == 200:
            body = msgspec.json.decode(answer.body)
            lists[account] = [(one["id"], one["status"]) for one in body]
    return Shown(details, lists)


def findings(shown: Shown, check: Check, operations: Sequence[Operation]) -> Iterator[Finding]:
    """Whatever is shown otherwise than it was acknowledged."""
    acknowledged: dict[str, int] = defaultdict(int)
    for operation in operations:
        if operation.acknowledged:
            for moment in check.moments(operation):
                gig = moment.state.id
                acknowledged[gig] = max(acknowledged[gig], moment.entry.version)
    for (account, gig), status in shown.details.items():
        history = check.histories.get(Address("gig", gig))
        if history is None:
            continue  # Found lost by the check itself.
        allowed = history.phases_from(acknowledged[gig])
        if status not in allowed:
            yield Finding("lost", f"gig {gig}: {account} is shown {status}, not {sorted(allowed)}")
        listed = [one for id, one in shown.lists.get(account, ()) if id == gig]
        full = len(shown.lists.get(account, ())) >= PAGE
        if len(listed) > 1 or (account in shown.lists and not listed and not full):
            yield Finding("contradiction", f"gig {gig} is listed to {account} as {listed}")
        if listed and listed[0] not in allowed:
            yield Finding("lost", f"gig {gig} is listed to {account} as {listed[0]}")
