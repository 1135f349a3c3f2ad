"""``switchboard serve``: the engine and the web server in one Trio run, from the bound socket to the last clean-up."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable

import hypercorn
import hypercorn.trio
import structlog
import trio

from switchboard import collector, logging_setup
from switchboard.engine.errors import StartError
from switchboard.setting_values import Bind
from switchboard.settings import Settings
from switchboard.wiring import Application, running

BACKLOG = 1024
"""Connections that may wait while the loop is busy: a second's worth of what one core can answer."""

RESTARTS_MOST = 5
RESTART_SECONDS = 60.0
"""The embedded database may end so often in that time; then it is broken. The actors' restart intensity."""


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or Ctrl-C; a second signal ends it without waiting for the requests under way.

    Raises: StartError: it could not start, or had to end because another process took the database over.
    """
    logging_setup.configure(settings.log_format)
    listening = listen(settings.bind)
    try:
        trio.run(_serve, settings, listening)
    except BaseExceptionGroup as group:
        raise start_error(group) from None


def listen(bind: Bind) -> socket.socket:
    """A listening socket; from now on clients wait instead of being turned away. Raises: StartError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind.host, bind.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Accepted connections inherit it: an answer must not wait for the acknowledgement of the one before.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise StartError(f"cannot listen on {bind}: {error.strerror or error}") from error
    return listening


async def _serve(settings: Settings, listening: socket.socket) -> None:
    with listening, trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            ending = Ending(nursery.cancel_scope)
            nursery.start_soon(ending.obey, signals)
            restarts: deque[float] = deque(maxlen=RESTARTS_MOST)
            while (lost := await _run(settings, listening, ending, first=not restarts)) is not None:
                now = trio.current_time()
                often = len(restarts) == RESTARTS_MOST and now - restarts[0] < RESTART_SECONDS
                if not settings.embedded or often:
                    raise StartError(f"stopped: {lost}")
                # Nobody else can have taken a database that the data folder's lock keeps for us: it was the database
                # itself that ended. The socket stays open meanwhile, so that clients wait instead of failing.
                restarts.append(now)
                structlog.get_logger("serving").warning("starting_again", reason=lost)
            nursery.cancel_scope.cancel()


async def _run(
    settings: Settings, listening: socket.socket, ending: Ending, *, first: bool
) -> str | None:
    """One life of the engine. Returns: why it had to end; None if it was asked to."""
    host, port = listening.getsockname()[:2]
    async with running(settings) as application:
        ending.in_order = True
        if first:
            greet(settings, Bind(host, port), application.greeting)
        await _answer_requests(settings, listening, application, ending.asked)
    ending.in_order = False
    return None if ending.asked.is_set() else application.lost


class Ending:
    """What signals do: the first asks a running server to stop in order, and cuts a start short; the second cuts short
    whatever is under way. What was started is ended in every case."""

    def __init__(self, everything: trio.CancelScope) -> None:
        self.asked = trio.Event()
        self.in_order = False
        """Whether there is something running that stops when asked."""
        self._everything = everything

    async def obey(self, signals: AsyncIterator[int]) -> None:
        """Takes signals until cancelled."""
        async for _ in signals:
            if self.asked.is_set() or not self.in_order:
                self._everything.cancel()
            self.asked.set()


async def _answer_requests(
    settings: Settings, listening: socket.socket, application: Application, stop: trio.Event
) -> None:
    async def stopping() -> None:
        async with trio.open_nursery() as nursery:

            async def either(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(either, stop)
            nursery.start_soon(either, application.ended)

    collector.settle()
    config = hypercorn.Config()
    # A duplicate, which hypercorn closes.
    config.bind = [f"fd://{os.dup(listening.fileno())}"]
    config.backlog = BACKLOG
    config.graceful_timeout = settings.graceful_seconds
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")
    await hypercorn.trio.serve(
        application.app,
        config,
        shutdown_trigger=stopping,
        mode="asgi",
    )


def greet(settings: Settings, bind: Bind, once: Iterable[str]) -> None:
    """Tells the person at the terminal where everything is, and what is shown once."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.host, bind.host)
    base = settings.public_base_url or f"http://{Bind(host, bind.port)}"
    addresses = [
        f"Switchboard is ready on http://{Bind(host, bind.port)}",
        f"  API       {base}/dropin  {base}/auto  {base}/dowell",
        f"  health    {base}/healthz  {base}/readyz",
        f"  metrics   {base}/metrics",
    ]
    print_greeting(settings, [*addresses, *once])


def print_greeting(settings: Settings, lines: Iterable[str]) -> None:
    """Prints lines for a person: to stdout, or beside a log for machines to stderr, so that stdout stays JSON."""
    machines = logging_setup.chosen_format(settings.log_format) == "json"
    for line in lines:
        print(line, file=sys.stderr if machines else sys.stdout, flush=True)


def start_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one reason in a group for which a start failed; the group itself if there is anything else in it."""
    reasons, others = group.split(StartError)
    if reasons is None or others is not None:
        return group
    reason: BaseException = reasons
    while isinstance(reason, BaseExceptionGroup):
        reason = reason.exceptions[0]
    return reason
