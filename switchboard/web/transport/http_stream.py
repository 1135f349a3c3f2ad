"""hypercorn's HTTP stream over HTTP/1 with what it lacks.

The app runs in the connection's own task and pulls the body as it needs it: there is no queue that can fill, and no
task a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol, cast

import trio
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.trio.task_group import _handle
from hypercorn.trio.worker_context import WorkerContext

from switchboard.web.transport.inbox import Turns
from switchboard.web.transport.parting import FAREWELL, farewell
from switchboard.web.transport.peer import PeerLeft, run_quietly

DISCONNECT: Mapping[str, Any] = {"type": "http.disconnect"}

REFUSAL = "switchboard.refusal"
"""The key of a disconnect's message that has the status with which a body was given up whose client is still
there."""


WHOLE = "switchboard.whole"
"""The key of a request's ASGI scope that has its whole body, where that came with its head."""


class Source(Protocol):
    """The connection below a pulled request."""

    @property
    def refusal(self) -> int | None:
        """The status with which the rest of a body was given up."""

    @property
    def gone(self) -> bool:
        """Whether the client can get nothing more."""

    async def body(self) -> tuple[bytes, bool] | None:
        """The next part of the body and whether it was the last; None: no more will come."""

    async def left(self) -> None:
        """Returns when the client has gone."""

    def unsay(self) -> bool:
        """Takes back a head of which nothing has been sent. Returns: whether there was one."""


class PulledRequest(HTTPStream):
    """One request over HTTP/1."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._source: Source = self.task_group  # type: ignore[assignment]
        # hypercorn has the app started by its task group: it comes to us and is run when we say so.
        self.task_group = self  # type: ignore[assignment]
        self._ready = self._whole = self._disconnected = False
        self._watching: trio.CancelScope | None = None
        self._turns = Turns()

    async def spawn_app(self, *_: Any) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
        """Remembers that there is an app to be run."""
        self._ready = True
        return self._put

    async def run(self) -> None:
        """Runs the app to its end, whether or not its client is still there. Its errors are logged as hypercorn
        does."""
        if not self._ready:
            return
        self.scope[FAREWELL] = farewell(cast(WorkerContext, self.context))  # type: ignore[literal-required]
        app, receive = partial(run_quietly, self.app), cast(Any, self.receive)
        thread = trio.to_thread.run_sync, trio.from_thread.run
        try:
            await _handle(app, self.config, self.scope, receive, self.app_send, *thread)
        finally:
            # Both lead back to this object: each request would be left to the garbage collector, whose pauses
            # everybody notices.
            self.task_group = self.app_put = None  # type: ignore[assignment]

    async def receive(self) -> Mapping[str, Any]:
        """The body part by part, straight from the connection; after it the disconnect, once there is one."""
        if not self._whole and not self._disconnected:
            part = await self._source.body()
            if part is not None:
                data, self._whole = part
                await self._turns.taken()
                return {"type": "http.request", "body": data, "more_body": not self._whole}
            self._disconnected = True
        elif not self._disconnected:
            with trio.CancelScope() as self._watching:
                await self._source.left()
            self._disconnected, self._watching = True, None
        await trio.lowlevel.checkpoint()
        refusal = self._source.refusal
        return DISCONNECT if refusal is None else {**DISCONNECT, REFUSAL: refusal}

    async def app_send(self, message: Any) -> None:
        """What the app sends. To a client that has gone nothing is sent: the end of an answer is quiet about it,
        and who goes on is told.

        Raises: PeerLeft: there is nobody for whom to go on.
        """
        if (
            message is None
            and self.state is ASGIHTTPState.RESPONSE
            and not self.closed
            and self._source.unsay()
        ):
            # The app failed between the head and the first part of the body: nothing of it has left, so a 500 can.
            self.state = ASGIHTTPState.REQUEST
        await super().app_send(message)
        if message is not None and message.get("more_body", False):
            await self._turns.taken()
            if self._source.gone:
                await trio.lowlevel.checkpoint()
                raise PeerLeft("the client has gone")

    async def _put(self, _: Mapping[str, Any]) -> None:
        """hypercorn says that the answer has been sent: whoever waits for the client to leave has waited enough."""
        self._disconnected = True
        if self._watching is not None:
            self._watching.cancel()

    async def _send_error_response(self, status_code: int) -> None:
        # Of a request whose body did not come, the app knows less than the connection.
        await super()._send_error_response(self._source.refusal or status_code)
