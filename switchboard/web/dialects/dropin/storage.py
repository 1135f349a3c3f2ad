"""dropin's uploads: announced by POST /storage, sent by PUT to a signed address, shown by GET.

Source: contracts/dropin.md, POST /storage. Whoever sends bytes hears of errors as from S3, in XML.
"""

from __future__ import annotations

from typing import NamedTuple, cast
from xml.sax.saxutils import escape

from switchboard.engine.errors import NotAllowed, NotFound
from switchboard.engine.files import FileTooLarge, NoImage
from switchboard.engine.ids import is_id
from switchboard.engine.records import Upload
from switchboard.engine.records.uploads import UploadType
from switchboard.engine.sessions.gig import Gig
from switchboard.engine.sessions.kind import Address
from switchboard.web.call import Call, FilePage, Page
from switchboard.web.dialects.dropin.accounts import profile
from switchboard.web.dialects.dropin.shapes import Json, upload_shape
from switchboard.web.reading import Reader
from switchboard.web.uploads import shown, upload_named

TYPES = ("profileImage", "chat", "gig")
"""The seed's."""

MESSAGES = {
    "AccessDenied": "Request has expired or its signature does not match.",
    "EntityTooLarge": "Your proposed upload exceeds the maximum allowed size.",
    "InvalidRequest": "The file must be a PNG, JPEG, GIF or WebP image.",
    "NoSuchKey": "The specified key does not exist.",
}
"""Amazon's own words, where it has some."""


class Announced(NamedTuple):
    """The fields of POST /storage."""

    type: UploadType
    gig: str | None


def _announced(reader: Reader) -> Announced:
    type = cast(UploadType, reader.choice("type", of=TYPES))
    gig = reader.reference("gig") if reader.has("gig") else None
    reader.text("contentType", most=200)
    return Announced(type, gig)


async def announce(call: Call) -> Json:
    """POST /storage: where to send the bytes, and where they are to be had then."""
    given = call.parse(_announced)
    caller, uploads = call.caller, call.services.uploads
    if given.gig is not None:
        await _only_participants(call, given.gig)
    upload = await uploads.announce(caller, given.type, given.gig)
    if upload.type == "profileImage" and not uploads.files.tells:
        # Nobody will tell us that it has come.
        await uploads.show_as_profile_image(upload, addresses(call, upload)["url"])
    return upload_shape(upload, await profile(call, caller), **addresses(call, upload))


async def _only_participants(call: Call, id: str) -> None:
    gig = await call.services.engine.read(Address("gig", id)) if is_id(id) else None
    if not isinstance(gig, Gig):
        raise NotFound("gig")
    if call.caller.id not in (gig.customer, gig.operator):
        raise NotAllowed


def addresses(call: Call, upload: Upload) -> dict[str, str]:
    """Where the bytes go and where they are: below the request's own host, if that may be repeated, else its path."""
    base = call.base_url()
    if base is None:
        base = call.prefix
    files = call.services.uploads.files
    return {
        "location": files.put_address(upload.id, base, upload.expires_at),
        "url": f"{base}/storage/{upload.id}",
    }


async def receive(call: Call) -> Page:
    """PUT of the bytes: 200, empty, with their ETag. The signature alone says who may."""
    services = call.services
    upload = await upload_named(call)
    now = services.engine.clock.now()
    if not services.uploads.files.admits(call.arguments["upload"], call.query, now):
        return xml_error(403, "AccessDenied")
    if upload is None:
        return xml_error(404, "NoSuchKey")
    assert call.incoming is not None, "the route streams"
    try:
        stored = await services.uploads.receive(upload, call.incoming.part)
    except FileTooLarge:
        return xml_error(413, "EntityTooLarge")
    except NoImage:
        return xml_error(400, "InvalidRequest")
    except NotFound:
        return xml_error(404, "NoSuchKey")
    if upload.type == "profileImage":
        await services.uploads.show_as_profile_image(upload, addresses(call, upload)["url"])
    return Page("application/xml", b"", headers={"ETag": f'"{stored.etag}"'})


async def fetch(call: Call) -> Page | FilePage:
    """GET of the bytes, for whoever has the address, which nobody guesses."""
    upload = await upload_named(call)
    if upload is None or upload.realm != "people":
        return xml_error(404, "NoSuchKey")
    return await shown(call, upload, xml_error)


def xml_error(status: int, code: str) -> Page:
    """An error as S3 says it."""
    body = f"<Error><Code>{code}</Code><Message>{escape(MESSAGES[code])}</Message></Error>"
    return Page(
        "application/xml", b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode(), status
    )
