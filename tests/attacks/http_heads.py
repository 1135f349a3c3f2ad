"""Attacks with the head of a request."""

from __future__ import annotations

import time

from attack import Attack, Outcome, fate
from hostile import Peer
from target import Target

DRIP_SECONDS = 0.05
"""Between two bytes: far less than any deadline for silence."""
HEAD_BYTES = 1024 * 1024
"""A head without end, as far as we send it; servers stop at 8 to 64 KiB."""
HEADERS_BYTES = 60_000
"""Of small header fields: they arrive in one read of 64 KiB, at which hypercorn never looks at its limit."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113, 3.4."""
EMPTY_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
SETTINGS_KIND = 4
"""RFC 9113, 6.5; a frame's kind is its fourth byte."""


def drips_until_closed(target: Target, peer: Peer) -> bool:
    """Sends a head byte by byte, without an end. Returns: whether the server closes within the patience."""
    deadline = time.monotonic() + target.patience
    peer.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    while time.monotonic() < deadline:
        if not peer.send(b"x"):
            return True
        if peer.closed_within(DRIP_SECONDS):
            return True
    return False


def drip_of_the_first_head(target: Target) -> Outcome:
    """hypercorn's idle deadline counts from the connection's begin, so it holds here."""
    with target.connect() as peer:
        closed = drips_until_closed(target, peer)
    return Outcome(not closed, fate(target, closed))


def drip_of_a_later_head(target: Target) -> Outcome:
    """After one request nothing watches the connection any more."""
    with target.connect() as peer:
        peer.exchange(f"GET {target.hello} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        closed = drips_until_closed(target, peer)
    return Outcome(not closed, fate(target, closed))


def oversize_head(target: Target) -> Outcome:
    """A field that does not end."""
    with target.connect() as peer:
        peer.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        sent = 0
        while sent < HEAD_BYTES and peer.send(b"x" * 4096):
            sent += 4096
        closed = target.closes(peer)
        status = peer.buffer[9:12].decode() or "no answer"
    return Outcome(not closed, f"{status}, {fate(target, closed)}")


def many_headers(target: Target) -> Outcome:
    """Thousands of fields, all in one packet."""
    fields = b"a: b\r\n" * (HEADERS_BYTES // 6)
    with target.connect() as peer:
        head = f"GET {target.hello} HTTP/1.1\r\nHost: a\r\n".encode()
        answer = peer.exchange(head + fields + b"\r\n")
    return Outcome(answer.status == 200, f"answered {answer.status}")


def length_and_chunks(target: Target) -> Outcome:
    """Content-Length and Transfer-Encoding: a proxy that believes the other one sees another request in the body."""
    with target.connect() as peer:
        peer.send(
            f"POST {target.post} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
            f"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET {target.hello} HTTP/1.1\r\n"
            "Host: a\r\nConnection: close\r\n\r\n".encode()
        )
        target.closes(peer)
        count, status = peer.buffer.count(b"HTTP/1.1 "), peer.buffer[9:12].decode()
    hidden = ", and the request hidden in its body too" if count > 1 else ""
    return Outcome(status != "400" or count > 1, f"answered {status}{hidden}")


def upgrade_to_h2c(target: Target) -> Outcome:
    """HTTP/2 in the clear, where the guards of HTTP/1.1 do not look."""
    with target.connect() as peer:
        answer = peer.exchange(
            f"GET {target.hello} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n".encode()
        )
    return Outcome(answer.status == 101, f"answered {answer.status}")


def h2c_by_prior_knowledge(target: Target) -> Outcome:
    """The same without asking."""
    with target.connect() as peer:
        peer.send(PREFACE + EMPTY_SETTINGS)
        while peer.receive(target.patience) and len(peer.buffer) < len(EMPTY_SETTINGS):
            pass
        spoken = len(peer.buffer) > SETTINGS_KIND and peer.buffer[3] == SETTINGS_KIND
        said = peer.buffer[9:12].decode("ascii", "replace")
    return Outcome(spoken, "HTTP/2 is spoken" if spoken else f"answered {said}")


def refused_head(target: Target, request: bytes) -> Outcome:
    """A head that is none: 400, and the connection ends, because nobody knows where the next one begins."""
    with target.connect() as peer:
        peer.send(request)
        closed = target.closes(peer)
        status = peer.buffer[9:12].decode() or "nothing"
    return Outcome(
        status not in ("400", "nothing") or not closed,
        f"answered {status}, {fate(target, closed)}",
    )


def bad_request_line(target: Target) -> Outcome:
    """The beginning of TLS, where it is not spoken."""
    return refused_head(target, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")


def nul_in_the_path(target: Target) -> Outcome:
    """What ends a string elsewhere."""
    return refused_head(target, b"GET /\x00/../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n")


def bytes_in_the_path(target: Target) -> Outcome:
    """Bytes that are neither ASCII nor UTF-8."""
    return refused_head(target, b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n")


def split_header(target: Target) -> Outcome:
    """A bare line feed before a field, and a space before its colon: two parsers read two different heads."""
    return refused_head(target, b"GET / HTTP/1.1\nHost : a\r\nX: a\rb\r\n\r\n")


ATTACKS = (
    Attack(
        hazard="The first head comes byte by byte",
        run=drip_of_the_first_head,
        struck_as_released=False,
    ),
    Attack(hazard="A later head comes byte by byte", run=drip_of_a_later_head),
    Attack(
        hazard="A head without end",
        run=oversize_head,
        struck_as_released=False,
        on_switchboard=True,
    ),
    Attack(hazard="10,000 header fields", run=many_headers, on_switchboard=True),
    Attack(
        hazard="Content-Length and Transfer-Encoding", run=length_and_chunks, on_switchboard=True
    ),
    Attack(hazard="Upgrade to h2c", run=upgrade_to_h2c, on_switchboard=True),
    Attack(hazard="h2c by prior knowledge", run=h2c_by_prior_knowledge, on_switchboard=True),
    Attack(
        hazard="A request line that is none",
        run=bad_request_line,
        struck_as_released=False,
        on_switchboard=True,
    ),
    Attack(
        hazard="NUL in the path",
        run=nul_in_the_path,
        struck_as_released=False,
        on_switchboard=True,
    ),
    Attack(
        hazard="Bytes in the path that are no text",
        run=bytes_in_the_path,
        struck_as_released=False,
        on_switchboard=True,
    ),
    Attack(
        hazard="A head that two parsers read in two ways",
        run=split_header,
        struck_as_released=False,
        on_switchboard=True,
    ),
)
