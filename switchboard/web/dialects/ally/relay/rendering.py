"""What the relay's connections are told of what happens in rooms, as frames.

A message is told on two topics or more, and its frame is made once: while its commit is under way, when there is
nothing else to do, so that telling it is little more than writing it to sockets.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from switchboard.engine.ports import Turn
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.room import RoomNotice
from switchboard.engine.workflows.messages import Message
from switchboard.web.dialects.ally.relay import frames
from switchboard.web.dialects.ally.shapes import last_issue_shape
from switchboard.web.realtime.hub import NotNow, Rendered
from switchboard.web.services import Services
from switchboard.web.transport import Frame

KEPT_MOST: Final = 1024
"""Messages whose frames are kept, and KEPT_BYTES_MOST of them: each is told within milliseconds of its commit, in which
a busy desk says some hundred others."""

KEPT_BYTES_MOST: Final = 4 * 1024 * 1024

ROOM: Final = "room"
"""The name of the notices that are told."""

_decode = msgspec.json.Decoder(RoomNotice).decode


class Rendering:
    """Renders for all channels of the relay.

    Args:
        is_heard: whether anybody listens to a topic.
    """

    def __init__(self, services: Services, is_heard: Callable[[str], bool]) -> None:
        self._services = services
        self._is_heard = is_heard
        self._kept: OrderedDict[bytes, Rendered] = OrderedDict()
        """By the notice, which names the message."""
        self._kept_bytes = 0
        services.engine.foresee_messages(self.foresee)

    @property
    def kept(self) -> int:
        """How many frames are."""
        return len(self._kept)

    async def rendered(self, announcement: Announcement) -> Rendered | None:
        """Raises: StoreDown; then it is asked again."""
        kept = self._kept.get(announcement.body)
        if kept is not None or announcement.name != ROOM:
            return kept
        notice = _decode(announcement.body)
        if notice.what == "message" and notice.message is not None:
            message = await self._services.messages.get(notice.message)
            return None if message is None else self._keep(announcement.body, message)
        if notice.what == "issue" and notice.issue is not None:
            issues = self._services.issues
            # What has happened is told as it was then; the message that opened it was not yet there.
            view = await issues.view(await issues.get(notice.issue.id))
            ends = (view.first_message, view.last_message)
            shape = last_issue_shape(notice.room, notice.issue, *ends)
            return Rendered(notice.what, frames.frame("issue", shape))
        return _holder(notice)

    def rendered_now(self, announcement: Announcement) -> Rendered | None:
        """Raises: NotNow."""
        kept = self._kept.get(announcement.body)
        if kept is not None or announcement.name != ROOM:
            return kept
        notice = _decode(announcement.body)
        if notice.what == "message" and notice.message is not None:
            message = self._services.messages.recent(notice.message)
            if message is None:
                raise NotNow
            return self._keep(announcement.body, message)
        if notice.what == "issue" and notice.issue is not None:
            raise NotNow
        return _holder(notice)

    def foresee(self, turn: Turn) -> None:
        """Of a turn that comes to nothing a frame may stay behind that is never told: the next try of the same
        messages, which may be of another moment, replaces it."""
        entries = {one.message.id: one for one in turn.entries if one.message is not None}
        for body in {one.body for one in turn.notices if self._is_heard(one.topic)}:
            notice = _decode(body)
            if notice.what == "message" and notice.message in entries:
                entry = entries[notice.message]
                self._keep(body, self._services.messages.of_entry(turn.address.id, entry))

    def _keep(self, body: bytes, message: Message) -> Rendered:
        rendered = Rendered("message", frames.frame("message", frames.message_content(message)))
        before = self._kept.pop(body, None)
        self._kept[body] = rendered
        self._kept_bytes += len(_frame(rendered)) - (len(_frame(before)) if before else 0)
        while len(self._kept) > KEPT_MOST or self._kept_bytes > KEPT_BYTES_MOST:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(_frame(oldest))
        return rendered


def _holder(notice: RoomNotice) -> Rendered | None:
    if notice.what != "holder":
        return None
    content = {"room": notice.room, "operator": notice.holder}
    return Rendered(notice.what, frames.frame("room_active", content))


def _frame(rendered: Rendered) -> Frame:
    frame: Frame = rendered.data
    return frame
