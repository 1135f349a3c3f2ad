"""company's URLs."""

from __future__ import annotations

from switchboard.web.call import Call, Dialect, Route
from switchboard.web.dialects.company import conversations, uploads, users
from switchboard.web.dialects.company.channels import add_channels
from switchboard.web.dialects.company.errors import failure
from switchboard.web.realtime.phoenix import longpoll


def credential(call: Call) -> str | None:
    """``Authorization: Bearer <jwt>``, also ``Bearer:``, in any case; a header of another kind opens nothing."""
    header = call.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.rstrip(":").lower() == "bearer" else header


COMPANY = Dialect(
    name=users.AUDIENCE,
    prefix=f"/{users.AUDIENCE}",
    routes=(
        Route("POST", "/api/login", users.login, anonymous=True),
        Route("DELETE", "/api/logout", users.logout),
        Route("POST", "/api/users", users.register, anonymous=True),
        Route("GET", "/api/users", users.everybody),
        Route("PUT", "/api/users/<user>", users.change_password),
        Route("POST", "/api/users/upload", uploads.upload, streams=True),
        Route("GET", "/api/users/upload/<upload>", uploads.fetch, anonymous=True),
        Route("POST", "/api/conversations", conversations.converse),
        Route("GET", "/api/conversations", conversations.conversations),
        Route("GET", "/api/messages", conversations.messages),
        Route("POST", "/api/messages", conversations.say),
        Route("GET", "/socket/longpoll", longpoll.poll, anonymous=True, streams=True),
        Route("POST", "/socket/longpoll", longpoll.publish, anonymous=True, streams=True),
    ),
    credential=credential,
    success=users.bare,
    failure=failure,
    socket=add_channels,
)
