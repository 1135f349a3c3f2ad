"""auto's URLs."""

from __future__ import annotations

from switchboard.web.authentication import bearer
from switchboard.web.call import Call, Dialect, Route
from switchboard.web.dialects.auto import accounts
from switchboard.web.dialects.auto.errors import failure
from switchboard.web.dialects.auto.shapes import envelope


def credential(call: Call) -> str | None:
    """``Authorization: JWT``, ``Bearer`` or ``JWT JWT``."""
    return bearer(call.headers.get("Authorization"))


AUTO = Dialect(
    name=accounts.AUDIENCE,
    prefix=f"/{accounts.AUDIENCE}",
    routes=(
        Route("POST", "/auth", accounts.login, anonymous=True),
        Route("POST", "/auth/register", accounts.register, anonymous=True),
        Route("POST", "/auth/changepassword", accounts.change_password, anonymous=True),
        Route("POST", "/auth/logout", accounts.logout),
    ),
    credential=credential,
    success=envelope,
    failure=failure,
)
