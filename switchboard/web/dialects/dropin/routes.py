"""dropin's URLs."""

from __future__ import annotations

from typing import Any

from switchboard.web.call import Dialect, Route
from switchboard.web.dialects.dropin import accounts, chat, devices, gigs, storage
from switchboard.web.dialects.dropin.callers import AUDIENCE, credential
from switchboard.web.dialects.dropin.channels import LISTENING
from switchboard.web.dialects.dropin.errors import failure
from switchboard.web.dialects.dropin.notices import PUSHES
from switchboard.web.realtime.pusher import authorizing


def bare(answer: Any) -> Any:
    """dropin has no envelope."""
    return answer


DROPIN = Dialect(
    name=AUDIENCE,
    prefix=f"/{AUDIENCE}",
    routes=(
        Route("POST", "/accounts", accounts.register, anonymous=True),
        Route("GET", "/accounts/<account>", accounts.show),
        Route("POST", "/accounts/status/online", accounts.online),
        Route("POST", "/accounts/status/offline", accounts.offline),
        Route("POST", "/login", accounts.login, anonymous=True),
        Route("POST", "/login/verify", accounts.verify, anonymous=True),
        Route("POST", "/logout", accounts.logout),
        Route("POST", "/map", accounts.heartbeat),
        Route("GET", "/map/<lat>/<long>", accounts.near),
        Route("POST", "/gigs", gigs.request),
        Route("POST", "/gigs/claim/<gig>", gigs.claim),
        Route("POST", "/gigs/confirm/<gig>", gigs.confirm),
        Route("POST", "/gigs/reject/<gig>", gigs.reject),
        Route("POST", "/gigs/cancel/<gig>", gigs.cancel),
        Route("POST", "/gigs/handshake/<gig>", gigs.handshake),
        Route("POST", "/gigs/start/<gig>", gigs.start),
        Route("POST", "/gigs/stop/<gig>", gigs.stop),
        Route("POST", "/gigs/rate/<gig>", gigs.rate),
        Route("POST", "/gigs/advance/<gig>", gigs.advance),
        Route("GET", "/gigs/<account>/getall", gigs.history),
        Route("GET", "/gigs/<account>/<gig>", gigs.detail),
        Route("GET", "/chat/<gig>", chat.history),
        Route("POST", "/chat/save", chat.save),
        Route("POST", "/notifications/authchannel", authorizing.channel, takes_room_keys=True),
        Route("POST", "/notifications/userauth", authorizing.user),
        Route("POST", "/devices", devices.register_device),
        Route("POST", "/storage", storage.announce),
        Route("PUT", "/storage/<upload>", storage.receive, anonymous=True, streams=True),
        Route("GET", "/storage/<upload>", storage.fetch, anonymous=True),
        Route("POST", "/notifications/push", devices.push),
        Route("GET", "/notifications/webpush", devices.web_push_key, anonymous=True),
        Route("POST", "/notifications/webpush", devices.register_browser),
        Route("DELETE", "/notifications/webpush", devices.forget_browser),
        Route("POST", "/logs", devices.log, anonymous=True),
    ),
    credential=credential,
    success=bare,
    failure=failure,
    listening=LISTENING,
    pushes=PUSHES,
)
