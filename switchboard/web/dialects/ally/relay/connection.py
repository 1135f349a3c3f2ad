"""One connection to the relay: what its frames ask for. A bad one is answered, never the end of anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import trio

from switchboard.engine.errors import Invalid
from switchboard.engine.records import Account, DeviceType
from switchboard.web.dialects.ally.relay import frames
from switchboard.web.dialects.ally.users import keep_device
from switchboard.web.reading import read
from switchboard.web.realtime.hub import Member
from switchboard.web.realtime.timers import Timer
from switchboard.web.security import Token
from switchboard.web.transport import Outlet

if TYPE_CHECKING:
    from switchboard.web.dialects.ally.relay.server import Relay

APPLE = re.compile(r"(?:[0-9a-fA-F]{2}){32,100}")
"""A device token of Apple's: hex of 32 bytes or, says its documentation, more; Google's have a colon or are longer."""


class Connection:
    """The state of one socket. ``token`` is the one that it was opened with, or the one that renewed that."""

    def __init__(self, relay: Relay, outlet: Outlet, token: Token, account: Account) -> None:
        self.outlet = outlet
        self.token = token
        self.account = account
        self.members: dict[str, Member] = {}
        """Topic -> this connection among those who are told."""
        self.expiry: Timer | None = None
        self._relay = relay

    async def handle(self, message: str | bytes) -> None:
        """One frame, to its end: the frames of a connection are handled in the order in which they came.

        Raises: nothing that a client can cause.
        """
        services, name = self._relay.services, None
        if services.tokens.is_void(self.token):
            return
        try:
            received = frames.parse(message)
            if received.type == "message":
                name = _client_id(received)
            with trio.fail_after(services.settings.request_seconds):
                await self._handle(received)
        except Exception as error:
            self._refuse(error, name)

    async def _handle(self, received: frames.Received) -> None:
        if received.type == "message":
            await self._post(read(received.content, frames.said))
        elif received.type == "read":
            await self._read(read(received.content, frames.was_read))
        else:
            await self._describe(read(received.content, frames.push_address))

    def _refuse(self, error: Exception, client_id: str | None) -> None:
        content = frames.error_content(self._relay.known(error), client_id)
        self.outlet.send_encoded(frames.frame("error", content))

    async def _post(self, said: frames.Said) -> None:
        """The sender is told with everybody else, after the commit. Of a message that had been stored before nobody
        is told again: then this connection alone, which has lost the answer."""
        posted = await self._relay.services.support.rooms.post(
            self.account,
            said.room,
            text=said.text,
            file=said.file,
            client_id=said.client_id,
            caused_by=self._relay.new_id(),
        )
        if posted.repeated:
            self.outlet.send_encoded(
                frames.frame("message", frames.message_content(posted.message))
            )

    async def _read(self, read: frames.WasRead) -> None:
        rooms = self._relay.services.support.rooms
        await rooms.read(self.account, read.message, room=read.room, origin=self)

    async def _describe(self, address: str | None) -> None:
        if address is None:
            return
        services = self._relay.services
        account = await services.directory.get(self.account.id) or self.account
        if account.profile.get("parse_id") != address:
            people = services.support.people
            account = await people.describe(account, {"parse_id": address})
        await keep_device(services, account, address, _type_of(address, account))


def _client_id(received: frames.Received) -> str | None:
    """What a client recognises its message by, if it gave it anything readable."""
    try:
        return read(received.content, frames.client_id)
    except Invalid:
        return None


def _type_of(address: str, account: Account) -> DeviceType:
    """Whose push service it is: as the user's profile says, else as the address looks."""
    said = str(account.profile.get("device_type") or "").lower()
    apples = APPLE.fullmatch(address) if said not in ("ios", "android") else said == "ios"
    return "ios" if apples else "android"
