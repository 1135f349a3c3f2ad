"""Quart-Trio's websocket connection, in the task that it is called in.

As released it stops watching for the disconnect once a handler leaves ten messages unread, hands on an empty binary
message as None, and loses the error of a handler that is cancelled meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
import trio
from quart.signals import websocket_received, websocket_sent
from quart.utils import encode_headers
from quart.wrappers import Websocket
from quart_trio.asgi import TrioASGIWebsocketConnection

from switchboard.web.transport import guard
from switchboard.web.transport.handover import HANDOVER, Life
from switchboard.web.transport.outlet import OUTLET, Outlet
from switchboard.web.transport.peer import PeerLeft

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class WebsocketConnection(TrioASGIWebsocketConnection):
    """For ``app.asgi_websocket_class``.

    When the peer leaves, its handler still gets what had come before, and may finish what it is doing for
    ``handler_seconds``. It is cancelled as soon as it receives after the last message, or sends. Its errors are
    logged, those beside a cancellation too. Once it has accepted it may hand over to somebody else (``HANDOVER``).
    Without our transport below everything is as Quart-Trio has it.
    """

    async def __call__(self, receive: Receive, send: Send) -> None:
        """One websocket."""
        scope = cast(Any, self.scope)
        outlet: Outlet | None = scope.get(OUTLET)
        if outlet is None:
            await super().__call__(receive, send)
            return
        self._receive, self._send = receive, send
        self._life = Life(guard.current())
        self.receive_channel = self  # type: ignore[assignment]
        websocket = self._create_websocket_from_scope(self._send_or_end)
        outlet.when_ended(self._life.hurry)
        with self._life.scope:
            await receive()  # ASGI's connect.
            response = await self._handled(websocket)
            if response is not None and not self._accepted:
                await self._refuse(response)
            elif self._accepted and not self._closed and scope[HANDOVER].serve is None:
                await send({"type": "websocket.close", "code": 1000})
        self._life.count()

    async def receive(self) -> str | bytes:
        """The next message, as its handler gets it. The last one is followed by a cancellation."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            await self._life.end()
        return await self._received(message)

    async def send_data(self, send: Send, data: str | bytes) -> None:
        """A message from its handler."""
        text = isinstance(data, str)
        await send(
            {
                "type": "websocket.send",
                "bytes": None if text else data,
                "text": data if text else None,
            }
        )
        if websocket_sent.receivers:
            await websocket_sent.send_async(data, _sync_wrapper=cast(Any, self.app.ensure_async))

    async def handle_messages(self, nursery: trio.Nursery, receive: Receive) -> None:  # type: ignore[override]
        """For other servers than ours: as released, but an empty message is one."""
        while (event := await receive())["type"] != "websocket.disconnect":
            if event["type"] == "websocket.receive":
                await self.send_channel.send(await self._received(event))
        nursery.cancel_scope.cancel()

    async def _received(self, message: Any) -> str | bytes:
        data = message.get("bytes")
        received: str | bytes = message["text"] if data is None else data
        if websocket_received.receivers:
            await websocket_received.send_async(
                received, _sync_wrapper=cast(Any, self.app.ensure_async)
            )
        return received

    async def _send_or_end(self, message: Any) -> None:
        try:
            await self._send(message)
        except PeerLeft:
            await self._life.end()

    async def _handled(self, websocket: Websocket) -> Any:
        """What the app answers. QuartTrio's own method re-raises only the cancellation of what has both halves."""
        async with self.app.websocket_context(websocket) as context:
            try:
                return await self.app.full_dispatch_websocket(context)
            except trio.Cancelled:
                raise
            except BaseExceptionGroup as group:
                cancelled, errors = group.split(trio.Cancelled)
                if errors is not None and cancelled is not None:
                    structlog.get_logger("transport").error(
                        "websocket_failed", path=websocket.path, exc_info=errors
                    )
                if cancelled is not None:
                    raise cancelled from None
                return await self.app.handle_websocket_exception(group)  # type: ignore[arg-type]
            except Exception as error:
                return await self.app.handle_websocket_exception(error)

    async def _refuse(self, response: Any) -> None:
        headers = encode_headers(response.headers)
        status = response.status_code
        given = response.get_data(as_text=False)
        # An error that Quart answers by itself is a plain werkzeug response: nothing of it is to be waited for.
        body = given if isinstance(given, bytes) else await given
        await self._send(
            {"type": "websocket.http.response.start", "status": status, "headers": headers}
        )
        await self._send({"type": "websocket.http.response.body", "body": body, "more_body": False})
