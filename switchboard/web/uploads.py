"""Files as they come and go: bodies that are files, forms that hold one, and files as answers."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from switchboard.engine.errors import Invalid, NotFound
from switchboard.engine.files import OCTETS
from switchboard.engine.records import Upload
from switchboard.web.call import Call, FilePage, Page
from switchboard.web.failures import UnreadableBody, UnsupportedType

PARTS_MOST = 50
"""Of a form with a file: clients send two or three."""

FIELD_BYTES_MOST = 64 * 1024
"""Of all that is no file in it: a token and some words."""

INLINE = {
    # No page of ours shows what strangers uploaded as anything but a picture, and no script in it runs.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class FormWithFile:
    """A multipart form that is read as it comes, up to the file and then through it. Raises: UnsupportedType."""

    def __init__(self, call: Call, *names: str) -> None:
        kind, options = parse_options_header(call.headers.text("Content-Type"))
        boundary = options.get("boundary", "").encode("utf-8", "replace")
        if kind != "multipart/form-data" or not boundary:
            raise UnsupportedType
        assert call.incoming is not None, "the route streams"
        self._part = call.incoming.part
        self._names = names
        self._decoder = MultipartDecoder(
            boundary, max_form_memory_size=FIELD_BYTES_MOST, max_parts=PARTS_MOST
        )
        self.fields: dict[str, str] = {}
        """What stands before the file."""
        self.file_name: str | None = None
        """As its sender calls it, without folders."""
        self._found = False
        self._ended = False

    async def to_file(self) -> None:
        """Reads up to the file. Raises: Invalid: there is none; UnreadableBody; ClientLeft."""
        name, size = "", 0
        while not self._found:
            event = await self._event()
            if isinstance(event, File):
                self._found = event.name in self._names
                if self._found and event.filename:
                    self.file_name = event.filename.replace("\\", "/").rpartition("/")[2][:200]
                name = ""
            elif isinstance(event, Field):
                name = event.name
            elif isinstance(event, Data) and name:
                size += len(event.data)
                if size > FIELD_BYTES_MOST:
                    raise UnreadableBody("is not a multipart form")
                known = self.fields.get(name, "")
                self.fields[name] = known + event.data.decode("utf-8", "replace")
            elif isinstance(event, Epilogue):
                raise Invalid({self._names[0]: "is required"})

    async def part(self) -> bytes | None:
        """The next bytes of the file, None after the last. Raises: UnreadableBody, ClientLeft."""
        if self._ended:
            return None
        event = await self._event()
        if not isinstance(event, Data):
            raise UnreadableBody("is not a multipart form")
        self._ended = not event.more_data
        return bytes(event.data)

    async def to_end(self) -> None:
        """Reads what follows the file, so that the connection can be used again. Raises: UnreadableBody, ClientLeft."""
        while not isinstance(await self._event(), Epilogue):
            continue

    async def _event(self) -> Event:
        try:
            while isinstance(event := self._decoder.next_event(), NeedData):
                self._decoder.receive_data(await self._part())
        except (ValueError, HTTPException) as error:
            raise UnreadableBody("is not a multipart form") from error
        return event


async def shown(call: Call, upload: Upload, failure: Callable[[int, str], Page]) -> FilePage | Page:
    """A file as an answer: as an attachment, unless its content is an image's.

    Args:
        failure: the page that says no.
    """
    found = await call.services.uploads.files.find(upload.id)
    if upload.size is None and not isinstance(found, str):
        return failure(404, "NoSuchKey")
    if isinstance(found, str):
        return Page("text/plain", b"", 302, {"Location": found, "Referrer-Policy": "no-referrer"})
    if found is None:
        return failure(404, "NoSuchKey")
    content_type = upload.content_type or OCTETS
    headers = {
        **INLINE,
        "Content-Length": str(upload.size),
        "ETag": f'"{upload.etag}"',
        "Cache-Control": "private, max-age=3600",
    }
    if content_type == OCTETS:
        headers["Content-Disposition"] = "attachment"
    return FilePage(content_type, found, headers)


async def upload_named(call: Call) -> Upload | None:
    """The upload that the path names, if there is one of this dialect's people."""
    try:
        return await call.services.uploads.get(call.arguments["upload"])
    except NotFound:
        return None
