"""What every request passes: it is read, its caller found, its handler run in time, its answer rendered and counted.

There is one way in and one way out, written out in order, instead of a chain of hooks, and no nursery is opened around
a handler: nothing that goes wrong in it can be lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from switchboard.web.authentication import authenticate, take_room_key
from switchboard.web.call import Call, Dialect, Failure, FilePage, Page, Reply, Route
from switchboard.web.cors import Cors
from switchboard.web.failures import (
    Bug,
    LoginRequired,
    UnknownPath,
    UnreadableBody,
    WebFailure,
    WrongMethod,
    expected,
)
from switchboard.web.incoming import Answer, ClientLeft, Incoming
from switchboard.web.metrics import Metrics
from switchboard.web.parsing import parse_body, parse_query
from switchboard.web.services import Services

JSON = "application/json"

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})

UNROUTED = "-"
"""The label of requests that met no route: their paths are a stranger's text and must not become labels."""


class Door:
    """Handles requests to dialects."""

    def __init__(self, services: Services, metrics: Metrics) -> None:
        self._services = services
        self._metrics = metrics
        self._cors = Cors(services.settings.cors_origins)
        self._logger = structlog.get_logger("web")
        self._encode = msgspec.json.Encoder().encode

    async def answer(
        self,
        request: Incoming,
        dialect: Dialect,
        route: Route | None,
        arguments: Mapping[str, str],
        problem: HTTPException | None,
    ) -> Answer:
        """The answer to a request, whatever happens; only a cancellation passes.

        Args:
            route: None if none was found; then ``problem`` says why.

        Raises: ClientLeft: nobody waits for an answer.
        """
        started = time.perf_counter()
        services = self._services
        id = services.engine.ids.new(services.engine.clock.now())
        headers = {"X-Request-Id": id, "Cache-Control": "no-store"}
        call = None
        if request.method == "OPTIONS":
            status, content_type = 204, JSON
            body: bytes | Path = b""
            headers |= self._cors.preflight(request.headers)
        else:
            headers |= self._cors.headers(request.headers.get("Origin"))
            call = self._call(id, request, dialect, arguments)
            status, content_type, body = await self._outcome(
                call, request, dialect, route, problem, headers
            )
        self._account_for(call, id, request, dialect, route, status, started)
        if isinstance(body, Path):
            return Answer(status, headers, content_type, b"", body)
        return Answer(status, headers, content_type, body)

    def _call(
        self, id: str, request: Incoming, dialect: Dialect, arguments: Mapping[str, str]
    ) -> Call:
        services, headers = self._services, request.headers
        peer = request.peer
        scheme, host = request.scheme, headers.text("Host")
        if services.proxies.trusts(peer):
            scheme = headers.text("X-Forwarded-Proto") or scheme
            host = headers.text("X-Forwarded-Host") or host
        return Call(
            services=services,
            id=id,
            method=request.method,
            path=request.path,
            prefix="" if "switchboard.bound" in request.scope else dialect.prefix,
            dialect=dialect.name,
            scheme=scheme,
            host=host,
            headers=headers,
            address=services.proxies.client(peer, headers.get("X-Forwarded-For")),
            arguments=arguments,
        )

    async def _outcome(
        self,
        call: Call,
        request: Incoming,
        dialect: Dialect,
        route: Route | None,
        problem: HTTPException | None,
        headers: dict[str, str],
    ) -> tuple[int, str, bytes | Path]:
        """Status, content type and body (or its file); what else is said in headers is put into ``headers``."""
        seconds = self._services.settings.request_seconds
        try:
            if route is not None and route.streams:
                call.incoming, seconds = request, self._services.settings.upload_seconds
            else:
                # Before anything else: as long as it has not been read, the connection is good for nothing more.
                call.raw = await self._body(request)
            if route is None:
                raise _routing_failure(problem, request.method)
            # As ``trio.fail_after``, of which the generator alone costs as much as the scope.
            with trio.CancelScope(deadline=trio.current_time() + seconds) as scope:
                answer = await self._handled(call, request, dialect, route)
            if scope.cancelled_caught:
                raise trio.TooSlowError
            if isinstance(answer, Page):
                headers |= answer.headers
                return answer.status, answer.content_type, answer.body
            if isinstance(answer, FilePage):
                headers |= answer.headers
                return 200, answer.content_type, answer.path
            if isinstance(answer, Reply):
                headers |= answer.headers
                return answer.status, JSON, self._encode(dialect.success(answer.value))
            return 200, JSON, self._encode(dialect.success(answer))
        except ClientLeft:
            raise
        except Exception as error:
            failure = self._failure(call, dialect, error, headers)
            return failure.status, JSON, self._encode(failure.body)

    async def _handled(self, call: Call, request: Incoming, dialect: Dialect, route: Route) -> Any:
        call.query = parse_query(request.query_string)
        if call.raw and (route.reads_body or request.method not in WITHOUT_BODY):
            call.body = parse_body(
                call.raw,
                request.headers.text("Content-Type"),
                request.headers.text("Content-Encoding"),
            )
        if not route.anonymous:
            await _recognize(call, dialect, route)
        return await route.handler(call)

    async def _body(self, request: Incoming) -> bytes:
        settings = self._services.settings
        if request.whole is not None:
            return await request.body(settings.body_bytes_most)
        try:
            # Half of the request's time: a slow sender hears that it was slow, not that the server is.
            with trio.fail_after(settings.request_seconds / 2):
                return await request.body(settings.body_bytes_most)
        except trio.TooSlowError as error:
            raise UnreadableBody("did not arrive in time") from error

    def _failure(
        self, call: Call, dialect: Dialect, error: Exception, headers: dict[str, str]
    ) -> Failure:
        error = expected(error) or self._bug(call, error)
        try:
            failure = dialect.failure(error)
        except KeyError:
            error = self._bug(call, error)
            failure = dialect.failure(error)
        headers |= failure.headers
        wait = getattr(error, "retry_after_seconds", None)
        if wait is not None:
            headers["Retry-After"] = str(wait)
        if isinstance(error, WrongMethod):
            headers["Allow"] = ", ".join(error.allowed)
        return failure

    def _bug(self, call: Call, error: Exception) -> Bug:
        self._logger.error("request_failed", incident=call.id, method=call.method, exc_info=error)
        return Bug(call.id)

    def _account_for(
        self,
        call: Call | None,
        id: str,
        request: Incoming,
        dialect: Dialect,
        route: Route | None,
        status: int,
        started: float,
    ) -> None:
        """Metrics and access log: the path without its query, in which tokens may stand."""
        seconds = time.perf_counter() - started
        self._metrics.count(
            dialect.name, UNROUTED if route is None else route.path, status, seconds
        )
        if self._services.settings.access_log and dialect.prefix:
            self._logger.info(
                "request",
                request=id,
                method=request.method,
                path=request.path,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                account=None if call is None or call.account is None else call.account.id,
                address=None if call is None else call.address,
            )


async def _recognize(call: Call, dialect: Dialect, route: Route) -> None:
    """Raises: LoginRequired, StoreDown."""
    credential = dialect.credential(call)
    if not credential:
        raise LoginRequired
    try:
        call.token, call.account = await authenticate(call.services, credential, dialect.name)
    except LoginRequired:
        if not (route.takes_room_keys and await take_room_key(call, credential)):
            raise


def _routing_failure(problem: HTTPException | None, method: str) -> WebFailure:
    if isinstance(problem, MethodNotAllowed):
        return WrongMethod(sorted(problem.valid_methods or ()), method)
    return UnknownPath()
