"""What dealers and visitors can ask: everything goes through the showroom, as the auto API does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import trio

from switchboard.engine.records import Account
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions import Address, Command
from switchboard.engine.sessions.person import GoOffline, GoOnline
from switchboard.engine.sessions.stream import (
    STREAM,
    AcceptStream,
    Party,
    RequestStream,
    StopStream,
    Stream,
    WriteNote,
)
from switchboard.engine.workflows.showroom import Showroom
from switchboard.simulations.calls import Answer, Life, Phone, Request
from switchboard.simulations.kinds import person


def showroom(life: Life) -> Showroom:
    """That engine's."""
    return cast(Showroom, life.workflows[STREAM.name])


def address(stream: str) -> Address:
    """The stream's session."""
    return Address(STREAM.name, stream)


class StreamPhone(Phone):
    """One dealer's or visitor's connection."""

    async def look_at(self, stream: str) -> Stream | None:
        """The stream as it is; None if the engine does not say."""
        state = await self.look(address(stream))
        return state if isinstance(state, Stream) else None

    # -- visitors -----------------------------------------------------------------------------------------------

    async def request(self, house: str, code: str, vin: str) -> Answer:
        """Asks a house for a dealer; every try has the same idempotency key, if this client sends them."""
        # The showroom asks itself; this is for the judge.
        command = RequestStream(id="", organization=house, vin=vin, guest=self.account)
        key = self._key("request")

        async def operation(life: Life, caused_by: str) -> Any:
            return await showroom(life).requests.make(
                code, vin, address=self.account, guest=self.account, key=key, caused_by=caused_by
            )

        return await self.persist(
            Request(
                address=address(""),
                command=command,
                operation=operation,
                found=lambda stream: address(stream.id),
                keyed=key is not None,
            )
        )

    async def stop(self, stream: str, party: Party | None) -> Answer:
        """Ends it."""

        async def operation(life: Life, key: Key | None, caused_by: str) -> Any:
            by = self.account if party == "dealer" else None
            return await showroom(life).stop(stream, party, by=by, key=key, caused_by=caused_by)

        return await self._ask(stream, StopStream(party=party), operation)

    async def note(self, stream: str, note: str) -> Answer:
        """Writes a note on it."""

        async def operation(life: Life, key: Key | None, caused_by: str) -> Any:
            return await showroom(life).note(stream, note, key=key, caused_by=caused_by)

        return await self._ask(stream, WriteNote(note=note), operation)

    # -- dealers ------------------------------------------------------------------------------------------------

    async def accept(self, stream: str, member: Account) -> Answer:
        """Takes it."""
        command = AcceptStream(dealer=member.id, dealer_name="", online=True)

        async def operation(life: Life, key: Key | None, caused_by: str) -> Any:
            accepted, token = await showroom(life).accept(
                stream, member, key=key, caused_by=caused_by
            )
            assert token, "without its key nobody enters the room"
            return accepted

        return await self._ask(stream, command, operation)

    async def online(self) -> Answer:
        """Takes streams from now on."""

        async def operation(life: Life) -> None:
            began = trio.current_time()
            await showroom(life).online(self.account)
            self._heard(life, person.address(self.account), began)

        return await self._of_me(GoOnline(id=self.account), operation)

    async def offline(self) -> Answer:
        """Takes no more; a stream that it has goes on."""

        async def operation(life: Life) -> None:
            await showroom(life).offline(self.account)

        return await self._of_me(GoOffline(id=self.account), operation)

    async def logout(self) -> Answer:
        """Goes, and what it streams ends."""

        async def operation(life: Life) -> None:
            await showroom(life).logout(self.account)

        return await self._of_me(GoOffline(id=self.account), operation)

    async def ping(self, streams: str | None) -> None:
        """A sign of life, sent once: the next one follows soon. ``streams``: what it knows to be streaming."""
        me = person.address(self.account)

        async def operation(life: Life, _caused_by: str) -> Any:
            began = trio.current_time()
            await showroom(life).ping(self.account)
            self._heard(life, me, began)
            if streams is not None:
                self._heard(life, address(streams), began)

        await self.once(Request(address=me, command=None, operation=operation, judged=False))

    # -- asking -------------------------------------------------------------------------------------------------

    def _key(self, name: str) -> Key | None:
        return self.new_key(name) if self._keyed else None

    async def _ask(
        self,
        stream: str,
        command: Command,
        ask: Callable[[Life, Key | None, str], Awaitable[Any]],
    ) -> Answer:
        key = self._key(type(command).__name__)

        async def operation(life: Life, caused_by: str) -> Any:
            with self.world.judge.asking(life, address(stream)):
                return await ask(life, key, caused_by)

        return await self.persist(
            Request(
                address=address(stream),
                command=command,
                operation=operation,
                keyed=key is not None,
            )
        )

    async def _of_me(self, command: Command, ask: Callable[[Life], Awaitable[None]]) -> Answer:
        async def operation(life: Life, _caused_by: str) -> Any:
            await ask(life)

        return await self.persist(
            Request(
                address=person.address(self.account),
                command=command,
                operation=operation,
                judged=False,
            )
        )

    def _heard(self, life: Life, session: Address, began: float) -> None:
        # A sign that was given to an engine that was taken over is no promise of the one that runs.
        if not life.retired and not life.frozen:
            self.world.judge.timers.sign(session, self.account, began)
