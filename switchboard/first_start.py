"""What there must be before anybody comes: the first administrator, the app of a support desk."""

from __future__ import annotations

import secrets

from switchboard.engine.errors import IdentityTaken, Invalid, NotFound, StartError
from switchboard.engine.records import SupportApp
from switchboard.engine.workflows.accounts import Registration
from switchboard.settings import PREFIX, Settings
from switchboard.web.services import Services

DEFAULT_LOGIN = "admin"

SUPPORT_APP = "sensetest"
"""contracts/ally.md, POST /api/token."""


def generated_password() -> str:
    """A password that can be copied by hand: 96 bits."""
    return secrets.token_urlsafe(12)


async def support_app(services: Services) -> SupportApp:
    """The app of ally's own examples, made if there is none: what its documents show works as it stands."""
    try:
        return await services.support.apps.find(SUPPORT_APP)
    except NotFound:
        return await services.support.apps.create(SUPPORT_APP, "Support")


async def administrator(services: Services, settings: Settings) -> list[str]:
    """Makes the first administrator as the settings say; with the embedded database one is made in any case.

    Returns: the lines that show a generated login; none if nothing was generated.
    Raises: StartError: the name belongs to somebody who is no administrator, or cannot be a name.
    """
    if settings.admin_login is None and not settings.embedded:
        return []
    login = settings.admin_login or DEFAULT_LOGIN
    known = await services.directory.by_identity("people", "username", login.lower())
    if known is not None:
        if not known.admin and settings.admin_login is not None:
            raise StartError(
                f"{PREFIX}ADMIN_LOGIN {login!r} is an account that is no administrator"
            )
        return []
    password = settings.admin_password or generated_password()
    registration = Registration(
        first_name="Administrator", identities=(("username", login),), password=password
    )
    try:
        await services.desk.create(registration, admin=True)
    except (Invalid, IdentityTaken) as error:
        raise StartError(f"{PREFIX}ADMIN_LOGIN {login!r} cannot be used: {error}") from error
    if settings.admin_login is not None:
        return []
    return ["Administrator (shown once):", f"  {login}  {password}"]
