"""What people send to each other's devices.

Source: contracts/dropin.md, POST /notifications/push. It is a notice on the recipient's topic and a row of the outbox,
in one commit; the devices are told after it, again and again until their provider has taken it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from switchboard.engine.clock import Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.ports import NewNotice, OutboxRow
from switchboard.engine.push import DeliverPush, DeviceGone, PersonalNotice, Push, Pusher
from switchboard.engine.queries.rooms import Rooms
from switchboard.engine.records import Account, Accounts
from switchboard.engine.sessions.gig import LIVE, GigSummary
from switchboard.engine.sessions.kind import Address
from switchboard.engine.workflows.quotas import Counter, Quotas

TOPIC_NAME = "push"

SHARED_FOR: Milliseconds = 24 * 3_600_000
"""contracts/dropin.md: so long after they had something in common people may still reach each other."""

LOOKED_AT_MOST = 50
"""Gigs of the last day among which a common one is sought: nobody has more."""

DEVICES_KIND = "devices"
"""Of the outbox's targets: an account's devices."""


class PushDesk:
    """Each method may raise Unavailable."""

    def __init__(
        self,
        engine: Engine,
        accounts: Accounts,
        rooms: Rooms,
        pusher: Pusher,
        counter: Counter,
        quotas: Quotas,
    ) -> None:
        self._engine = engine
        self._accounts = accounts
        self._rooms = rooms
        self._pusher = pusher
        self._counter = counter
        self._quotas = quotas
        engine.reactions.register(DEVICES_KIND, {DeliverPush.__name__: DeliverPush}, self._deliver)

    async def send(self, sender: Account, recipient: str, data: dict[str, Any]) -> None:
        """Tells the recipient, who shares something with the sender.

        Raises: NotFound; NotAllowed; LimitExceeded.
        """
        await self._counter.count("push/account", sender.id, self._quotas.pushes_per_account)
        account = await self._accounts.get(recipient) if is_id(recipient) else None
        if account is None or account.realm != sender.realm or account.status != "active":
            raise NotFound("account")
        if not (sender.admin or await self._acquainted(sender.id, account.id)):
            raise NotAllowed("they have nothing in common")
        await self._commit(account.id, PersonalNotice(sender=sender.id, data=data))

    async def _acquainted(self, one: str, other: str) -> bool:
        """Whether the two share a gig that was live in the last day, or a room."""
        since = self._engine.clock.now() - SHARED_FOR
        headers = await self._engine.store.sessions.listed("gigs-of", one, None, 0, LOOKED_AT_MOST)
        for header in headers:
            if header.summary is None:
                continue
            gig = SUMMARY.decode(header.summary)
            fresh = gig.status in LIVE or header.updated_at >= since
            if fresh and other in (gig.customer, gig.operator):
                return True
        return other in await self._rooms.shared(one, [other])

    async def _commit(self, recipient: str, notice: PersonalNotice) -> None:
        now = self._engine.clock.now()
        row = OutboxRow(
            id=self._engine.ids.new(now),
            source=Address("account", notice.sender),
            target=Address(DEVICES_KIND, recipient),
            name=DeliverPush.__name__,
            body=msgspec.json.encode(DeliverPush(notice=notice)),
            at=now,
        )
        told = NewNotice(f"account/{recipient}", TOPIC_NAME, msgspec.json.encode(notice))
        await self._engine.tell(told, row)

    async def _deliver(self, account: str, command: DeliverPush, row: str) -> None:
        """Raises: what the provider raises; then it is called again, and a device that has it sees the same id."""
        devices = self._engine.store.devices
        for device in await devices.of(account):
            try:
                await self._pusher.push(device, Push(row, command.notice))
            except DeviceGone:
                await devices.remove(account, device.address)


SUMMARY = msgspec.json.Decoder(GigSummary)
