"""Attacks on the answer: not to read it, not to wait for it, to ask for many at once, to stay after it."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from attack import Attack, Outcome, fate
from hostile import eventually
from target import Target
from websocket_frames import upgrade

SMALL_BUFFER = 4096
"""About the least that the kernel grants: what is not read stays with the server."""
PIPELINED = 300
"""9 KB together: one packet of the loopback device."""
LEAVING = 20
"""Enough that an accident of scheduling would show."""


def slow_reader(target: Target) -> Outcome:
    """16 MiB are asked for and not read."""
    with target.connect(receive_buffer=SMALL_BUFFER) as peer:
        peer.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert peer.receive()
        gone = target.lets_go(peer)
    return Outcome(not gone, fate(target, gone))


def idle_after_a_request(target: Target) -> Outcome:
    """The connection stays, and nothing comes any more."""
    with target.connect() as peer:
        peer.exchange(f"GET {target.hello} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        closed = target.closes(peer)
    return Outcome(not closed, fate(target, closed))


def idle_before_a_request(target: Target) -> Outcome:
    """A connection, and nothing more."""
    with target.connect() as peer:
        closed = target.closes(peer)
    return Outcome(not closed, fate(target, closed))


def pipelined_requests(target: Target) -> Outcome:
    """Hundreds in one packet: each is answered, and the connection ends with the last, as that one asked."""
    request = f"GET {target.hello} HTTP/1.1\r\nHost: a\r\n".encode()
    last = request + b"Connection: close\r\n\r\n"
    with target.connect() as peer:
        peer.send((request + b"\r\n") * (PIPELINED - 1) + last)
        answers = [peer.answer() for _ in range(PIPELINED)]
        closed = target.closes(peer)
    count = sum(answer is not None and answer.status == 200 for answer in answers)
    seen = f"{count} of {PIPELINED} answered, {fate(target, closed)}"
    return Outcome(not closed or count != PIPELINED, seen)


def client_leaves_its_work(target: Target) -> Outcome:
    """What a handler has begun for a client is cut off half-way when the client goes."""
    with target.connect() as peer:
        peer.send(b"GET /work/left HTTP/1.1\r\nHost: a\r\n\r\n")
        begun = eventually(lambda: "/work/left" in target.state()["open"], 10.0)
    # Until the server has seen it, if it sees it at all while a handler works.
    eventually(lambda: not target.holds(peer), min(target.patience, 1.0))
    target.request("POST", "/release/left")
    finished = eventually(lambda: "/work/left" in target.state()["finished"], target.patience)
    return Outcome(not (begun and finished), "done to its end" if finished else "cut off half-way")


def client_leaves_an_endless_answer(target: Target) -> Outcome:
    """A handler that sends without end must not do so to nobody."""
    with ExitStack() as stack:
        peers = [stack.enter_context(target.connect()) for _ in range(LEAVING)]
        for peer in peers:
            peer.send(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        for peer in peers:
            assert peer.receive()
            peer.socket.shutdown(socket.SHUT_WR)
    others = target.answers(target.patience)
    ended = others and eventually(lambda: "/stream" not in target.state()["open"], target.patience)
    seen = "others are answered" if others else "the whole server hangs"
    return Outcome(not (others and ended), seen + ("" if ended else ", the handler never ends"))


def error_after_the_client_left(target: Target) -> Outcome:
    """An error of a handler whose client has gone must still be told."""
    with target.connect() as peer:
        peer.send(b"GET /fail/parting HTTP/1.1\r\nHost: a\r\n\r\n")
        begun = eventually(lambda: "/fail/parting" in target.state()["open"], 10.0)
    eventually(lambda: not target.holds(peer), min(target.patience, 1.0))
    target.request("POST", "/release/parting")
    logged = eventually(
        lambda: "the work of parting has failed" in target.server.output, target.patience
    )
    return Outcome(not (begun and logged), "logged" if logged else "no log")


def websocket_where_there_is_none(target: Target) -> Outcome:
    """An upgrade on the path of a plain route."""
    with target.connect() as peer:
        peer.send(upgrade(target.hello))
        answer = peer.answer()
        closed = target.closes(peer)
    status = 0 if answer is None else answer.status
    held = status == 101 or status >= 500 or not closed
    return Outcome(held, f"answered {status}, {fate(target, closed)}")


ATTACKS = (
    Attack(hazard="16 MiB are asked for and not read", run=slow_reader),
    Attack(hazard="Silence after a request", run=idle_after_a_request, on_switchboard=True),
    Attack(
        hazard="Silence from the beginning",
        run=idle_before_a_request,
        struck_as_released=False,
        on_switchboard=True,
    ),
    Attack(
        hazard=f"{PIPELINED} requests in one packet",
        run=pipelined_requests,
        on_switchboard=True,
    ),
    Attack(hazard="The client leaves while its request is worked on", run=client_leaves_its_work),
    Attack(
        hazard="The client leaves an answer without end",
        run=client_leaves_an_endless_answer,
        struck_as_released=False,
    ),
    Attack(
        hazard="A handler fails after its client has left",
        run=error_after_the_client_left,
    ),
    Attack(
        hazard="A websocket where there is none",
        run=websocket_where_there_is_none,
        struck_as_released=False,
        on_switchboard=True,
    ),
)
