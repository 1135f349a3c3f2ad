"""A trial's world: a database, the servers on it, people who use them, and the checks after each fault."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from switchboard.admin_channel import ask_server
from switchboard.crash import facts, shown
from switchboard.crash.checks import Check, stored_key
from switchboard.crash.counts import Counts, sum_up
from switchboard.crash.customers import CustomerDay
from switchboard.crash.days import Day, Place
from switchboard.crash.findings import Finding
from switchboard.crash.ledger import Ledger, Operation
from switchboard.crash.operators import OperatorDay, Registrations
from switchboard.crash.server import Server
from switchboard.crash.site import Site, Someone
from switchboard.engine.clock import Clock
from switchboard.engine.errors import StartError, StoreDown
from switchboard.engine.ids import Ids
from switchboard.store.bridge import Database
from switchboard.store.memory_records import MemoryRevocations
from switchboard.web.security import Tokens

TOKEN_SECRET = "a-secret-of-the-trial-alone-which-opens-nothing-else"
SETTINGS: Mapping[str, str] = {
    "SWITCHBOARD_TOKEN_KEYS": f"trial:{TOKEN_SECRET}",
    # Registrations come from addresses of their own, or their limit would end the trial.
    "SWITCHBOARD_TRUSTED_PROXIES": "127.0.0.0/8",
    # Deadlines strike within a trial, and operators stay unless they leave.
    "SWITCHBOARD_CLAIM_TIMEOUT_SECONDS": "2",
    "SWITCHBOARD_WATCHDOG_SECONDS": "3",
    "SWITCHBOARD_RATING_WINDOW_SECONDS": "1",
    "SWITCHBOARD_PERSON_TIMEOUT_SECONDS": "86400",
    # Sessions leave the memory and come back all the time.
    "SWITCHBOARD_IDLE_SECONDS": "1",
    "SWITCHBOARD_LOG_FORMAT": "json",
}
"""All else as anybody runs it."""

CUSTOMERS, OPERATORS = 2, 3
"""At each place, so that they get into each other's way."""

APART_DEGREES = 1.0
"""Between two places: some 110 km, more than ten times the search radius."""

OVERLAP_MILLISECONDS = 2000
"""What was written so long before the last check is looked at again: turns bear the instant of their decision."""

LINE_MOST = 6000
"""Characters of a line of a log that are worth showing: a traceback."""

BUGS = (b"Traceback", b'"session_crashed"', b'"request_failed"', b'"session_quarantined"')
"""What a server's log must not have, whatever is done to it."""


