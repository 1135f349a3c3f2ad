"""The app for hypercorn's own command: ``hypercorn --worker-class trio switchboard.asgi:app``.

Settings come from the environment; what to bind and how many connections to take are hypercorn's options. The engine
runs in the lifespan's task, and requests come in tasks that do not descend from it: nothing may rest
on context variables.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import trio

from switchboard import collector, logging_setup
from switchboard.engine.engine import DRAIN_SECONDS
from switchboard.engine.errors import StartError
from switchboard.serving import print_greeting, start_error
from switchboard.settings import Settings
from switchboard.settings_loading import load
from switchboard.wiring import SETTLE_SECONDS, Application, running

Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GRACE_SECONDS = 10.0
"""After SIGTERM, for the server to tell us to shut down by its own means; hypercorn drains 3 s first. If nothing comes,
or a second SIGTERM does, we end by ourselves."""


def _for_another_server(settings: Settings) -> Settings:
    """What follows from ``bind`` elsewhere: here the server binds what its own options say, which nobody tells us."""
    if settings.dowell_staff_key is None:
        return replace(settings, dowell_staff_key=True)
    return settings


class LifespanApp:
    """Starts Switchboard when the server starts, and passes requests on to it."""

    def __init__(self) -> None:
        self._inner: Any = None
        self._application: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One lifespan, request or websocket."""
        if scope["type"] != "lifespan":
            await self._inner(scope, receive, send)
            return
        started = await receive()
        try:
            # Read when served, not when imported: the tools that import this module have no settings.
            settings = _for_another_server(load(os.environ))
            logging_setup.configure(settings.log_format)
            # Under its own command hypercorn writes its few lines itself.
            logging.getLogger("hypercorn.error").propagate = False
            await self._live(settings, scope, started, receive, send)
        except StartError as error:
            leave(str(error))
        except BaseExceptionGroup as group:
            reason = start_error(group)
            if not isinstance(reason, StartError):
                raise
            leave(str(reason))

    async def _live(
        self, settings: Settings, scope: Scope, started: Message, receive: Receive, send: Send
    ) -> None:
        waiting = [started]
        finished: list[Message] = []

        async def receive_again() -> Message:
            return waiting.pop() if waiting else await receive()

        async def send_but_the_last(message: Message) -> None:
            # Once the server hears that the shutdown is complete it cancels us, so it hears that after the clean-up.
            if message["type"].startswith("lifespan.shutdown."):
                finished.append(message)
            else:
                await send(message)

        async with trio.open_nursery() as nursery:
            await nursery.start(_end_in_order, self._stop, nursery.cancel_scope)
            async with running(settings) as application, trio.open_nursery() as watching:
                watching.start_soon(_watch, application)
                self._inner, self._application = application.app, application
                print_greeting(settings, application.greeting)
                collector.settle()
                await self._inner(scope, receive_again, send_but_the_last)
                watching.cancel_scope.cancel()
            nursery.cancel_scope.cancel()
        if not finished:
            leave(None)
        for message in finished:
            await send(message)

    async def _stop(self) -> None:
        """The engine finishes what it has accepted; requests that come now hear that it stops."""
        if self._application is not None:
            self._application.services.engine.stop()
            with trio.move_on_after(DRAIN_SECONDS + SETTLE_SECONDS):
                await self._application.ended.wait()


async def _watch(application: Application) -> None:
    """Raises: StartError: the engine lost its database to another process; serving on would only answer 503."""
    await application.ended.wait()
    if application.lost is not None:
        raise StartError(f"stopped: {application.lost}")


async def _end_in_order(
    stop: Callable[[], Awaitable[None]],
    everything: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None],
) -> None:
    """Sees to it that the clean-up happens, however the server is ended: hypercorn has no handler for SIGTERM in the
    process that runs the app, and the embedded database would be left behind."""
    parent = multiprocessing.parent_process()
    if parent is None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            await anext(signals)
        # A shell starts what it puts into the background with this signal ignored: then the server hears nothing of it.
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            _interrupt()
            with (
                trio.move_on_after(GRACE_SECONDS),
                trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals,
            ):
                await anext(signals)
    else:
        # hypercorn's first process, if it lives, tells its workers to stop, and may send SIGTERM as well.
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_outlive, parent.sentinel, nursery.cancel_scope)
            with trio.open_signal_receiver(signal.SIGTERM) as signals:
                task_status.started()
                await anext(signals)
                with trio.move_on_after(GRACE_SECONDS):
                    await anext(signals)
            nursery.cancel_scope.cancel()
    await stop()
    everything.cancel()


async def _outlive(parent: int, waiting: trio.CancelScope) -> None:
    """Ends the waiting when the parent process has ended: nobody else will tell us to stop."""
    await trio.lowlevel.wait_readable(parent)
    waiting.cancel()


@trio.lowlevel.enable_ki_protection
def _interrupt() -> None:
    """As Ctrl-C, which hypercorn's main task takes as the order to stop; protected, so that it arrives there."""
    signal.raise_signal(signal.SIGINT)


def leave(line: str | None) -> None:
    """Ends the process at once: with that line on stderr and status 1, or without one and with status 0.

    Any exception would be shown by the server as a traceback of some pages, and one that it swallows would leave it
    serving without an engine. Everything of ours has been cleaned up by now.
    """
    if line is not None:
        print(f"switchboard: {line}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(0 if line is None else 1)


app = LifespanApp()
