"""How people ask the engine: with the patience of a client, each answer and refusal put before the judge."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from switchboard.engine.errors import (
    CommitUnknown,
    EngineError,
    MailboxFull,
    NobodyAvailable,
    Rejected,
    SessionCrashed,
    Stopping,
    Unavailable,
    VideoUnavailable,
)
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions import Address, Command
from switchboard.simulations.checkers.names import AT_ONCE, CRASHES
from switchboard.simulations.faults.bugs import PlantedBug
from switchboard.simulations.life import Life, Unreachable
from switchboard.simulations.trace import Violation

if TYPE_CHECKING:
    from switchboard.simulations.world import World

TRIES_MOST = 4
"""How often a client asks again when it heard that the engine is unavailable, or nothing."""

PAUSE_SECONDS = 2.0
"""On average it waits so long before."""

STRAY = 0.3
"""The share of calls that still go to an engine that was frozen and has woken up, while there is one: those of clients
that kept their connection."""

Operation = Callable[[Life, str], Awaitable[Any]]
"""(engine, id of the request) -> the state that is answered."""

MAY_HAVE_HAPPENED = (CommitUnknown, VideoUnavailable)
"""Refusals that may have had an effect: the second one records that the video failed."""


RECORDED = (NobodyAvailable,)
"""Refusals that are stored: the stream that says so is kept for the dealers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came of a call: a state, a refusal, or neither (the client gave up)."""

    state: Any = None
    refusal: Rejected | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call, as its client means it, however often it is sent.

    Args:
        found: (state) -> the address of the session that answered, for what creates one.
        keyed: whether every try has the same idempotency key.
        judged: whether what is answered is the session's state.
    """

    address: Address
    command: Command | None
    operation: Operation
    found: Callable[[Any], Address] | None = None
    keyed: bool = False
    judged: bool = True

    @property
    def name(self) -> str:
        """What is asked."""
        return "look" if self.command is None else type(self.command).__name__


class Phone:
    """One person's connection to the engine.

    Args:
        keyed: whether its commands carry idempotency keys, the same ones when they are repeated.
    """

    def __init__(
        self,
        world: World,
        account: str,
        chance: random.Random,
        patience: float,
        *,
        keyed: bool = False,
    ) -> None:
        self.world = world
        self.account = account
        self._chance = chance
        self._patience = patience
        self._keyed = keyed

    # -- what can be asked of every kind ------------------------------------------------------------------------

    async def tell(self, address: Address, command: Command) -> Answer:
        """Gives a session a command."""
        return await self.persist(self._command(address, command))

    async def tell_once(self, address: Address, command: Command) -> None:
        """Gives a session a command, and does not ask again."""
        await self.once(self._command(address, command))

    def _command(self, address: Address, command: Command) -> Request:
        key = self.new_key(type(command).__name__) if self._keyed else None

        async def operation(life: Life, caused_by: str) -> Any:
            arrived = trio.current_time()
            try:
                with self.world.judge.asking(life, address):
                    return await life.engine.ask(
                        address, command, by=self.account, key=key, caused_by=caused_by
                    )
            except MailboxFull:
                if trio.current_time() > arrived:
                    self.world.judge.fail(Violation(AT_ONCE, f"{command!r}", [address]))
                raise

        return Request(address=address, command=command, operation=operation, keyed=key is not None)

    async def look(self, address: Address) -> Any | None:
        """The session as it is; None if the engine does not say, or there is none."""

        async def operation(life: Life, _caused_by: str) -> Any:
            return await life.engine.read(address)

        return (
            await self.persist(Request(address=address, command=None, operation=operation))
        ).state

    def new_key(self, name: str) -> Key:
        """A fresh idempotency key."""
        number = f"{self._chance.getrandbits(64):016x}"
        return Key(f"simulation/{self.account}/{name}/{number}", number.encode())

    # -- how it goes --------------------------------------------------------------------------------------------

    async def persist(self, request: Request) -> Answer:
        """Asks until there is an answer or a refusal, or the person gives up."""
        for number in range(TRIES_MOST):
            answer = await self.once(request, first=number == 0)
            if answer is not None:
                return answer
            await trio.sleep(self._chance.expovariate(1 / PAUSE_SECONDS))
        return Answer()

    async def once(self, request: Request, *, first: bool = True) -> Answer | None:
        """Asks once. None: unavailable, or nothing was heard."""
        world, address = self.world, request.address
        life, caused_by = await self._engine(), f"{self.account}-{world.operation()}"
        world.trace.note(
            f"{self.account} asks {request.name} of {address.id}", address.id, self.account
        )
        began = world.judge.began()
        if life.retired and life.froze_at is not None:
            # It cannot know of what has been committed since it froze.
            began = min(began, life.froze_at)
        self._maybe_again(request, caused_by)
        until = life.clock.now() + int(self._patience * 1000)
        world.judge.callers.waits(caused_by, until)
        try:
            with trio.fail_after(self._patience):
                await world.wire.carry()
                state = await life.reach(lambda life: request.operation(life, caused_by))
                await world.wire.carry()
        except (EngineError, SessionCrashed, PlantedBug, Unreachable, trio.TooSlowError) as error:
            if isinstance(error, Stopping) and life.engine.ready and not life.retired:
                world.judge.turned_away(address, error)
            return self._failed(request, began, caused_by, error)
        self._note(request, "nothing" if state is None else "an answer")
        if request.judged:
            found = address if request.found is None else request.found(state)
            # A repeated request may be answered with the first answer to its key, however old.
            since = -1 if request.keyed and not first else began
            world.judge.answered(since, found, request.command, state)
        return Answer(state=state)

    def _failed(
        self, request: Request, began: int, caused_by: str, error: Exception
    ) -> Answer | None:
        world, address = self.world, request.address
        world.heard(error)
        self._note(request, repr(error))
        if isinstance(error, SessionCrashed | PlantedBug):
            world.judge.crashed(error)
            world.judge.denied(caused_by, error)
        elif isinstance(error, Rejected):
            if not isinstance(error, RECORDED):
                world.judge.denied(caused_by, error)
            if request.judged:
                world.judge.refused(began, address, request.command, self.account, error)
            return Answer(refusal=error)
        elif isinstance(error, Unavailable):
            if not isinstance(error, MAY_HAVE_HAPPENED):
                world.judge.denied(caused_by, error)
        elif isinstance(error, EngineError):
            world.judge.fail(Violation(CRASHES, repr(error), [address]))
        return None

    async def _engine(self) -> Life:
        undead = self.world.undead
        if undead and self._chance.random() < STRAY:
            return undead[-1]
        return await self.world.up()

    def _maybe_again(self, request: Request, caused_by: str) -> None:
        """The network delivers the request once more: another request to the engine, whose answer nobody hears."""
        seconds = self.world.wire.again()
        if seconds is not None:
            self.world.nursery.start_soon(self._again, request, f"{caused_by}-again", seconds)

    async def _again(self, request: Request, caused_by: str, seconds: float) -> None:
        await trio.sleep(seconds)
        life = await self.world.up()
        self._note(request, "nothing (it arrives once more)")
        try:
            with trio.move_on_after(self._patience):
                await life.reach(lambda life: request.operation(life, caused_by))
        except SessionCrashed as error:
            self.world.judge.crashed(error)
        except (EngineError, PlantedBug, Unreachable) as error:
            self.world.heard(error)

    def _note(self, request: Request, outcome: str) -> None:
        id = request.address.id
        text = f"{self.account} heard {outcome} to {request.name} of {id}"
        self.world.trace.note(text, id, self.account)


__all__ = ["Answer", "Life", "Phone", "Request"]
