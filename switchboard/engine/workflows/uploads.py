"""Uploads: announced, sent, shown.

Source: contracts/dropin.md, POST /storage. A file counts once its bytes are durable and its row says so; until its
time is over the same address may be sent to again.
"""

from __future__ import annotations

import trio

from switchboard.engine.clock import Clock, Milliseconds
from switchboard.engine.errors import EngineError, NotFound, StoreDown
from switchboard.engine.files import Files, NextPart
from switchboard.engine.ids import Ids, is_id
from switchboard.engine.records import Account, Accounts, Upload, Uploads
from switchboard.engine.records.uploads import UploadType
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.workflows.accounts import change_account

SEND_TIME: Milliseconds = 3_600_000
"""So long the bytes may come after they were announced: a phone without a signal for a while."""

IMAGE_BYTES_MOST = 10 * 1024 * 1024
"""contracts/ally.md, POST /api/upload."""

UPLOAD_BYTES_MOST = 25 * 1024 * 1024
"""A minute of a phone's video."""

SWEEP_SECONDS = 600.0
SWEPT_AT_ONCE = 1000


class UploadDesk:
    """Each method may raise StoreDown.

    Args:
        bytes_most: of a file for a chat or a gig.
    """

    def __init__(
        self,
        uploads: Uploads,
        files: Files,
        accounts: Accounts,
        clock: Clock,
        ids: Ids,
        log: SupervisionLog,
        *,
        bytes_most: int = UPLOAD_BYTES_MOST,
    ) -> None:
        self._uploads = uploads
        self.files = files
        self._accounts = accounts
        self._clock = clock
        self._ids = ids
        self._log = log
        self._bytes_most = bytes_most

    async def announce(self, account: Account, type: UploadType, gig: str | None = None) -> Upload:
        """A file that the account may send from now on, for ``SEND_TIME``."""
        now = self._clock.now()
        upload = Upload(
            id=self._ids.new(now),
            realm=account.realm,
            account=account.id,
            type=type,
            gig=gig,
            created_at=now,
            updated_at=now,
            expires_at=now + SEND_TIME,
        )
        await self._uploads.add(upload)
        return upload

    async def get(self, id: str) -> Upload:
        """That upload. Raises: NotFound, for a malformed id too."""
        found = await self._uploads.get(id) if is_id(id) else None
        if found is None:
            raise NotFound("upload")
        return found

    async def receive(self, upload: Upload, part: NextPart) -> Upload:
        """Keeps the bytes as they come. Raises: FileTooLarge; NoImage; NotFound: it was swept meanwhile."""
        image = upload.type in ("profileImage", "image")
        most = IMAGE_BYTES_MOST if image else self._bytes_most
        try:
            found = await self.files.save(upload.id, part, most, image=image)
        except OSError as error:
            # A full disk, a store that refuses: ours to mend, and the same file may be sent again.
            self._log.event("upload_not_kept", upload=upload.id, error=repr(error))
            raise StoreDown("the file could not be kept") from error
        stored = await self._uploads.came(
            upload.id, found.size, found.content_type, found.etag, self._clock.now()
        )
        if stored is None:
            raise NotFound("upload")
        return stored

    async def show_as_profile_image(self, upload: Upload, address: str) -> None:
        """The account's picture is this file from now on. Raises: NotFound: the account is no more."""
        now = self._clock.now()
        await change_account(
            self._accounts, upload.account, lambda _: {"profile_image": address}, now
        )

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Forgets now and then what never came, until cancelled."""
        try:
            await self.files.tidy()
        except OSError as error:
            self._log.event("uploads_not_tidied", error=repr(error))
        task_status.started()
        while True:
            await trio.sleep(SWEEP_SECONDS)
            try:
                await self._sweep()
            except EngineError as error:
                self._log.event("uploads_not_swept", error=repr(error))

    async def _sweep(self) -> None:
        # Somebody whose last byte came within its time may still be writing: an hour later nobody is.
        before = self._clock.now() - SEND_TIME
        while ids := await self._uploads.over(before, SWEPT_AT_ONCE):
            await self._uploads.remove(ids)
