"""auto's URLs."""

from __future__ import annotations

from switchboard.web.authentication import bearer
from switchboard.web.call import Call, Dialect, Route
from switchboard.web.dialects.auto import accounts, chat, leads, presence, streams
from switchboard.web.dialects.auto.callers import AUDIENCE
from switchboard.web.dialects.auto.channels import LISTENING
from switchboard.web.dialects.auto.errors import failure
from switchboard.web.dialects.auto.notices import PUSHES
from switchboard.web.dialects.auto.shapes import envelope
from switchboard.web.realtime.pusher import authorizing


def credential(call: Call) -> str | None:
    """``Authorization: JWT``, ``Bearer`` or ``JWT JWT``."""
    return bearer(call.headers.get("Authorization"))


AUTO = Dialect(
    name=AUDIENCE,
    prefix=f"/{AUDIENCE}",
    routes=(
        Route("POST", "/auth", accounts.login, anonymous=True),
        Route("POST", "/auth/register", accounts.register, anonymous=True),
        Route("POST", "/auth/changepassword", accounts.change_password, anonymous=True),
        Route("POST", "/auth/logout", accounts.logout),
        Route("POST", "/accounts/status/online", presence.online),
        Route("POST", "/accounts/status/offline", presence.offline),
        Route("POST", "/ping", presence.ping),
        Route("POST", "/devices", presence.register_device),
        Route("GET", "/devices/webpush", presence.web_push_key, anonymous=True),
        Route("POST", "/devices/webpush", presence.register_browser),
        Route("DELETE", "/devices/webpush", presence.forget_browser),
        Route("GET", "/vin/<vin>", leads.vin, anonymous=True),
        Route("GET", "/streams", streams.listed),
        Route("POST", "/streams/request/<organization>", streams.request, anonymous=True),
        Route("POST", "/streams/accept/<stream>", streams.accept),
        Route("POST", "/streams/stop/<stream>", streams.stop, anonymous=True),
        Route("POST", "/streams/note/<stream>", streams.note, anonymous=True),
        Route("GET", "/streams/<stream>", streams.show, anonymous=True),
        Route("POST", "/leads", leads.take, anonymous=True),
        Route("POST", "/socket/auth", authorizing.channel, anonymous=True),
        Route("POST", "/socket/user-auth", authorizing.user),
        Route("POST", "/chat/<stream>", chat.say, anonymous=True),
        Route("GET", "/chat/<stream>", chat.history, anonymous=True),
    ),
    credential=credential,
    success=envelope,
    failure=failure,
    listening=LISTENING,
    pushes=PUSHES,
)
