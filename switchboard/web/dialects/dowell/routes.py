"""dowell's URLs."""

from __future__ import annotations

from typing import Any

from switchboard.web.call import Call, Dialect, Handler, Route
from switchboard.web.dialects.dowell import rooms, service
from switchboard.web.dialects.dowell.channels import LISTENING
from switchboard.web.dialects.dowell.errors import failure
from switchboard.web.dialects.dowell.fields import REALM
from switchboard.web.realtime.pusher import authorizing


def nobody(_call: Call) -> str | None:
    """There are no tokens: a room's id is its capability, and the staff has a key."""
    return None


def whole(answer: Any) -> Any:
    """Each call has its own envelope."""
    return answer


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(method, f"/api/v2/{path}", handler, anonymous=True, reads_body=True)


DOWELL = Dialect(
    name=REALM,
    prefix=f"/{REALM}",
    routes=(
        _route("POST", "room-control", rooms.control),
        _route("GET", "room-service", service.service),
        _route("POST", "room-service", service.service),
        _route("DELETE", "room-service", service.service),
        _route("GET", "room-list", rooms.listed),
        _route("POST", "socket/auth", authorizing.channel),
    ),
    credential=nobody,
    success=whole,
    failure=failure,
    listening=LISTENING,
)
