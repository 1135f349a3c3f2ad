"""Files in a bucket of an S3-compatible store: clients send them there by presigned PUT. Needs the extra ``s3``.

Signing is arithmetic; what talks to the store runs in a thread, because obstore's own asynchrony is asyncio's.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.errors import StartError
from switchboard.engine.files import NextPart, Received
from switchboard.outbound.uploads.receiving import received, remove_parts

READ_SECONDS = 3600
"""So long an address for reading is good."""


class S3Files:
    """``Files`` in a bucket.

    Args:
        folder: where files that come through this server lie until they have been handed on.

    Raises: StartError: the extra is not installed, or the address is none.
    """

    tells = False

    def __init__(
        self,
        *,
        bucket: str,
        endpoint: str | None,
        region: str,
        access_key: str,
        secret_key: str,
        folder: Path,
        clock: Clock,
    ) -> None:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError as error:
            raise StartError("files in a bucket need the extra: pip install '.[s3]'") from error
        self._obstore: Any = obstore
        options: Any = {"allow_http": True} if (endpoint or "").startswith("http://") else {}
        self._store = S3Store(
            bucket,
            region=region,
            endpoint=endpoint,
            access_key_id=access_key,
            secret_access_key=secret_key,
            virtual_hosted_style_request=False,
            client_options=options,
        )
        self._folder = folder
        self._clock = clock

    def put_address(self, name: str, base: str, expires_at: Instant) -> str:
        """An address of the store, signed."""
        seconds = max(1, (expires_at - self._clock.now()) // 1000)
        return self._signed("PUT", name, seconds)

    def _signed(self, method: str, name: str, seconds: int) -> str:
        span = datetime.timedelta(seconds=seconds)
        address: str = self._obstore.sign(self._store, method, name, span)
        return address

    def admits(self, name: str, query: Mapping[str, object], now: Instant) -> bool:
        """Nothing is sent to this server."""
        return False

    async def save(self, name: str, part: NextPart, most: int, *, image: bool) -> Received:
        """Takes it as it comes, then hands it on. Raises: FileTooLarge, NoImage, OSError."""
        await trio.to_thread.run_sync(
            lambda: self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        )
        async with received(self._folder, part, most, image=image) as (path, found):
            await trio.to_thread.run_sync(self._put, name, path, found.content_type)
            return found

    def _put(self, name: str, path: Path, content_type: str) -> None:
        attributes = {"Content-Type": content_type}
        try:
            self._obstore.put(self._store, name, path, attributes=attributes)
        except Exception as error:
            # obstore's errors share no base of their own; whatever it is, the file is not there.
            raise OSError(f"the store did not take {name}: {error}") from error

    async def tidy(self) -> None:
        """Removes what a crash left half-written. Raises: OSError."""
        await trio.to_thread.run_sync(remove_parts, self._folder)

    async def find(self, name: str) -> str | None:
        """An address to read it from, good for an hour, whether it has come or not: the store knows."""
        return self._signed("GET", name, READ_SECONDS)
