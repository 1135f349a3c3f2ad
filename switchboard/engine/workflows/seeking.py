"""Finds the next dealer for streams that wait for one: when a stream asks, and when a dealer becomes free."""

from __future__ import annotations

import trio

from switchboard.engine.engine import Engine
from switchboard.engine.errors import Engaged, Expired, Rejected
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.stream import (
    OfferStream,
    PassOffer,
    SeekDealer,
    Stream,
    passed_by,
)
from switchboard.engine.workflows.dealers import Dealers
from switchboard.engine.workflows.open_streams import OpenStreams

SEEK_SECONDS_MOST = 5.0
"""One stream that answers slowly (its commit is unknown, it starts again after a crash) keeps the others waiting no
longer; a healthy answer takes milliseconds."""

BY_SHOWROOM = "system:showroom"


class Seeker:
    """Offers streams. What it misses (a crash, an outage) the stream asks for again, at its own deadline."""

    def __init__(self, engine: Engine, dealers: Dealers, streams: OpenStreams) -> None:
        self._engine = engine
        self._dealers = dealers
        self._streams = streams
        self._free: dict[str, None] = {}
        """Dealers that became free and were not looked at yet, in their order."""
        self._wakeup = trio.Event()
        engine.reactions.register("showroom", {"SeekDealer": SeekDealer}, self._asked)

    def freed(self, dealer: str) -> None:
        """The dealer can take a stream now: soon one that waits is offered to it."""
        if self._streams.any_waiting:
            self._free[dealer] = None
            self._wakeup.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves dealers that became free, until cancelled."""
        # Nobody's start waits for a stream that happens to answer slowly.
        task_status.started()
        for organization in self._streams.organizations_waiting:
            await self._serve(organization)
        while True:
            await self._wakeup.wait()
            self._wakeup = trio.Event()
            free, self._free = self._free, {}
            for dealer in free:
                await self._welcome(dealer)

    async def _welcome(self, dealer: str) -> None:
        try:
            organization = await self._dealers.organization_of(dealer)
        except Exception as error:
            self._log_failed(Address("person", dealer), error)
            return
        if organization is not None:
            await self._serve(organization)

    async def _serve(self, organization: str) -> None:
        """Tries all streams of the organization that wait, who waited longest first."""
        for stream in self._streams.waiting(organization):
            try:
                with trio.move_on_after(SEEK_SECONDS_MOST) as scope:
                    await self.seek(stream, None)
            except Exception as error:
                self._log_failed(Address("stream", stream), error)
            else:
                if scope.cancelled_caught:
                    self._log_failed(Address("stream", stream), Expired())

    def _log_failed(self, address: Address, error: Exception) -> None:
        # The stream asks again by itself within the time of an offer. A bug of one session must not end everybody's
        # seeking, and the server with it: as for reactions, the log has it.
        self._engine.log.event("seek_failed", address, error=repr(error))

    async def _asked(self, stream: str, _command: SeekDealer, row: str) -> None:
        """A stream asks for a dealer. Raises: Unavailable, then it is called again."""
        await self.seek(stream, row)

    async def seek(self, id: str, caused_by: str | None) -> None:
        """Offers the stream to the free dealer who was heard last, if it still waits and there is one.

        Raises: Unavailable.
        """
        address = Address("stream", id)
        stream = await self._engine.read(address)
        if not isinstance(stream, Stream) or not _waits(stream):
            return
        passed = passed_by(stream)
        dealers = await self._dealers.of(stream.organization)
        for dealer in await self._dealers.free(one for one in dealers if one not in passed):
            try:
                await self._engine.ask(
                    address, OfferStream(dealer=dealer), by=BY_SHOWROOM, caused_by=caused_by
                )
            except Engaged:
                continue  # Since the look: the next one, then.
            except Rejected:
                return  # Offered, taken or over since the look.
            await self.recheck(id, dealer)
            return

    async def recheck(self, id: str, dealer: str) -> None:
        """Takes back an offer to a dealer who went offline while it was being committed, unheard by the offer.

        Raises: Unavailable.
        """
        if not self._dealers.online(dealer):
            await self.withdraw(id, dealer, None)

    async def withdraw(self, id: str, dealer: str, caused_by: str | None) -> None:
        """The dealer has gone offline: its offer of that session, if it is a stream and has one, passes on.

        Raises: Unavailable.
        """
        address = Address("stream", id)
        if await self._engine.store.sessions.header(address) is not None:
            await self._engine.ask(
                address, PassOffer(dealer=dealer), by=BY_SHOWROOM, caused_by=caused_by
            )


def _waits(stream: Stream) -> bool:
    return stream.phase == "requested" and stream.offered_to is None
