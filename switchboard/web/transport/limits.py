"""Every number of the transport, in one table."""

from __future__ import annotations

from dataclasses import dataclass

STEP_BYTES = 64 * 1024
"""What has to arrive, or to leave, within one deadline; then the next one begins. One full read of hypercorn's (its
MAX_RECV): less would move the deadline at every read, more would need a buffer of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one process allows its connections. Times in seconds, sizes in bytes."""

    # -- how many
    connections_most: int = 8192
    """Open at once, whoever opened them. An idle websocket takes some 20 kB, and ``deploy/switchboard.service`` grants
    65,536 files; beyond, a request is answered 503."""
    connections_per_address_most: int = 512
    """Open at once from one address (of IPv6 one /64). A browser opens 6 and one websocket a tab, so this is an
    office behind one address; nginx's documentation gives 10 as an example for its ``limit_conn``, for one person."""
    uncounted_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Whose connections are not counted by address: those of loopback and of trusted proxies belong to many
    people."""
    retry_after_seconds: int = 2
    """What the 503 says; idle connections have been closed by then or soon after."""

    # -- reading requests
    head_bytes: int = 16 * 1024
    """hypercorn's own ``h11_max_incomplete_size``, which holds only for a head that comes in pieces; here for every
    one."""
    head_seconds: float = 10.0
    """From a head's first byte to its last, and for a TLS handshake. nginx allows 60 s, Apache's mod_reqtimeout 20
    to 40; a head fits into a few packets."""
    body_seconds: float = 20.0
    """For every ``STEP_BYTES`` of a body, so 3 kB/s at the slowest: what a telephone has on GPRS. Apache's
    mod_reqtimeout allows 20 s as well, then wants 500 bytes/s."""
    keep_alive_seconds: float = 5.0
    """Without a request; hypercorn's own ``keep_alive_timeout``, which it forgets after the first request."""
    linger_seconds: float = 1.0
    """For reading what was sent after an answer that ends its connection: closed at once, the peer's system would
    throw the answer away. nginx calls it ``lingering_timeout`` and allows 5 s."""
    linger_bytes: int = 1024 * 1024
    """Thrown away meanwhile, and as much of the body of a request that was answered without reading it."""

    # -- writing
    send_seconds: float = 5.0
    """For every ``STEP_BYTES`` of what waits to be sent: contracts/realtime closes whoever stays behind for 5 s."""

    # -- websockets
    message_bytes: int = 64 * 1024
    """contracts/realtime: larger ones close 1009. Counts all fragments of a message."""
    inbox_messages: int = 256
    """That may wait for their handler: as many as may wait for the peer. One more closes the websocket (1008)."""
    inbox_bytes: int = 1024 * 1024
    """The same in bytes: 16 of the largest messages."""
    outbox_frames: int = 256
    """contracts/realtime: that may wait for the peer; who has so many for ``send_seconds`` is closed (1013)."""
    outbox_bytes: int = 4 * 1024 * 1024
    """The same in bytes, and closed at once: 64 of the largest messages."""
    ping_seconds: float = 20.0
    """Of silence, then the server pings: below the 30 to 60 s after which many proxies and address translators
    forget a connection."""
    pong_seconds: float = 20.0
    """For anything to come after a ping; then the peer has gone (1011)."""
    goodbye_seconds: float = 2.0
    """From our close frame to the end of the connection: the peer answers in one round trip. Well below the 5 s
    that a stop grants to what is under way."""
    handler_seconds: float = 10.0
    """A websocket's handler may finish for so long after its peer has left: what the engine grants to a request."""
    origins: tuple[str, ...] = ()
    """Web origins whose pages may open websockets, beside those of the server's own host; ``*`` is all of them."""
