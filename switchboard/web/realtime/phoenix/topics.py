"""A topic while anybody is in it: a channel of the hub for each version that is spoken there, and who is present."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from switchboard.engine.clock import Instant
from switchboard.engine.runtime.announcements import Announcement
from switchboard.web.realtime.hub import Channel, Cursor, Hub, Member, Rendered
from switchboard.web.realtime.phoenix import frames
from switchboard.web.realtime.phoenix.frames import Version, encode
from switchboard.web.realtime.phoenix.speaking import Place, Told
from switchboard.web.transport import Frame

Metas = Mapping[str, Mapping[str, Any]]
"""user -> ``{"metas": [...]}``, as Phoenix's Presence has it."""


class Topic:
    """One topic. Everybody in it speaks one of the versions; each version's frames are encoded once."""

    def __init__(self, name: str, place: Place, hub: Hub) -> None:
        self.name = name
        self.key = place.key
        self.holders = 0
        """Connections in it or on their way into it; the last one closes it."""
        self._hub = hub
        self._place = place
        self._channels: dict[Version, Channel] = {}
        self._answered: dict[tuple[Version, str], Member] = {}
        """Version and message -> who has pushed it and is answered with it; until it has been told to the others."""
        self._present: dict[str, dict[Member, Mapping[str, Any]]] = {}

    async def channel(self, version: Version) -> Channel:
        """The channel of those who speak that version; not to be called twice at once. Raises: StoreDown."""
        found = self._channels.get(version)
        if found is None:
            found = await self._hub.channel(
                self._place.topics,
                self._render(version),
                self._frame(version),
                self._render_now(version),
            )
            self._channels[version] = found
        return found

    def close(self) -> None:
        """Hears nothing more."""
        for channel in self._channels.values():
            channel.close()

    # -- telling ------------------------------------------------------------------------------------------------

    def _render(self, version: Version) -> Any:
        async def render(announcement: Announcement) -> Rendered | None:
            return self._rendered(version, await self._place.render(announcement))

        return render

    def _render_now(self, version: Version) -> Any:
        def render_now(announcement: Announcement) -> Rendered | None:
            return self._rendered(version, self._place.render_now(announcement))

        return render_now

    def _rendered(self, version: Version, told: Told | None) -> Rendered | None:
        if told is None:
            return None
        besides = None
        if told.message is not None:
            besides = self._answered.pop((version, told.message), None)
        return Rendered(told.event, told.payload, besides)

    def _frame(self, version: Version) -> Any:
        def frame(rendered: Rendered, _cursor: Cursor) -> Frame:
            return encode(version, self.name, rendered.event, rendered.data)

        return frame

    def answer_with(self, version: Version, message: str, member: Member) -> None:
        """That member is not told of the message."""
        self._answered[version, message] = member

    def tell_again(self, version: Version, message: str) -> None:
        """It was not stored, or nobody knows: whoever pushed it is told if it is."""
        self._answered.pop((version, message), None)

    async def broadcast(self, event: str, payload: Any, besides: Member) -> None:
        """Something that is kept nowhere, for all but one."""
        for version, channel in tuple(self._channels.items()):
            await channel.broadcast(encode(version, self.name, event, payload), besides)

    # -- who is here --------------------------------------------------------------------------------------------

    def enter(self, member: Member, user: str, ref: str, now: Instant) -> None:
        """The others hear of it, at once. A user has one entry, with a meta for each of their sockets."""
        meta = {"phx_ref": ref, "online_at": now // 1000}
        self._present.setdefault(user, {})[member] = meta
        self._tell_presence({"joins": {user: {"metas": [meta]}}, "leaves": {}}, member)

    def leave(self, member: Member, user: str) -> None:
        """The others hear of it; with the last of their sockets the user has gone."""
        metas = self._present.get(user, {})
        meta = metas.pop(member, None)
        if meta is None:
            return
        if not metas:
            del self._present[user]
        self._tell_presence({"joins": {}, "leaves": {user: {"metas": [meta]}}}, member)

    def presence(self) -> Metas:
        """Who is here."""
        return {user: {"metas": list(metas.values())} for user, metas in self._present.items()}

    def _tell_presence(self, diff: Mapping[str, Any], besides: Member) -> None:
        # Without a checkpoint, so that who comes in is told a state to which every later diff can be applied.
        for version, channel in self._channels.items():
            told = encode(version, self.name, frames.DIFF, diff)
            for member in _others(channel, besides):
                member.outlet.send_encoded(told)


def _others(channel: Channel, besides: Member) -> Iterator[Member]:
    return (member for member in tuple(channel.members) if member is not besides)
