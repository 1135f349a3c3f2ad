"""ally's upload of images, for messages and avatars. Source: contracts/ally.md, POST /api/upload."""

from __future__ import annotations

from switchboard.engine.files import FileTooLarge, NoImage
from switchboard.web.authentication import authenticate
from switchboard.web.call import Call, FilePage, Page
from switchboard.web.dialects.ally.callers import AUDIENCE, credential
from switchboard.web.dialects.ally.errors import UnsupportedFile
from switchboard.web.dialects.ally.shapes import Json
from switchboard.web.failures import BodyTooLarge, LoginRequired, UnknownPath
from switchboard.web.uploads import FormWithFile, shown, upload_named


async def upload(call: Call) -> Json:
    """POST /api/upload: the field ``file``; a token may be a field before it."""
    form = FormWithFile(call, "file")
    await form.to_file()
    call.body = form.fields
    given = credential(call)
    if not given:
        raise LoginRequired
    _, account = await authenticate(call.services, given, AUDIENCE)
    uploads = call.services.uploads
    announced = await uploads.announce(account, "image")
    try:
        stored = await uploads.receive(announced, form.part)
    except FileTooLarge as error:
        raise BodyTooLarge from error
    except NoImage as error:
        raise UnsupportedFile from error
    await form.to_end()
    return {"file": f"{call.base_url() or call.prefix}/api/upload/{stored.id}"}


async def fetch(call: Call) -> FilePage | Page:
    """GET /api/upload/:id: for whoever has the address, which nobody guesses. (Ours: the documents leave it open.)"""
    found = await upload_named(call)
    if found is None or found.realm != "ally":
        raise UnknownPath
    return await shown(call, found, _missing)


def _missing(_status: int, _code: str) -> Page:
    raise UnknownPath
