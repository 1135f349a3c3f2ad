"""hypercorn's HTTP stream over HTTP/2 with what it lacks.

Many requests share a connection there, so hypercorn's own way stays: what comes is pushed to the app, in a task of
its own. But one app that does not read must not stop the others for ever, nor one client that does not read its
answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

import trio
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup, _handle
from hypercorn.trio.worker_context import WorkerContext

from switchboard.web.transport import guard
from switchboard.web.transport.limits import STEP_BYTES
from switchboard.web.transport.parting import FAREWELL, farewell
from switchboard.web.transport.peer import run_quietly


class Pushed:
    """What has come for one request. Who pushes waits while as much is unread as a step has, but not for an app
    that has ended."""

    def __init__(self) -> None:
        self._messages: deque[Mapping[str, Any]] = deque()
        self._bytes = 0
        self._ended = False
        self._news = trio.Event()
        self._room = trio.Event()

    async def put(self, message: Mapping[str, Any]) -> None:
        """Takes a message; the disconnect at once, others in their turn."""
        self._messages.append(message)
        self._bytes += len(message.get("body", b""))
        self._news.set()
        while self._bytes > STEP_BYTES and not self._ended and message["type"] == "http.request":
            if self._room.is_set():
                self._room = trio.Event()
            await self._room.wait()

    async def receive(self) -> Mapping[str, Any]:
        """The next message; the disconnect as often as asked."""
        while not self._messages:
            if self._news.is_set():
                self._news = trio.Event()
            await self._news.wait()
        message = self._messages[0]
        if message["type"] == "http.request":
            self._messages.popleft()
            self._bytes -= len(message.get("body", b""))
            self._room.set()
        return message

    def end(self) -> None:
        """The app has ended: nobody reads any more."""
        self._ended = True
        self._room.set()


class BoundedRequest(HTTPStream):
    """One request over HTTP/2."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._limits = guard.current().limits
        self._tasks: TaskGroup = self.task_group  # type: ignore[assignment]
        # hypercorn has the app started by its task group: it comes to us.
        self.task_group = self  # type: ignore[assignment]
        self._pushed = Pushed()

    async def spawn_app(self, *arguments: Any) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
        """Starts the app."""
        self._tasks.spawn(self._run, *arguments)
        return self._pushed.put

    async def _run(self, app: Any, config: Any, scope: Any, send: Any) -> None:
        thread = trio.to_thread.run_sync, trio.from_thread.run
        receive: Any = self._pushed.receive
        scope[FAREWELL] = farewell(cast(WorkerContext, self.context))
        try:
            await _handle(partial(run_quietly, app), config, scope, receive, send, *thread)
        finally:
            self._pushed.end()

    async def app_send(self, message: Any) -> None:
        """What the app sends. Whoever does not take it in time is cut off, with the whole connection."""
        size = 0 if message is None else len(message.get("body", b""))
        with trio.move_on_after(self._limits.send_seconds * (1 + size // STEP_BYTES)) as patience:
            await super().app_send(message)
        if patience.cancelled_caught:
            guard.current().counts.slow_readers += 1
            # Our protocol's sending method is that of the connection.
            connection: Any = self.send.__self__.send.__self__  # type: ignore[attr-defined]
            connection.abort()
