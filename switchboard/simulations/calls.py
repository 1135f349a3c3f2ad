"""How people ask the engine: with the patience of a client, each answer and refusal put before the judge."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from switchboard.engine.errors import EngineError, Rejected, SessionCrashed, Unavailable
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions import Address, Command
from switchboard.engine.sessions.gig import Gig, HandshakeGig, RequestGig
from switchboard.engine.sessions.person import GoOffline, GoOnline
from switchboard.engine.sessions.video import VideoSession
from switchboard.simulations.trace import Violation

if TYPE_CHECKING:
    from switchboard.simulations.world import Life, World

TRIES_MOST = 4
"""How often a client asks again when it heard that the engine is unavailable, or nothing."""

PAUSE_SECONDS = 2.0
"""On average it waits so long before."""


NO_ROOM = VideoSession("", "", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came of a call: a state, a refusal, or neither (the client gave up)."""

    state: Any = None
    refusal: Rejected | None = None


class Phone:
    """One person's connection to the engine."""

    def __init__(self, world: World, account: str, chance: random.Random, patience: float) -> None:
        self._world = world
        self._chance = chance
        self._patience = patience
        self.account = account

    # -- what a person can ask ----------------------------------------------------------------------------------

    async def tell(self, gig: str, command: Command) -> Answer:
        """Gives a gig a command."""
        address = Address("gig", gig)

        async def operation(life: Life, caused_by: str) -> Any:
            return await life.engine.ask(address, command, by=self.account, caused_by=caused_by)

        return await self._persist(address, command, operation)

    async def handshake(self, gig: str) -> Answer:
        """Fetches the keys to the gig's room."""
        # Dispatch asks for the room itself; this is for the judge.
        command = HandshakeGig(account=self.account, video=NO_ROOM)

        async def operation(life: Life, caused_by: str) -> Any:
            return await life.dispatch.handshake(gig, self.account, caused_by=caused_by)

        return await self._persist(Address("gig", gig), command, operation)

    async def request(self, latitude: float, longitude: float) -> Answer:
        """Asks for an operator; every try has the same idempotency key."""
        number = f"{self._chance.getrandbits(64):016x}"
        key = Key(f"simulation/{self.account}/request/{number}", number.encode())
        command = RequestGig(
            id=number,
            customer=self.account,
            latitude=latitude,
            longitude=longitude,
            candidates=(),
            claim_id=number,
        )

        async def operation(life: Life, caused_by: str) -> Any:
            return await life.dispatch.request(
                self.account, latitude, longitude, claim_id=number, key=key, caused_by=caused_by
            )

        return await self._persist(Address("gig", ""), command, operation)

    async def look(self, gig: str) -> Gig | None:
        """The gig as it is; None if the engine does not say."""
        address = Address("gig", gig)

        async def operation(life: Life, _caused_by: str) -> Any:
            return await life.engine.read(address)

        state = (await self._persist(address, None, operation)).state
        return state if isinstance(state, Gig) else None

    async def online(self, latitude: float, longitude: float) -> Answer:
        """Becomes available."""
        command = GoOnline(id=self.account, latitude=latitude, longitude=longitude)

        async def operation(life: Life, _caused_by: str) -> Any:
            began = self._world.now()
            person = await life.dispatch.online(self.account, latitude, longitude)
            self._world.judge.timers.sign(self._person, self.account, began)
            return person

        return await self._persist(self._person, command, operation)

    async def offline(self) -> Answer:
        """Becomes unavailable."""

        async def operation(life: Life, _caused_by: str) -> Any:
            return await life.dispatch.offline(self.account)

        return await self._persist(self._person, GoOffline(id=self.account), operation)

    async def heartbeat(self, latitude: float, longitude: float, gig: str | None) -> None:
        """A sign of life, sent once: the next one follows soon."""

        async def operation(life: Life, _caused_by: str) -> Any:
            began, timers = self._world.now(), self._world.judge.timers
            await life.dispatch.heartbeat(self.account, latitude, longitude)
            timers.sign(self._person, self.account, began)
            if gig is not None:
                began = self._world.now()
                await life.dispatch.heartbeat(self.account, latitude, longitude, gig)
                timers.sign(Address("gig", gig), self.account, began)

        await self._once(self._person, None, operation, judged=False)

    @property
    def _person(self) -> Address:
        return Address("person", self.account)

    # -- how it goes --------------------------------------------------------------------------------------------

    async def _persist(
        self,
        address: Address,
        command: Command | None,
        operation: Callable[[Life, str], Awaitable[Any]],
    ) -> Answer:
        """Asks until there is an answer or a refusal, or the person gives up."""
        for _ in range(TRIES_MOST):
            answer = await self._once(address, command, operation)
            if answer is not None:
                return answer
            await trio.sleep(self._chance.expovariate(1 / PAUSE_SECONDS))
        return Answer()

    async def _once(
        self,
        address: Address,
        command: Command | None,
        operation: Callable[[Life, str], Awaitable[Any]],
        *,
        judged: bool = True,
    ) -> Answer | None:
        """Asks once. None: unavailable, or nothing was heard."""
        world = self._world
        life, caused_by = await world.up(), f"{self.account}-{world.operation()}"
        what = "look" if command is None else type(command).__name__
        world.trace.note(f"{self.account} asks {what} of {address.id}", address.id, self.account)
        began = world.judge.began()
        try:
            with trio.fail_after(self._patience):
                state = await operation(life, caused_by)
        except Rejected as refusal:
            world.heard(refusal)
            self._note(address, what, repr(refusal))
            if judged:
                world.judge.refused(began, address, command, self.account, refusal)
            return Answer(refusal=refusal)
        except (Unavailable, trio.TooSlowError) as error:
            world.heard(error)
            self._note(address, what, repr(error))
            return None
        except (SessionCrashed, EngineError) as error:
            world.judge.fail(Violation("nothing crashes", repr(error), [address]))
            return None
        if judged:
            if isinstance(command, RequestGig):
                address = Address("gig", state.id)
            self._note(address, what, "nothing" if state is None else state.phase)
            world.judge.answered(began, address, command, state)
        return Answer(state=state)

    def _note(self, address: Address, what: str, outcome: str) -> None:
        text = f"{self.account} heard {outcome} to {what} of {address.id}"
        self._world.trace.note(text, address.id, self.account)
