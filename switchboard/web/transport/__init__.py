"""How we are served: hypercorn's Trio worker and Quart-Trio's connections, guarded and fast at once.

``install`` puts classes of ours in the place of some of hypercorn's, in this process. They are subclasses; hypercorn
itself is not changed. Per connection there is one task, which reads and runs its HTTP requests; a websocket has one
more, its handler's or that of whoever the handler has handed it over to.

- ``connection``: admission, deadlines, the socket. ``writing``: what leaves by it.
- ``http1``: HTTP/1; ``plain``, ``plain_request``: nearly all of its requests; ``http_stream``, ``bodies``: the others,
  by h11. ``http2``, ``http2_stream``: HTTP/2. ``websocket_stream``, ``outlet``,
``inbox``, ``messages``, ``frames``,
  ``origins``, ``handover``, ``pulse``: websockets. ``parting``: the server ends.
- ``quart_http``, ``quart_websocket``: Quart-Trio's side.
- ``limits``: every number. ``guard``: what the connections of the process share. ``installing``: the check and the
swap.
"""

from collections.abc import Mapping

from switchboard.web.transport import guard as _guard
from switchboard.web.transport.frames import (
    Frame,
    Run,
    encode_binary,
    encode_text,
    payload_of,
    run_of,
)
from switchboard.web.transport.handover import HANDOVER, Handover, Receive
from switchboard.web.transport.http_stream import WHOLE
from switchboard.web.transport.inbox import INBOX, Inbox
from switchboard.web.transport.installing import install, uninstall
from switchboard.web.transport.limits import Limits
from switchboard.web.transport.outlet import OUTLET, CloseCodes, Outlet
from switchboard.web.transport.parting import FAREWELL, Farewell
from switchboard.web.transport.quart_http import HTTPConnection
from switchboard.web.transport.quart_websocket import WebsocketConnection


def statistics() -> Mapping[str, float]:
    """What this process's connections did and do, by name."""
    return _guard.current().statistics()


def current_limits() -> Limits:
    """What this process allows its connections."""
    return _guard.current().limits


__all__ = [
    "FAREWELL",
    "HANDOVER",
    "INBOX",
    "OUTLET",
    "WHOLE",
    "CloseCodes",
    "Farewell",
    "Frame",
    "HTTPConnection",
    "Handover",
    "Inbox",
    "Limits",
    "Outlet",
    "Receive",
    "Run",
    "WebsocketConnection",
    "current_limits",
    "encode_binary",
    "encode_text",
    "install",
    "payload_of",
    "run_of",
    "statistics",
    "uninstall",
]
