"""The Quart-Trio app: finds the dialect and route of a request and hands it to the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import trio
from quart.ctx import WebsocketContext
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from switchboard.engine.errors import StartError
from switchboard.web import transport
from switchboard.web.call import Dialect, Route
from switchboard.web.descriptions import DESCRIBED
from switchboard.web.door import JSON, Door
from switchboard.web.health import system_dialect
from switchboard.web.incoming import ClientLeft, Incoming, plain_path
from switchboard.web.metrics import Metrics
from switchboard.web.openapi.document import build
from switchboard.web.openapi.pages import routes as openapi_routes
from switchboard.web.playground import routes as playground_routes
from switchboard.web.realtime.pusher.http_api import PUSHER_API
from switchboard.web.realtime.pusher.socket import add_socket
from switchboard.web.services import Services

DIALECTS: Sequence[Dialect] = tuple(dialect for dialect, _ in DESCRIBED)

OVERRIDES = frozenset({b"GET", b"PUT", b"PATCH", b"DELETE"})
"""What ``X-HTTP-Method-Override`` may turn a POST into."""


NO_WEBSOCKET = b'{"error":"UnknownPath"}'

FIXED_MOST = 4096
"""Paths without arguments whose route is remembered; there are some hundred, with and without a slash at the end."""

FINISH_SECONDS = 5.0
"""What is left of an answer by then is its end: hypercorn's own deadline for closing a connection is the same."""


class Endpoint(NamedTuple):
    """What werkzeug's map finds."""

    dialect: Dialect
    route: Route


class SwitchboardApp(QuartTrio):
    """Quart-Trio with the door in place of its chain of hooks, for our own routes only; others pass as usual."""

    asgi_http_class = transport.HTTPConnection
    asgi_websocket_class = transport.WebsocketConnection

    door: Door
    metrics: Metrics
    system: Dialect
    by_segment: Mapping[str, Dialect]
    by_host: Mapping[str, Dialect]
    fixed: dict[tuple[str, str], Endpoint]
    """(method, path) -> the route of paths without arguments, once each was asked for."""
    system_paths: frozenset[str]
    """What belongs to no dialect, and so answers on every host."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI callable. A bound host and a method override change what is asked for, before it is looked up."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                scope = self._bound_socket({**scope, "path": plain_path(scope["path"])})
            await super().__call__(scope, receive, send)
            return
        if self.by_host and scope["path"] not in self.system_paths:
            scope = self._bound(scope)
        if scope["method"] == "POST":
            scope = _overridden(scope)
        request = Incoming(scope, receive, send)
        dialect, route, arguments, problem = self._found(request)
        if dialect is None:
            await super().__call__(scope, receive, _finishing(send))
            return
        try:
            answer = await self.door.answer(request, dialect, route, arguments, problem)
        except ClientLeft:
            return
        await request.answer(answer)

    def _found(
        self, request: Incoming
    ) -> tuple[Dialect | None, Route | None, Mapping[str, str], HTTPException | None]:
        """Dialect, route, its arguments, and why there is no route; no dialect: a page registered with Quart."""
        known = self.fixed.get((request.method, request.path))
        if known is not None:
            return known.dialect, known.route, {}, None
        adapter = self.url_map.bind(
            "localhost", path_info=request.path, default_method=request.method
        )
        try:
            endpoint, arguments = adapter.match()
        except HTTPException as problem:
            segment = request.path.lstrip("/").partition("/")[0]
            return self.by_segment.get(segment, self.system), None, {}, problem
        if isinstance(endpoint, Endpoint):
            if not arguments and len(self.fixed) < FIXED_MOST:
                self.fixed[request.method, request.path] = endpoint
            return endpoint.dialect, endpoint.route, arguments, None
        return None, None, {}, None

    def _bound(self, scope: Any) -> Any:
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1").lower()
                dialect = self.by_host.get(host) or self.by_host.get(host.partition(":")[0])
                if dialect is not None:
                    path = dialect.prefix + scope["path"]
                    return {**scope, "path": path, "switchboard.bound": True}
        return scope

    async def full_dispatch_websocket(self, context: WebsocketContext | None = None) -> Any:
        """A websocket on a path that has none is told so in JSON; others pass as usual."""
        assert context is not None
        if not self._has_socket(context.websocket.path):
            return TrioResponse(NO_WEBSOCKET, 404, content_type=JSON)
        return await super().full_dispatch_websocket(context)

    def _has_socket(self, path: str) -> bool:
        adapter = self.url_map.bind("localhost", path_info=path, url_scheme="ws")
        try:
            adapter.match(websocket=True)
        except HTTPException:
            return False
        return True

    def _bound_socket(self, scope: Any) -> Any:
        """A dialect's websocket at the root of its own host; what is there on every host stays what it is."""
        if not self.by_host or self._has_socket(scope["path"]):
            return scope
        bound = self._bound(scope)
        return bound if self._has_socket(bound["path"]) else scope


