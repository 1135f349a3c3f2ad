"""What people send to each other's devices, and which devices they have.

Source: contracts/dropin.md, POST /notifications/push. It is a notice on the recipient's topic, which its devices
are told of like of every other (push_delivery.py).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from switchboard.engine.clock import Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.ports import NewNotice
from switchboard.engine.push import PersonalNotice, topic_of
from switchboard.engine.records import Account, Accounts, Device
from switchboard.engine.sessions.gig import LIVE, GigSummary
from switchboard.engine.workflows.push_delivery import PushDelivery
from switchboard.engine.workflows.quotas import Counter, Quotas

TOPIC_NAME = "push"

SHARED_FOR: Milliseconds = 24 * 3_600_000
"""contracts/dropin.md: so long after they had something in common people may still reach each other."""

LOOKED_AT_MOST = 50
"""Gigs of the last day among which a common one is sought: nobody has more."""

DEVICES_MOST = 20
"""Of one account: more than anybody has. The one that was registered longest ago makes way."""


class PushDesk:
    """Each method may raise Unavailable."""

    def __init__(
        self,
        engine: Engine,
        accounts: Accounts,
        delivery: PushDelivery,
        counter: Counter,
        quotas: Quotas,
    ) -> None:
        self._engine = engine
        self._accounts = accounts
        self.delivery = delivery
        self._counter = counter
        self._quotas = quotas

    # -- devices ------------------------------------------------------------------------------------------------

    async def register(self, device: Device) -> Device:
        """Stores a device, which is told of what comes from now on. Returns: what is stored."""
        store = self._engine.store
        head = (await store.sessions.span(topic_of(device.account))).head
        stored = await store.devices.put(replace(device, told=head))
        devices = sorted(await store.devices.of(device.account), key=lambda one: one.updated_at)
        for one in devices[: max(0, len(devices) - DEVICES_MOST)]:
            if one.id != stored.id:
                await store.devices.remove(one.account, one.address)
        # After it is stored: what was told meanwhile is found now.
        self.delivery.listens(device.account)
        return stored

    async def forget(self, account: str, address: str) -> bool:
        """Forgets a device of that account; False if it has none with that address."""
        return await self._engine.store.devices.remove(account, address)

    # -- what people send ---------------------------------------------------------------------------------------

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
        notice = PersonalNotice(sender=sender.id, data=data)
        body = msgspec.json.encode(notice)
        await self._engine.tell(NewNotice(topic_of(account.id), TOPIC_NAME, body))

    async def _acquainted(self, one: str, other: str) -> bool:
        """Whether the two share a gig that was live in the last day. (A stream's visitor has no account, and rooms of
        this realm belong to gigs and streams.)"""
        since = self._engine.clock.now() - SHARED_FOR
        headers = await self._engine.store.sessions.listed("gigs-of", one, None, 0, LOOKED_AT_MOST)
        for header in headers:
            if header.summary is None:
                continue
            gig = SUMMARY.decode(header.summary)
            fresh = gig.status in LIVE or header.updated_at >= since
            if fresh and other in (gig.customer, gig.operator):
                return True
        return False


SUMMARY = msgspec.json.Decoder(GigSummary)
