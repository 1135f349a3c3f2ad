"""Puts the messages of a websocket together from what arrives, bounded as a whole however they are cut up."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

from wsproto.events import Message, TextMessage


class TooBig(Exception):
    """The message has more bytes than it may have; nothing of the last part was kept."""


class Assembly:
    """The message that is arriving."""

    __slots__ = ("_parts", "most", "size")

    def __init__(self, most: int) -> None:
        self.most = most
        """The bytes that a message may have."""
        self._parts: BytesIO | StringIO | None = None
        self.size = 0
        """Its bytes so far."""

    def add(self, event: Message[Any]) -> str | bytes | None:
        """Takes a part. Returns: the whole message, with its ``size``, if that was the last one.

        Raises: TooBig, before the part is kept.
        """
        if self._parts is None:
            self._parts = StringIO() if isinstance(event, TextMessage) else BytesIO()
            self.size = 0
        self.size += self._measured(event.data)
        if self.size > self.most:
            raise TooBig
        self._parts.write(event.data)
        if not event.message_finished:
            return None
        whole = self._parts.getvalue()
        self._parts = None
        return whole

    def _measured(self, data: str | bytes) -> int:
        if not isinstance(data, str) or data.isascii():
            return len(data)
        return len(data.encode())
