"""Takes a file as it comes: to the disk, part by part, never whole in memory."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from switchboard.engine.files import OCTETS, FileTooLarge, NextPart, NoImage, Received
from switchboard.outbound.uploads.images import HEAD_BYTES, image_type

PART = ".part"
"""The end of the names of files that are being written."""


@asynccontextmanager
async def received(
    folder: Path, part: NextPart, most: int, *, image: bool
) -> AsyncIterator[tuple[Path, Received]]:
    """The file under a name of its own in that folder, durable, for the length of the block; gone after it.

    Raises: FileTooLarge; NoImage, as soon as it shows; OSError; what ``part`` raises.
    """
    path = folder / f"{secrets.token_hex(12)}{PART}"
    try:
        yield path, await _written(path, part, most, image)
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(lambda: path.unlink(missing_ok=True))


def remove_parts(folder: Path) -> None:
    """Removes what was being written there, or below, when the process that wrote was killed. Raises: OSError."""
    for path in folder.rglob(f"*{PART}"):
        path.unlink(missing_ok=True)


async def _written(path: Path, part: NextPart, most: int, image: bool) -> Received:
    # Not for security: what S3's clients compare.
    digest = hashlib.md5(usedforsecurity=False)
    size, head, kind = 0, b"", None
    async with await trio.open_file(path, "xb") as file:
        while (data := await part()) is not None:
            size += len(data)
            if size > most:
                raise FileTooLarge(f"more than {most} bytes")
            if len(head) < HEAD_BYTES:
                head += data[: HEAD_BYTES - len(head)]
                kind = image_type(head)
                if image and kind is None and len(head) >= HEAD_BYTES:
                    raise NoImage("no PNG, JPEG, GIF or WebP")
            digest.update(data)
            await file.write(data)
        if image and kind is None:
            raise NoImage("no PNG, JPEG, GIF or WebP")
        await file.flush()
        await trio.to_thread.run_sync(os.fsync, file.wrapped.fileno())
    return Received(size, kind or OCTETS, digest.hexdigest())
