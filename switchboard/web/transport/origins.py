"""Which web pages may open websockets: browsers let every page try, and send the cookies and the address of their
user."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def allowed(headers: Iterable[tuple[bytes, bytes]], origins: Sequence[str]) -> bool:
    """Whether a websocket may be opened: by what is no browser (no ``Origin``), from a page of the same host, or
    from one of those origins; ``*`` is all of them. Two ``Origin`` headers are refused (RFC 6454, 7.3 knows one)."""
    host, sent = "", []
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"origin":
            sent.append(value.decode("latin-1").strip().lower())
        elif lowered == b"host":
            host = value.decode("latin-1").strip().lower()
    if not sent or "*" in origins:
        return True
    if len(sent) > 1:
        return False
    [origin] = sent
    return origin in {one.lower().rstrip("/") for one in origins} or _is_of(origin, host)


def _is_of(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    port = DEFAULT_PORTS.get(parts.scheme)
    # The scheme is not compared: behind a proxy that speaks TLS, our own is http. A port that is the scheme's own
    # is left out by browsers and may be written out by proxies.
    return port is not None and parts.netloc.removesuffix(port) == host.removesuffix(port)
