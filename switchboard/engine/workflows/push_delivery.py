"""Tells devices what stands on their accounts' topics: what sessions have committed and what people send.

The notices are the outbox of pushes: each is written in the commit that it tells of, and each device's row says up to
which it has been told. A session's commit writes nothing for it, and reads nothing but one set in memory. A device's
row is written after its vendor has taken a push, so after a crash a push may come twice, with the same id.

Source: docs/decisions/0009-pushes-follow-notices.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from switchboard.engine.engine import Engine
from switchboard.engine.errors import Unavailable
from switchboard.engine.ports import StoredNotice
from switchboard.engine.push import (
    ACCOUNT_TOPICS,
    Body,
    DeviceGone,
    Push,
    Pusher,
    PushLater,
    PushRefused,
    topic_of,
)
from switchboard.engine.records import Device
from switchboard.engine.records.devices import DeviceType
from switchboard.engine.runtime.supervision_log import fingerprint
from switchboard.engine.workflows.push_lanes import Lane, Place

PUSH_SECONDS_MOST = 10.0
"""Of one try: a vendor answers within a second."""

TOLD_AT_ONCE: Mapping[DeviceType, int] = {"ios": 16, "android": 16, "web": 32}
"""Devices of one kind at a time. At 100 ms a push that is 160 pushes a second; browsers have more, because theirs are
many vendors, of which some may hang."""

READ_AT_ONCE = 20
"""Notices of one device before it is another's turn."""

CLOSE_SECONDS = 1.0
"""For saying goodbye to vendors when the server stops."""

RETRY_SECONDS = 1.0
"""How soon the store is asked again when it did not answer."""


class PushDelivery:
    """Tells devices."""

    def __init__(self, engine: Engine, pusher: Pusher) -> None:
        self._engine = engine
        self._pusher = pusher
        self._bodies: Mapping[str, Body] = {}
        self._served = trio.Event()
        self._listening: set[str] | None = None
        """Accounts that have a device (some may have none any more); None until they were read."""
        self._behind: dict[str, None] = {}
        """Accounts whose devices have to be looked at, in that order."""
        self._wakeup = trio.Event()
        self._lanes = {
            type: Lane(self._tell, at_once, engine.chance) for type, at_once in TOLD_AT_ONCE.items()
        }

    def serve(self, bodies: Mapping[str, Body]) -> None:
        """Says what devices are told of notices, by the notices' names; others are passed over."""
        self._bodies = bodies
        self._served.set()

    def listens(self, account: str) -> None:
        """The account has, or is about to have, a device; what its devices have not been told is now looked up."""
        if self._listening is not None:
            self._listening.add(account)
        self._look(account)

    def statistics(self) -> Mapping[str, int]:
        """Devices that wait to be told something, by kind."""
        return {f"waiting_{type}": lane.waiting for type, lane in self._lanes.items()}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Tells until cancelled, once ``serve`` was called."""
        self._engine.announcements.watch(self._heard)
        task_status.started()
        try:
            await self._served.wait()
            await self._load()
            async with trio.open_nursery() as nursery:
                for lane in self._lanes.values():
                    nursery.start_soon(lane.run)
                nursery.start_soon(self._look_up)
        finally:
            with trio.move_on_after(CLOSE_SECONDS, shield=True):
                await self._pusher.aclose()

    # -- who has to be told -------------------------------------------------------------------------------------

    def _heard(self, topic: str) -> None:
        """Something was committed on the topic."""
        if not topic.startswith(ACCOUNT_TOPICS):
            return
        account = topic.removeprefix(ACCOUNT_TOPICS)
        # Until the accounts with devices were read, anybody may have one.
        if self._listening is None or account in self._listening:
            self._look(account)

    def _look(self, account: str) -> None:
        self._behind[account] = None
        self._wakeup.set()

    async def _load(self) -> None:
        """Who has devices, and who was not told everything when the engine stopped."""
        while True:
            try:
                listening = await self._engine.store.devices.listening()
            except Unavailable as error:
                self._engine.log.event("push_put_off", error=repr(error))
                await trio.sleep(RETRY_SECONDS)
            else:
                break
        self._listening = {account for account, _ in listening}
        # Who registered while this was read is among those that were heard of.
        self._listening.update(self._behind)
        for account, behind in listening:
            if behind:
                self._look(account)

    async def _look_up(self) -> None:
        while True:
            await self._wakeup.wait()
            self._wakeup = trio.Event()
            while self._behind:
                account = next(iter(self._behind))
                del self._behind[account]
                try:
                    devices = await self._engine.store.devices.of(account)
                except Unavailable as error:
                    self._engine.log.event("push_put_off", error=repr(error))
                    self._behind[account] = None
                    await trio.sleep(RETRY_SECONDS)
                    continue
                for device in devices:
                    self._lanes[device.type].add(Place(account, device.id))

    # -- telling ------------------------------------------------------------------------------------------------

    async def _tell(self, place: Place) -> bool:
        """See ``Deliver``."""
        try:
            return await self._tell_next(place)
        except Unavailable as error:
            raise PushLater(repr(error), RETRY_SECONDS) from error

    async def _tell_next(self, place: Place) -> bool:
        store = self._engine.store
        devices = await store.devices.of(place.account)
        device = next((one for one in devices if one.id == place.device), None)
        if device is None:
            return False
        topic = topic_of(place.account)
        notices = await store.sessions.notices(topic, device.told, READ_AT_ONCE)
        late = 0
        for notice in notices:
            push = self._push(notice, place.account)
            if push is not None and push.expires_at <= self._engine.clock.now():
                push, late = None, late + 1
            if push is not None and not await self._hand_over(device, push):
                return False
            if push is not None or notice is notices[-1]:
                # What is passed over costs no write of its own.
                await store.devices.told(device, notice.sequence)
        if late:
            self._log("push_given_up", device, pushes=late)
        return len(notices) == READ_AT_ONCE

    def _push(self, notice: StoredNotice, account: str) -> Push | None:
        body = self._bodies.get(notice.name)
        if body is None:
            return None
        try:
            return body(notice, account, self._engine)
        except Exception as error:
            # A bug, or a notice of another version of the code: it must not hold up the ones behind it.
            self._engine.log.event(
                "push_unreadable",
                notice=notice.name,
                error=type(error).__name__,
                fingerprint=fingerprint(error),
            )
            return None

    async def _hand_over(self, device: Device, push: Push) -> bool:
        """Returns: False if there is no such device any more. Raises: PushLater."""
        try:
            with trio.fail_after(PUSH_SECONDS_MOST):
                await self._pusher.push(device, push)
        except DeviceGone as gone:
            await self._engine.store.devices.remove(device.account, device.address)
            self._log("push_device_gone", device, reason=str(gone))
            return False
        except PushRefused as refusal:
            self._log("push_refused", device, push=push.id, reason=str(refusal))
        except PushLater as later:
            self._log("push_failed", device, push=push.id, reason=str(later))
            raise
        except Exception as error:
            # Whatever a vendor's client raises is that vendor's; its text may hold a token.
            reason = type(error).__name__
            self._log("push_failed", device, push=push.id, reason=reason)
            raise PushLater(reason) from error
        return True

    def _log(self, event: str, device: Device, **fields: Any) -> None:
        self._engine.log.event(
            event, account=device.account, device=device.id, type=device.type, **fields
        )
