"""Attacks by how a websocket's peer behaves: it does not read, does not answer, is not who it should be, has gone."""

from __future__ import annotations

from contextlib import ExitStack

from attack import Attack, Outcome, fate
from hostile import eventually
from target import Target
from websocket_frames import CLOSE, PING, TEXT, encode

SMALL_BUFFER = 4096
"""About the least that the kernel grants: what is not read stays with the server."""
UNREAD = 200
"""Messages to a handler that does not read: ten times what the released queues hold."""
LEAVING = 20
"""One in two hangs the released server."""
FLOOD_CHUNKS = 160
FLOOD_TEXT = b"x" * 1024
"""With 64 of them a chunk 10 MiB in all: more than the queues and the buffers of both sides hold."""


def slow_consumer(target: Target) -> Outcome:
    """16 MiB are sent to it, and it does not read them."""
    with target.connect(receive_buffer=SMALL_BUFFER) as peer:
        assert peer.open_websocket("/ws/burst").status == 101
        gone = target.lets_go(peer)
    return Outcome(not gone, fate(target, gone))


def foreign_origin(target: Target) -> Outcome:
    """A page of another site opens a websocket with its visitor's cookies."""
    with target.connect() as peer:
        answer = peer.open_websocket("/ws/echo", b"Origin: https://evil.example")
    return Outcome(answer.status != 403, f"answered {answer.status}")


def no_pong(target: Target) -> Outcome:
    """Pings come and are not answered, as by a phone that is out of reach."""
    with target.websocket("/ws/echo") as peer:
        closed = target.closes(peer)
    return Outcome(not closed, fate(target, closed))


def gone_from_a_deaf_handler(target: Target) -> Outcome:
    """Its handler does not read, so nobody sees that it has left."""
    with target.websocket("/ws/deaf") as peer:
        for _ in range(UNREAD):
            peer.send(encode(TEXT, b"x"))
    gone = eventually(lambda: not target.holds(peer), target.patience)
    ended = eventually(lambda: "/ws/deaf" not in target.state()["open"], target.patience)
    seen = "seen" if gone and ended else "not seen"
    return Outcome(not (gone and ended), f"its end is {seen}")


def error_in_the_clean_up(target: Target) -> Outcome:
    """Its handler fails because it has left: beside the cancellation, the error must not vanish."""
    with target.websocket("/ws/beside") as peer:
        peer.send(encode(TEXT, b"x"))
        assert peer.message() is not None
    logged = eventually(lambda: "the clean-up has failed" in target.server.output, target.patience)
    return Outcome(not logged, "logged" if logged else "no log")


def flood_of_a_deaf_handler(target: Target) -> Outcome:
    """More comes than may ever wait for a handler that does not read."""
    with target.websocket("/ws/deaf") as peer:
        peer.socket.settimeout(target.patience)
        for _ in range(FLOOD_CHUNKS):
            if not peer.send(encode(TEXT, FLOOD_TEXT) * 64):
                break
        closed = target.closes(peer)
    return Outcome(not closed, fate(target, closed))


def pongs_unread(target: Target) -> Outcome:
    """Every Ping is to be answered, to somebody who does not read."""
    with target.connect(receive_buffer=SMALL_BUFFER) as peer:
        assert peer.open_websocket("/ws/deaf").status == 101
        peer.socket.settimeout(target.patience)
        for _ in range(FLOOD_CHUNKS):
            if not peer.send(encode(PING, bytes(125)) * 512):
                break
        gone = target.lets_go(peer)
    return Outcome(not gone, fate(target, gone))


def gone_from_an_endless_send(target: Target) -> Outcome:
    """Its handler sends without end. Whether it or the reader runs first is chance: many try."""
    with ExitStack() as stack:
        peers = [stack.enter_context(target.websocket("/ws/push")) for _ in range(LEAVING)]
        for peer in peers:
            peer.send(encode(CLOSE, (1000).to_bytes(2, "big")))
    others = target.answers(target.patience)
    ended = others and eventually(lambda: "/ws/push" not in target.state()["open"], target.patience)
    seen = "others are answered" if others else "the whole server hangs"
    return Outcome(not (others and ended), seen + ("" if ended else ", the handler never ends"))


ATTACKS = (
    Attack(hazard="A websocket that does not read 16 MiB", run=slow_consumer),
    Attack(hazard="A websocket from a foreign Origin", run=foreign_origin),
    Attack(hazard="A websocket that answers no Ping", run=no_pong, alone=True, profile="pinging"),
    Attack(hazard="A websocket leaves whose handler does not read", run=gone_from_a_deaf_handler),
    Attack(
        hazard="A websocket leaves and its handler fails in the clean-up",
        run=error_in_the_clean_up,
    ),
    Attack(
        hazard="A websocket sends 10 MiB to a handler that does not read",
        run=flood_of_a_deaf_handler,
    ),
    Attack(hazard="80,000 Pings whose Pongs are not read", run=pongs_unread),
    Attack(
        hazard="A websocket leaves whose handler sends without end",
        run=gone_from_an_endless_send,
        alone=True,
    ),
)
