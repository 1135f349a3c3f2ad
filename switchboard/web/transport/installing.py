"""Puts our classes in the place of hypercorn's, after a look at whether everything is there that they are built
on."""

from __future__ import annotations

import inspect
import resource
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module, metadata
from typing import Any, NamedTuple

from switchboard.engine.errors import StartError
from switchboard.web.transport import guard
from switchboard.web.transport.connection import Connection
from switchboard.web.transport.http1 import Http1
from switchboard.web.transport.http2 import Http2
from switchboard.web.transport.http2_stream import BoundedRequest
from switchboard.web.transport.http_stream import PulledRequest
from switchboard.web.transport.limits import Limits
from switchboard.web.transport.websocket_stream import GuardedWebsocket

VERSIONS: Mapping[str, str] = {"hypercorn": "0.18", "quart-trio": "0.12", "wsproto": "1.3"}
"""The minor versions that all this was written against and tested with, as in pyproject.toml."""

STREAM = "self, app, config, context, task_group, ssl, client, server, send, stream_id"
PROTOCOL = "self, app, config, context, task_group, connection_state, ssl, client, server, send"
WRAPPER = "self, app, config, context, task_group, state, ssl, client, server, send, alpn_protocol"

SIGNATURES: Mapping[str, str] = {
    "hypercorn.trio.tcp_server:TCPServer.__init__": "self, app, config, context, state, stream",
    "hypercorn.trio.tcp_server:TCPServer.run": "self",
    "hypercorn.protocol:ProtocolWrapper.__init__": WRAPPER,
    "hypercorn.trio.tcp_server:TCPServer.protocol_send": "self, event",
    "hypercorn.trio.tcp_server:TCPServer._read_data": "self",
    "hypercorn.trio.tcp_server:TCPServer._close": "self",
    "hypercorn.trio.tcp_server:TrioSingleTask.restart": "self, task_group, action",
    "hypercorn.trio.tcp_server:ProtocolWrapper.handle": "self, event",
    "hypercorn.trio.task_group:_handle": "app, config, scope, receive, send, sync_spawn, call_soon",
    "hypercorn.trio.task_group:TaskGroup.spawn": "self, func, args",
    "hypercorn.trio.task_group:TaskGroup.__init__": "self",
    "hypercorn.trio.worker_context:EventWrapper.set": "self",
    "hypercorn.trio.worker_context:EventWrapper.is_set": "self",
    "hypercorn.trio.worker_context:WorkerContext.mark_request": "self",
    "hypercorn.config:Config.response_headers": "self, protocol",
    "hypercorn.logging:Logger.access": "self, request, response, request_time",
    "hypercorn.utils:build_and_validate_headers": "headers",
    "hypercorn.utils:suppress_body": "method, status_code",
    "hypercorn.protocol.h11:H11Protocol.__init__": PROTOCOL,
    "hypercorn.protocol.h11:H11Protocol.stream_send": "self, event",
    "hypercorn.protocol.h11:H11Protocol._create_stream": "self, request",
    "hypercorn.protocol.h11:H11Protocol._send_h11_event": "self, event",
    "hypercorn.protocol.h11:H11Protocol._send_error_response": "self, status_code",
    "hypercorn.protocol.h11:H11Protocol._maybe_recycle": "self",
    "hypercorn.protocol.h11:H11Protocol._close_stream": "self",
    "hypercorn.protocol.h11:H11WSConnection.next_event": "self",
    "hypercorn.protocol.h2:H2Protocol.__init__": PROTOCOL,
    "hypercorn.protocol.h2:H2Protocol._create_stream": "self, request",
    "hypercorn.protocol.h2:H2Protocol._flush": "self",
    "hypercorn.protocol.http_stream:HTTPStream.__init__": STREAM,
    "hypercorn.protocol.http_stream:HTTPStream.app_send": "self, message",
    "hypercorn.protocol.http_stream:HTTPStream._send_error_response": "self, status_code",
    "hypercorn.protocol.ws_stream:WSStream.__init__": STREAM,
    "hypercorn.protocol.ws_stream:WSStream.handle": "self, event",
    "hypercorn.protocol.ws_stream:WSStream.app_send": "self, message",
    "hypercorn.protocol.ws_stream:WSStream._send_error_response": "self, status_code",
    "wsproto.frame_protocol:FrameProtocol.__init__": "self, client, extensions",
    "wsproto.frame_protocol:FrameDecoder.__init__": "self, client, extensions",
    "quart_trio.asgi:TrioASGIHTTPConnection.__call__": "self, receive, send",
    "quart_trio.asgi:TrioASGIHTTPConnection._create_request_from_scope": "self, send",
    "quart_trio.asgi:TrioASGIHTTPConnection._send_response": "self, send, response",
    "quart_trio.asgi:TrioASGIWebsocketConnection.__call__": "self, receive, send",
    "quart_trio.asgi:TrioASGIWebsocketConnection._create_websocket_from_scope": "self, send",
    "quart_trio.app:QuartTrio.full_dispatch_websocket": "self, websocket_context",
    "quart_trio.app:QuartTrio.handle_websocket_exception": "self, error",
    "quart_trio.wrappers.request:TrioBody.__init__": "self, expected_content_length, max_content_length",
}
"""What we override or call, with its parameters' names."""