class World:
    """People on servers. The gate is closed while faults are looked at."""

    def __init__(self, seed: int, places: int, nursery: trio.Nursery) -> None:
        self.chance = random.Random(seed)
        self.ledger = Ledger()
        self.site = Site(self.ledger, self.chance, nursery)
        self.counts = Counts()
        self.answers_in_time = True
        """Whether a server that never answers is at fault."""
        self.people: dict[str, Someone] = {}
        self._places = places
        self._nursery = nursery
        self._checked_at = 0
        clock = Clock()
        self._tokens = Tokens(
            keys={"trial": TOKEN_SECRET.encode()},
            current="trial",
            revocations=MemoryRevocations(),
            clock=clock,
            ids=Ids(),
        )
        self._days: list[Day] = []

    # -- people -------------------------------------------------------------------------------------------------

    async def settle_in(self, data_dir: Path, *, by_administrator: bool) -> None:
        """Everybody gets an account: over the API, or, where that approves nobody, from the administrator."""
        admin = await self._add(data_dir, "admin", "the-administrator")
        self.site.gate.open()
        registrations = Registrations(self.site, Place(0.0, 0.0, (), ()))
        for number in range(self._places):
            crowd = []
            for position in range(CUSTOMERS + OPERATORS):
                operates = position >= CUSTOMERS
                if by_administrator:
                    role = "operator" if operates else "customer"
                    name = f"{role}-{number}-{position}@example.test"
                    crowd.append(await self._add(data_dir, role, name))
                else:
                    attempt = await registrations.register(operator=operates)
                    crowd.append(self._someone(attempt.answer["id"]))
            place = Place(
                -60.0 + number * APART_DEGREES, 20.0, crowd[:CUSTOMERS], crowd[CUSTOMERS:]
            )
            self._days += [OperatorDay(self.site, place, one) for one in place.operators]
            self._days += [
                CustomerDay(self.site, place, one, admin, self.people) for one in place.customers
            ]
        if not by_administrator:
            self._days.append(registrations)
        self.site.gate.close()

    async def _add(self, data_dir: Path, role: str, login: str) -> Someone:
        def add() -> Any:
            return ask_server(
                data_dir,
                "account add",
                login=login,
                password=None,
                first_name=role,
                last_name="",
                organization=None,
                role=role,
            )

        return self._someone((await trio.to_thread.run_sync(add))["id"])

    def _someone(self, id: str) -> Someone:
        someone = self.people[id] = Someone(id, self._tokens.issue(id, "dropin"))
        return someone

    def begin(self) -> None:
        """Everybody begins the day; requests pass."""
        for day in self._days:
            self._nursery.start_soon(day.run)
        self.site.gate.open()

    # -- checking -----------------------------------------------------------------------------------------------

    async def check(self, url: str, after: str, *, everything: bool = False) -> Check:
        """Holds what was acknowledged since the last check, or ever, against what is shown and what is stored."""
        began = round(time.time() * 1000)
        fresh = self.ledger.fresh()
        operations = self.ledger.operations if everything else fresh
        seen = await shown.look(self.site, fresh, self.people)
        since = 0 if everything else self._checked_at - OVERLAP_MILLISECONDS
        found = await self._read(url, since, operations)
        check = Check(self.ledger, operations, found)
        self.counts.checks += 1
        for finding in (
            *check.findings(everything=everything),
            *shown.findings(seen, check, fresh),
        ):
            self.report(finding._replace(after=after))
        for operation in fresh:
            for attempt in operation.attempts:
                if attempt.outcome == "failed":
                    self.report(Finding("conduct", f"{operation}: {attempt.answer}", after))
                if attempt.late and self.answers_in_time:
                    self.report(
                        Finding("conduct", f"no answer within its time: {operation}", after)
                    )
        self._checked_at = began
        if everything:
            sum_up(self.counts, self.ledger, check, found)
        return check

    async def _read(self, url: str, since: int, operations: Sequence[Operation]) -> facts.Facts:
        """Reads the facts, again if the database's own recovery cuts it short."""
        ids = {one.gig for one in operations if one.gig} | {one.account for one in operations}
        ids |= {gig for one in operations for gig, _ in one.reasons if gig}
        for last in (False, False, True):
            try:
                async with Database.open(url) as database:
                    return await facts.read(
                        database,
                        since=since,
                        ids=sorted(ids),
                        keys=[stored_key(one) for one in operations if one.key],
                        addresses=[one.account for one in operations if one.call == "register"],
                    )
            except (StoreDown, StartError):
                if last:
                    raise
                await trio.sleep(1.0)
        raise AssertionError("the last try returns or raises")

    def report(self, finding: Finding) -> None:
        """Something that must not be was seen; each thing is told once."""
        if not any(
            (one.kind, one.what) == (finding.kind, finding.what) for one in self.counts.findings
        ):
            self.counts.findings.append(finding)

    def read_log(self, server: Server, after: str) -> None:
        """Looks for bugs in what the server wrote."""
        for line in server.log.read_bytes().splitlines():
            # A library's warning about a connection that was cut off has a traceback too.
            if any(bug in line for bug in BUGS) and b'"level": "warning"' not in line:
                text = line.decode(errors="replace")
                self.report(Finding("conduct", f"the log says {text[:LINE_MOST]}", after))


@asynccontextmanager
async def open_world(seed: int, places: int) -> AsyncIterator[World]:
    """A world whose people leave when the block is left."""
    async with trio.open_nursery() as nursery:
        yield World(seed, places, nursery)
        nursery.cancel_scope.cancel()
