"""What people send to each other's devices.

Source: contracts/dropin.md, POST /notifications/push. It is a notice on the recipient's topic and a row of the outbox,
in one commit; the devices are told after it, again and again until their provider has taken it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import trio

from switchboard.engine.clock import Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.ports import NewNotice, OutboxRow
from switchboard.engine.push import DeliverPush, DeviceGone, PersonalNotice, Push, Pusher
from switchboard.engine.records import Account, Accounts
from switchboard.engine.sessions.gig import LIVE, GigSummary
from switchboard.engine.sessions.kind import Address
from switchboard.engine.workflows.quotas import Counter, Quotas

TOPIC_NAME = "push"

SHARED_FOR: Milliseconds = 24 * 3_600_000
"""contracts/dropin.md: so long after they had something in common people may still reach each other."""

TRIED_FOR: Milliseconds = 3_600_000
"""What is an hour old is no news, and rows that no vendor takes must not pile up."""

PUSH_SECONDS_MOST = 10.0
"""Of one try: a vendor answers within a second."""

PUSHED_AT_ONCE = 8
"""Apart from all other workflows, which a vendor that hangs must not slow down."""

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
        pusher: Pusher,
        counter: Counter,
        quotas: Quotas,
    ) -> None:
        self._engine = engine
        self._accounts = accounts
        self._pusher = pusher
        self._counter = counter
        self._quotas = quotas
        commands = {DeliverPush.__name__: DeliverPush}
        engine.reactions.register(DEVICES_KIND, commands, self._deliver, at_once=PUSHED_AT_ONCE)

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

    async def _commit(self, recipient: str, notice: PersonalNotice) -> None:
        now = self._engine.clock.now()
        row = OutboxRow(
            id=self._engine.ids.new(now),
            source=Address("account", notice.sender),
            target=Address(DEVICES_KIND, recipient),
            name=DeliverPush.__name__,
            body=msgspec.json.encode(DeliverPush(notice=notice, at=now)),
            at=now,
        )
        told = NewNotice(f"account/{recipient}", TOPIC_NAME, msgspec.json.encode(notice))
        await self._engine.tell(told, row)

    async def _deliver(self, account: str, command: DeliverPush, row: str) -> None:
        """Raises: Undelivered, once every device was tried; then it is called again, and one that has it sees the
        same id. After an hour nobody waits for it any more."""
        devices = self._engine.store.devices
        failures = []
        for device in await devices.of(account):
            try:
                with trio.fail_after(PUSH_SECONDS_MOST):
                    await self._pusher.push(device, Push(row, command.notice))
            except DeviceGone:
                await devices.remove(account, device.address)
            except Exception as error:
                # Whatever a vendor's client raises is that vendor's, and stops no other device.
                failures.append(repr(error))
        if not failures:
            return
        if self._engine.clock.now() - command.at > TRIED_FOR:
            self._engine.log.event("push_given_up", push=row, error=failures[0])
            return
        raise Undelivered(failures[0])


class Undelivered(Exception):
    """A device was not told; its text is the first reason."""


SUMMARY = msgspec.json.Decoder(GigSummary)