class Place(NamedTuple):
    """A name that hypercorn looks up whenever it makes something."""

    module: str
    name: str
    ours: Callable[..., Any]


PLACES = (
    Place("hypercorn.trio.run", "TCPServer", Connection),
    Place("hypercorn.protocol", "H11Protocol", Http1),
    Place("hypercorn.protocol", "H2Protocol", Http2),
    Place("hypercorn.protocol.h11", "HTTPStream", PulledRequest),
    Place("hypercorn.protocol.h11", "WSStream", GuardedWebsocket),
    Place("hypercorn.protocol.h2", "HTTPStream", BoundedRequest),
    Place("hypercorn.protocol.h2", "WSStream", GuardedWebsocket),
)

FILES_BESIDE = 128
"""Files that are no client's: the database's connections, the listening sockets, logs, and the subprocess that
watches."""

_released: dict[Place, Any] = {}


def install(limits: Limits | None = None) -> None:
    """Connections that hypercorn's Trio worker takes from now on are ours, and obey those limits. May be repeated.

    Raises:
        StartError: hypercorn or Quart-Trio is not what this is built on; nothing was changed.
    """
    check()
    chosen = limits or Limits()
    guard.replace(replace(chosen, connections_most=files_for(chosen.connections_most)))
    for place in PLACES:
        module = import_module(place.module)
        if place not in _released:
            _released[place] = getattr(module, place.name)
        setattr(module, place.name, place.ours)


def files_for(connections: int) -> int:
    """How many connections the system lets this process open, at most so many; the soft limit on files is raised as
    far as that needs and the hard one allows. Out of files, nothing could be answered, and no database reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, min(connections, soft - FILES_BESIDE))
    return connections


def uninstall() -> None:
    """Connections from now on are hypercorn's as released: for comparisons. May be repeated."""
    for place in PLACES:
        if place in _released:
            setattr(import_module(place.module), place.name, _released.pop(place))


def check() -> None:
    """Raises: StartError: a version, a name or a signature is not the one that this is built on."""
    for distribution, wanted in VERSIONS.items():
        found = metadata.version(distribution)
        if found.split(".")[:2] != wanted.split("."):
            raise StartError(
                f"the transport is built on {distribution} {wanted}, but {found} is installed"
            )
    for place in PLACES:
        if not hasattr(import_module(place.module), place.name):
            raise StartError(f"the transport replaces {place.module}.{place.name}: there is none")
    for path, wanted in SIGNATURES.items():
        found = _parameters(path)
        if found != wanted:
            raise StartError(f"the transport is built on {path}({wanted}), found: {found}")


def _parameters(path: str) -> str:
    module, _, name = path.partition(":")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return "nothing"
    return ", ".join(inspect.signature(found).parameters)
