"""Where the bytes of uploads lie: the port of their providers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from switchboard.engine.clock import Instant

OCTETS = "application/octet-stream"

NextPart = Callable[[], Awaitable[bytes | None]]
"""The next bytes of what is being sent; None: that was all."""


class FileTooLarge(Exception):
    """The file is larger than its purpose allows."""


class NoImage(Exception):
    """The file should be an image, and its content is none."""


class Received(NamedTuple):
    """A file that has come and is durable."""

    size: int
    content_type: str
    etag: str


class Files(Protocol):
    """A place for files, by name: an id."""

    tells: bool
    """Whether this server learns that a file has come: not if clients send them past it."""

    def put_address(self, name: str, base: str, expires_at: Instant) -> str:
        """Where the client sends the bytes to, by PUT; good until then.

        Args:
            base: of the dialect, for places that this server itself serves.
        """

    def admits(self, name: str, query: Mapping[str, object], now: Instant) -> bool:
        """Whether the query's signature allows to send that file to this server."""

    async def save(self, name: str, part: NextPart, most: int, *, image: bool) -> Received:
        """Keeps the file as it comes, in place of an earlier one; durable when this returns, else nothing of it stays.

        Raises: FileTooLarge; NoImage; OSError; what ``part`` raises.
        """

    async def tidy(self) -> None:
        """Removes what a crash left half-written. Raises: OSError."""

    async def find(self, name: str) -> Path | str | None:
        """The file, or the address where it is to be had; None if it has not come."""
