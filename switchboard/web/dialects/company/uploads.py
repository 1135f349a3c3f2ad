"""company's upload of images. Source: contracts/company.md, POST /api/users/upload."""

from __future__ import annotations

from switchboard.engine.errors import Invalid
from switchboard.engine.files import FileTooLarge, NoImage
from switchboard.web.call import Call, FilePage, Page
from switchboard.web.dialects.company.shapes import Json
from switchboard.web.failures import BodyTooLarge, UnknownPath
from switchboard.web.uploads import FormWithFile, shown, upload_named


async def upload(call: Call) -> Json:
    """POST /api/users/upload: the field ``image``."""
    form, uploads = FormWithFile(call, "image"), call.services.uploads
    await form.to_file()
    announced = await uploads.announce(call.caller, "image")
    try:
        stored = await uploads.receive(announced, form.part)
    except FileTooLarge as error:
        raise BodyTooLarge from error
    except NoImage as error:
        raise Invalid({"image": "is invalid"}) from error
    await form.to_end()
    address = f"{call.base_url() or call.prefix}/api/users/upload/{stored.id}"
    return {"image": {"file_name": form.file_name or stored.id, "url": address}}


async def fetch(call: Call) -> FilePage | Page:
    """GET /api/users/upload/:id: for whoever has the address, which nobody guesses. (Ours.)"""
    found = await upload_named(call)
    if found is None or found.realm != "company":
        raise UnknownPath
    return await shown(call, found, _missing)


def _missing(_status: int, _code: str) -> Page:
    raise UnknownPath
