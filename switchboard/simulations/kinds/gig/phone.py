"""What customers and operators can ask beyond commands to one gig: what goes through dispatch."""

from __future__ import annotations

from typing import Any, cast

import trio

from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions import Address, Command
from switchboard.engine.sessions.gig import GIG, Gig, HandshakeGig, RequestGig
from switchboard.engine.sessions.person import GoOffline, GoOnline
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.simulations.calls import Answer, Life, Phone, Request
from switchboard.simulations.checkers.names import KEYS
from switchboard.simulations.kinds import person
from switchboard.simulations.trace import Violation

NO_ROOM = VideoSession("", "", "")

MISTAKEN = 8
"""One of so many answered keys is used again for something else."""


def dispatch(life: Life) -> Dispatch:
    """That engine's."""
    return cast(Dispatch, life.workflows[GIG.name])


def address(gig: str) -> Address:
    """The gig's session."""
    return Address(GIG.name, gig)


class GigPhone(Phone):
    """One person's connection."""

    async def of_gig(self, gig: str, command: Command) -> Answer:
        """Gives a gig a command."""
        return await self.tell(address(gig), command)

    async def look_at(self, gig: str) -> Gig | None:
        """The gig as it is; None if the engine does not say."""
        state = await self.look(address(gig))
        return state if isinstance(state, Gig) else None

    async def handshake(self, gig: str) -> Answer:
        """Fetches the keys to the gig's room."""
        # Dispatch asks for the room itself; this is for the judge.
        command = HandshakeGig(account=self.account, video=NO_ROOM)

        async def operation(life: Life, caused_by: str) -> Any:
            return await dispatch(life).handshake(gig, self.account, caused_by=caused_by)

        request = Request(address=address(gig), command=command, operation=operation)
        return await self.persist(request)

    async def request(self, latitude: float, longitude: float) -> Answer:
        """Asks for an operator; every try has the same idempotency key."""
        key = self.new_key("request")
        number = key.digest.decode()
        command = RequestGig(
            id=number,
            customer=self.account,
            latitude=latitude,
            longitude=longitude,
            candidates=(),
            claim_id=number,
        )

        async def operation(life: Life, caused_by: str) -> Any:
            return await self._request(life, latitude, longitude, key, caused_by)

        answer = await self.persist(
            Request(
                address=address(""),
                command=command,
                operation=operation,
                found=lambda gig: address(gig.id),
                keyed=True,
            )
        )
        if answer.state is not None and int(number, 16) % MISTAKEN == 0:
            await self._mistake(latitude, longitude, key)
        return answer

    async def _mistake(self, latitude: float, longitude: float, key: Key) -> None:
        """A client with a bug asks for something else with a key that has been answered."""
        other = Key(key.key, key.digest + b"-other")

        async def operation(life: Life, caused_by: str) -> Any:
            return await self._request(life, latitude, longitude, other, caused_by)

        answer = await self.once(
            Request(address=address(""), command=None, operation=operation, judged=False)
        )
        if answer is not None and answer.state is not None:
            seen = f"{key.key} with another body was answered"
            self.world.judge.fail(Violation(KEYS, seen, [address(answer.state.id)]))

    async def _request(
        self, life: Life, latitude: float, longitude: float, key: Key, caused_by: str
    ) -> Gig:
        return await dispatch(life).request(
            self.account,
            latitude,
            longitude,
            claim_id=key.digest.decode(),
            key=key,
            caused_by=caused_by,
        )

    # -- presence -----------------------------------------------------------------------------------------------

    async def online(self, latitude: float, longitude: float) -> Answer:
        """Becomes available."""
        command, me = GoOnline(id=self.account), person.address(self.account)

        async def operation(life: Life, _caused_by: str) -> Any:
            began = trio.current_time()
            state = await dispatch(life).online(self.account, latitude, longitude)
            self._heard(life, me, began)
            return state

        return await self.persist(Request(address=me, command=command, operation=operation))

    async def offline(self) -> Answer:
        """Becomes unavailable."""

        command, me = GoOffline(id=self.account), person.address(self.account)

        async def operation(life: Life, _caused_by: str) -> Any:
            return await dispatch(life).offline(self.account)

        return await self.persist(Request(address=me, command=command, operation=operation))

    async def heartbeat(self, latitude: float, longitude: float, gig: str | None) -> None:
        """A sign of life, sent once: the next one follows soon."""
        me = person.address(self.account)

        async def operation(life: Life, _caused_by: str) -> Any:
            began = trio.current_time()
            await dispatch(life).heartbeat(self.account, latitude, longitude)
            self._heard(life, me, began)
            if gig is not None:
                began = trio.current_time()
                await dispatch(life).heartbeat(self.account, latitude, longitude, gig)
                self._heard(life, address(gig), began)

        await self.once(Request(address=me, command=None, operation=operation, judged=False))

    def _heard(self, life: Life, session: Address, began: float) -> None:
        # A sign that was given to an engine that was taken over is no promise of the one that runs.
        if not life.retired and not life.frozen:
            self.world.judge.timers.sign(session, self.account, began)
