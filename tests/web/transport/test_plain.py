"""Plain requests are read as h11 reads them, and whatever could be read in two ways is left to h11."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switchboard.web.transport.http1 import refusal
from switchboard.web.transport.plain import Plain, read

MOST = 16 * 1024

NAMES = [b"Host", b"host", b"Content-Length", b"Connection", b"Expect", b"Transfer-Encoding"]
NAMES += [b"TE", b"Upgrade", b"X-A", b"Cookie", b"Content-Length ", b" X", b"", b"X\x00", b"X:Y"]
VALUES = [
    b"a",
    b"",
    b"3",
    b" 3 ",
    b"+3",
    b"3,3",
    b"0x3",
    b"03",
    b"3_0",
    b"\xb2",
    b"keep-alive",
    b"close",
]
VALUES += [
    b"Keep-Alive, x",
    b"100-continue",
    b"chunked",
    b"websocket",
    b"a\tb",
    b"\x01",
    b"a\nb",
    b"\xe4",
]
VALUES += [b"a\rb", b"\x7f", b"9" * 30, b"\x0b3", b"3\x00", b"identity", b" \t a \t "]
ENDS = [b"\r\n"] * 8 + [b"\n", b"\r", b"\r\n ", b"\r\n\t", b""]
STARTS = [b"GET / HTTP/1.1", b"POST /a?b=c HTTP/1.1", b"PUT * HTTP/1.1", b"HEAD / HTTP/1.1"]
STARTS += [
    b"GET / HTTP/1.0",
    b"GET  / HTTP/1.1",
    b"get / HTTP/1.1",
    b"GET /\xff HTTP/1.1",
    b"GET / HTTP/1.1 ",
]
STARTS += [b"GET /", b"\r\nGET / HTTP/1.1", b"CONNECT a HTTP/1.1", b"PATCH http://[ HTTP/1.1"]

fields = st.builds(
    lambda name, colon, value, end: name + colon + value + end,
    st.sampled_from(NAMES),
    st.sampled_from([b":", b": ", b" :", b":\t ", b""]),
    st.sampled_from(VALUES) | st.binary(max_size=6),
    st.sampled_from(ENDS),
)
requests = st.builds(
    lambda start, end, lines, last, body: start + end + b"".join(lines) + last + body,
    st.sampled_from(STARTS),
    st.sampled_from(ENDS),
    st.lists(fields | st.just(b"Host: a\r\n"), max_size=5),
    st.sampled_from([b"\r\n"] * 4 + [b"\n", b"", b"\r\n\r\n"]),
    st.sampled_from([b"", b"abc", b"abcGET / HTTP/1.1\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n"]),
)


def by_h11(data: bytes) -> tuple[h11.Request, bytes, bytes]:
    """The request, its body and what follows it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    request, body = connection.next_event(), b""
    assert isinstance(request, h11.Request)
    while isinstance(event := connection.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    connection.send(h11.Response(status_code=204, headers=[]))
    connection.send(h11.EndOfMessage())
    # Neither side wants the connection to end, and nothing else is to become of it.
    connection.start_next_cycle()
    return request, body, connection.trailing_data[0]


def agree(plain: Plain, data: bytes) -> None:
    """h11 reads the same, and nobody would refuse it."""
    request, body, rest = by_h11(data)
    assert plain.method.encode() == request.method
    assert plain.target == request.target
    assert plain.headers == list(request.headers)
    assert plain.body == body
    assert data[plain.end :] == rest
    assert request.http_version == b"1.1"
    assert refusal(request, len(data) - len(rest) - len(body), MOST) is None


@given(requests)
@example(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n")
@example(b"GET / HTTP/1.1\r\nHost:\r\nX: \t \r\n\r\n")
def test_what_is_read_as_plain_h11_reads_the_same(data: bytes) -> None:
    plain = read(data, 0, MOST)
    if plain is not None:
        agree(plain, data)


def head(*lines: str, start: str = "POST /a?b=c HTTP/1.1") -> bytes:
    """A head of those lines."""
    return "\r\n".join([start, *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    "data",
    [
        head("Host: a"),
        head("Host: localhost:8000", "User-Agent: curl/8.5.0", "Accept: */*"),
        head("host: a", "connection: Keep-Alive", "content-length: 2") + b"{}",
        head("Host: a", "Content-Length: 0", "Cookie: a=b; c=d", "Accept-Language: de,en;q=0.5"),
        head("Host: a", "X: \u00e4 \u00ff"),
        head("Host: a", start="OPTIONS * HTTP/1.1"),
    ],
)
def test_what_clients_usually_send_is_plain(data: bytes) -> None:
    plain = read(data, 0, MOST)
    assert plain is not None
    agree(plain, data)


@pytest.mark.parametrize(
    "data",
    [
        head("Host: a", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("Host: a", "Content-Length: 3", "Content-Length: 3") + b"abc",
        head("Host: a", "Content-Length: 3, 3") + b"abc",
        head("Host: a", "Content-Length: +3") + b"abc",
        head("Host: a", "Content-Length: \u00b2") + b"abc",
        head("Host: a", "Content-Length: 3") + b"ab",
        head("Host: a", "Expect: 100-continue", "Content-Length: 0"),
        head("Host: a", "Connection: close"),
        head("Host: a", "Connection: Upgrade", "Upgrade: websocket"),
        head("Host: a", "Upgrade: h2c"),
        head("Host: a", "Host: b"),
        head("X: a"),
        head("Host: a", start="GET / HTTP/1.0"),
        head("Host: a", start="HEAD / HTTP/1.1"),
        head("Host: a", start="BREW / HTTP/1.1"),
        head("Host : a"),
        head("Host: a", " folded"),
        head("Host: a", "X: a\x01"),
        head("Host: a", "X: a\nY: b"),
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"\r\n" + head("Host: a"),
    ],
)
def test_what_says_more_or_could_be_read_otherwise_is_not_plain(data: bytes) -> None:
    assert read(data, 0, MOST) is None


def test_a_head_is_plain_up_to_its_most_bytes() -> None:
    data = head("Host: a", "X: " + "x" * 100)
    assert read(data, 0, len(data)) is not None
    assert read(data, 0, len(data) - 1) is None


def test_requests_that_came_at_once_are_read_one_after_the_other() -> None:
    first, second = head("Host: a", "Content-Length: 3") + b"abc", head("Host: b")
    one = read(first + second, 0, MOST)
    assert one is not None
    assert (one.body, one.end) == (b"abc", len(first))
    two = read(first + second, one.end, MOST)
    assert two is not None
    assert two.headers == [(b"host", b"b")]
    assert two.end == len(first + second)
    assert read(first + second, two.end, MOST) is None


@pytest.mark.parametrize("filler", [b" ", b"\t", b"a", b"a ", b"\xff", b"a:", b"a: \r\n"])
def test_a_head_that_never_fits_is_looked_at_once(filler: bytes) -> None:
    """The steps of a search are the same for a text of twice the length, twice as many; none is taken twice."""
    data = b"GET / HTTP/1.1\r\nHost: a\r\nX:" + filler * (64 * 1024 // len(filler)) + b"\x00"
    assert read(data, 0, len(data)) is None
