"""A Pusher channel while anybody is in it: the hub's channel, who is present, the last event of a cache channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from switchboard.web.realtime.hub import Channel, Cursor, Hub, Member, Rendered
from switchboard.web.realtime.listening import Plan
from switchboard.web.realtime.pusher import frames
from switchboard.web.realtime.pusher.frames import ChannelData, frame
from switchboard.web.transport import Frame

PRESENT_MOST = 100
"""Users in a presence channel: Pusher's limit. All are told of each other."""


def cursor_text(cursor: Cursor) -> str:
    """As it stands on the wire: the topics' numbers with dots between."""
    return ".".join(map(str, cursor))


def cursor_of(given: str | int) -> Cursor | None:
    """From the wire; None if it is none."""
    parts = str(given).split(".")
    if len(parts) > 4 or not all(
        part.isascii() and part.isdigit() and len(part) < 19 for part in parts
    ):
        return None
    return tuple(map(int, parts))


class Present:
    """One user, in as many tabs as they have."""

    def __init__(self, info: Any) -> None:
        self.info = info
        self.members: set[Member] = set()


class Room:
    """One channel of one app."""

    def __init__(self, name: str, hub: Hub, plan: Plan) -> None:
        self.name = name
        self.channel = Channel(hub, plan.topics, plan.render, self._frame, plan.render_now)
        self.present: dict[str, Present] = {}
        self.holders = 0
        """Connections in it or on their way into it; the last one closes it."""
        self.cached: Frame | None = None

    def _frame(self, rendered: Rendered, cursor: Cursor) -> Frame:
        made = frame(rendered.event, rendered.data, self.name, seq=cursor_text(cursor))
        if frames.is_cache(self.name):
            self.cached = made
        return made

    # -- who is here --------------------------------------------------------------------------------------------

    def has_place(self, user: str) -> bool:
        """Whether that user may come in."""
        return user in self.present or len(self.present) < PRESENT_MOST

    def enter(self, member: Member, who: ChannelData) -> None:
        """The others hear of a user's first tab. Without a checkpoint, so that all hear it in the same order."""
        user = str(who.user_id)
        found = self.present.get(user)
        if found is None:
            found = self.present[user] = Present(who.user_info)
            data = {"user_id": user, "user_info": who.user_info}
            self._tell(frame("pusher_internal:member_added", data, self.name), member)
        found.members.add(member)

    def leave(self, member: Member, user: str) -> None:
        """The others hear of a user's last tab."""
        found = self.present.get(user)
        if found is None or member not in found.members:
            return
        found.members.discard(member)
        if not found.members:
            del self.present[user]
            self._tell(
                frame("pusher_internal:member_removed", {"user_id": user}, self.name), member
            )

    def _tell(self, told: Frame, besides: Member) -> None:
        for member in tuple(self.channel.members):
            if member is not besides:
                member.outlet.send_encoded(told)

    def roll(self) -> dict[str, Any]:
        """``{"presence":...}`` as clients are told it when they come in."""
        users = {user: one.info for user, one in self.present.items()}
        return {"presence": {"ids": list(users), "hash": users, "count": len(users)}}

    @property
    def users(self) -> Sequence[str]:
        """Who is present."""
        return list(self.present)

    @property
    def occupied(self) -> bool:
        """Whether anybody listens."""
        return bool(self.channel.members)