def create_app(services: Services, dialects: Sequence[Dialect] = DIALECTS) -> SwitchboardApp:
    """The app over those services; ``services.run`` must be running before it is served.

    Raises:
        StartError: a host is bound to a dialect that does not exist.
    """
    app = SwitchboardApp("switchboard", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = services.settings.body_bytes_most
    # A path with two slashes is not found; a redirect would be an HTML page.
    app.url_map.merge_slashes = False
    app.metrics = Metrics()
    app.metrics.add("switchboard_engine", services.engine.statistics)
    app.metrics.add("switchboard_supervision", lambda: dict(services.engine.log.counts))
    app.metrics.add("switchboard_transport", transport.statistics)
    app.door = Door(services, app.metrics)
    described = build(DESCRIBED, services.settings.version)
    app.system = system_dialect(
        app.metrics, (*openapi_routes(described), *playground_routes(services))
    )
    app.metrics.add("switchboard_pusher", services.pusher.statistics)
    services.pusher.serve(
        services, {one.name: one.listening for one in dialects if one.listening is not None}
    )
    services.pushes.delivery.serve({name: body for one in dialects for name, body in one.pushes})
    app.metrics.add("switchboard_push", services.pushes.delivery.statistics)
    add_socket(app, services.pusher)
    for dialect in dialects:
        if dialect.socket is not None:
            app.metrics.add(f"switchboard_{dialect.name}_socket", dialect.socket(app, services))
    for dialect in (*dialects, PUSHER_API, app.system):
        for route in dialect.routes:
            app.url_map.add(
                Rule(
                    dialect.prefix + route.path,
                    endpoint=Endpoint(dialect, route),
                    methods=[route.method],
                    strict_slashes=False,
                )
            )
    app.fixed = {}
    app.by_segment = {dialect.name: dialect for dialect in dialects}
    # A host that is bound to a dialect has that dialect's root.
    app.system_paths = frozenset(route.path for route in app.system.routes) - {"/"}
    app.by_host = _by_host(services.settings.dialect_hosts, app.by_segment)
    return app


def _by_host(hosts: Mapping[str, str], dialects: Mapping[str, Dialect]) -> Mapping[str, Dialect]:
    for host, name in hosts.items():
        if name not in dialects:
            raise StartError(f"host {host!r} is bound to the unknown dialect {name!r}")
    return {host.lower(): dialects[name] for host, name in hosts.items()}


def _finishing(send: Any) -> Any:
    """``send`` whose last message of an answer is not cut off by a cancellation.

    While hypercorn closes the stream it reports the disconnect; quart-trio then cancels the task that is still inside
    that send, and neither the connection's end nor its idle deadline is seen to any more.
    """

    async def finish(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            with trio.move_on_after(FINISH_SECONDS, shield=True):
                await send(message)
        else:
            await send(message)

    return finish


def _overridden(scope: Any) -> Any:
    for name, value in scope["headers"]:
        if name == b"x-http-method-override" and value.upper() in OVERRIDES:
            return {**scope, "method": value.upper().decode()}
    return scope
