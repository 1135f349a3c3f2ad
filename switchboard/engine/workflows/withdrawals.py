"""Keeps a gig's offers honest: who becomes unavailable loses those that it has in other gigs.

The news of it is a reaction of the gig that engages or locks somebody, or of the person that goes offline.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from switchboard.engine.engine import Engine
from switchboard.engine.errors import EngineError, SessionCrashed, Unavailable
from switchboard.engine.sessions.gig import Gig, OperatorUnavailable, WithdrawOffer
from switchboard.engine.sessions.gig.holdings import waiting_operators
from switchboard.engine.sessions.kind import Address, Command
from switchboard.engine.workflows.availability import ENGAGEMENT, RATING_DEBT, Availability
from switchboard.engine.workflows.matching import Places
from switchboard.engine.workflows.offers import OpenOffers

BY_DISPATCH = "system:dispatch"

RECHECK = "recheck"
"""In the journal, what caused a withdrawal without a reaction: a request's own id stands behind one turn alone."""

FOUND = "found-gig"
"""The target of what this workflow reminds itself of: the id is a gig's."""

Unavailability = Literal["engaged", "offline", "locked"]

Hearer = Callable[[str, str], Awaitable[None]]
"""(account, id of the news)"""


class RecheckOffers(Command, frozen=True, kw_only=True):
    """Are those to whom the gig is offered still available?"""


class Withdrawals:
    """The workflow. ``places`` and ``availability`` are kept exact by whoever owns this (dispatch.py)."""

    def __init__(self, engine: Engine, places: Places, availability: Availability) -> None:
        self._engine = engine
        self._places = places
        self._availability = availability
        self._offers = OpenOffers(engine.store.sessions)
        self._requested: set[str] = set()
        """Gigs that a request is waiting for, which rechecks them itself."""
        self._hearers: list[Hearer] = []
        engine.reactions.register(
            "dispatch", {"OperatorUnavailable": OperatorUnavailable}, self._told
        )
        engine.reactions.register(FOUND, {"RecheckOffers": RecheckOffers}, self._recheck_found)

    async def open(self) -> None:
        """Finds out whether gigs wait since before the start. Raises: StoreDown."""
        await self._offers.open()

    def changed(self, address: Address, before: Gig | None, gig: Gig) -> None:
        """A gig was adopted in the state ``gig``."""
        self._offers.changed(before, gig)
        if before is None and gig.phase == "pendingOperator" and gig.id not in self._requested:
            # Found in the database after a lost answer or a restart, or its request was given up: operators may have
            # become unavailable while nobody here knew of their offers.
            self._engine.reactions.remind(address, Address(FOUND, gig.id), RecheckOffers())

    def tell(self, hearer: Hearer) -> None:
        """Has others hear too, by the same committed news, that somebody has gone offline.

        Who is engaged holds nothing else: the claim says so, and nobody need be asked.

        The news may be late or repeated; a hearer that raises ``Unavailable`` is told again.
        """
        self._hearers.append(hearer)

    # -- gigs that are new ----------------------------------------------------------------------------------------

    @contextmanager
    def requested(self, gig: str) -> Iterator[None]:
        """For the length of the block somebody waits for that gig, and calls ``promised`` once it is there."""
        self._requested.add(gig)
        try:
            yield
        finally:
            self._requested.discard(gig)

    async def promised(self, gig: Gig) -> None:
        """The gig was committed; what goes wrong with looking at its offers again changes nothing of that."""
        try:
            await self._recheck(gig)
        except (EngineError, SessionCrashed) as error:
            # Such an offer now waits for the claim timeout at the longest.
            self._engine.log.event("recheck_failed", Address("gig", gig.id), error=repr(error))

    async def _recheck(self, gig: Gig) -> None:
        """Withdraws the offers to operators who became unavailable while the gig was being committed: their
        news came before there was an offer to withdraw. Raises: EngineError, SessionCrashed."""
        offered, address = waiting_operators(gig), Address("gig", gig.id)
        free = await self._availability.free(offered)
        for operator in offered:
            if operator not in self._places:
                await self._withdraw(address, operator, "offline", RECHECK)
            elif operator not in free:
                await self._withdraw(address, operator, "engaged", RECHECK)

    async def _recheck_found(self, gig: str, _command: RecheckOffers, _row: str) -> None:
        """As above. Raises: Unavailable, then it is called again."""
        state = await self._engine.read(Address("gig", gig))
        if isinstance(state, Gig):
            await self._recheck(state)

    # -- news -----------------------------------------------------------------------------------------------------

    async def _told(self, operator: str, command: OperatorUnavailable, row: str) -> None:
        """Withdraws the operator's open offers in other gigs, and passes the news on.

        Raises: Unavailable, then it is called again.

        The news may be old: delivered late, or again after a crash. Who can take gigs by then keeps its offers, among
        which may be ones that were made since. The offers are listed first, so that all were made before the look. A
        gig that cannot be asked now, or that crashes on it, is in no other gig's way.
        """
        gigs = await self._offers.of(operator)
        because = await self._unavailable(operator) if gigs else None
        if because is not None:
            await self._withdraw_all(gigs, operator, because, row)
        if command.because == "offline":
            for hear in self._hearers:
                await hear(operator, row)

    async def _withdraw_all(
        self, gigs: Sequence[Address], operator: str, because: Unavailability, row: str
    ) -> None:
        """Raises: Unavailable, once all of them have been asked."""
        later: Unavailable | None = None
        for gig in gigs:
            try:
                await self._withdraw(gig, operator, because, row)
            except Unavailable as error:
                later = error
            except SessionCrashed as error:
                self._engine.log.event(
                    "reaction_failed", gig, row=row, error=repr(error), final=True
                )
        if later is not None:
            raise later

    async def _unavailable(self, operator: str) -> Unavailability | None:
        """Why the operator can take no gig now, None if it can; as the database has it, because the news may come from
        a commit whose answer was lost and that no session here has adopted yet. Raises: StoreDown."""
        sessions = self._engine.store.sessions
        person = await sessions.header(Address("person", operator))
        if person is None or person.phase != "online":
            return "offline"
        scopes = [ENGAGEMENT, RATING_DEBT + operator]
        for claim in await sessions.claims(scopes, [operator, ""]):
            return "engaged" if claim.scope == ENGAGEMENT else "locked"
        return None

    async def _withdraw(
        self, gig: Address, operator: str, because: Unavailability, caused_by: str | None
    ) -> Any:
        withdraw = WithdrawOffer(operator=operator, because=because)
        return await self._engine.ask(gig, withdraw, by=BY_DISPATCH, caused_by=caused_by)
