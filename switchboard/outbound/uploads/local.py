"""Files in the data folder, served by this server itself: the default, which needs no vendor."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.files import NextPart, Received
from switchboard.engine.ids import is_id
from switchboard.outbound.uploads.receiving import received, remove_parts

KEY_BYTES_LEAST = 32


class LocalFiles:
    """``Files`` in a folder. What was kept survives any crash: it is synced, and gets its name in one step.

    Args:
        folder: made when the first file comes; only this process writes there.
        key: signs the addresses by which files are sent; 32 bytes or more.
    """

    tells = True

    def __init__(self, folder: Path, key: bytes) -> None:
        if len(key) < KEY_BYTES_LEAST:
            raise ValueError(f"the upload key has {len(key)} bytes; {KEY_BYTES_LEAST} are needed")
        self._folder = folder
        self._key = key

    def put_address(self, name: str, base: str, expires_at: Instant) -> str:
        """An address of this server, signed."""
        expires = str(expires_at // 1000)
        return f"{base}/storage/{name}?expires={expires}&signature={self._signature(name, expires)}"

    def admits(self, name: str, query: Mapping[str, object], now: Instant) -> bool:
        """Whether the signature is ours and not over."""
        expires, signature = query.get("expires"), query.get("signature")
        if not isinstance(expires, str) or not isinstance(signature, str):
            return False
        right = self._signature(name, expires)
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            return False
        return now < int(expires) * 1000

    def _signature(self, name: str, expires: str) -> str:
        message = f"PUT\n{name}\n{expires}".encode("utf-8", "replace")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    async def save(self, name: str, part: NextPart, most: int, *, image: bool) -> Received:
        """Keeps it as it comes. Raises: FileTooLarge, NoImage, OSError."""
        place = self._place(name)
        await trio.to_thread.run_sync(_make, place.parent)
        async with received(place.parent, part, most, image=image) as (path, found):
            await trio.to_thread.run_sync(_name, path, place)
            return found

    async def tidy(self) -> None:
        """Removes what a crash left half-written. Raises: OSError."""
        await trio.to_thread.run_sync(remove_parts, self._folder)

    async def find(self, name: str) -> Path | None:
        """The file."""
        place = self._place(name)
        return place if await trio.to_thread.run_sync(place.is_file) else None

    def _place(self, name: str) -> Path:
        assert is_id(name), "names are ids, so that none leads elsewhere"
        # By its last digits, which are random: a folder holds a 256th of the files.
        return self._folder / name[-2:] / name


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _name(path: Path, place: Path) -> None:
    path.replace(place)
    for folder in (place.parent, place.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
