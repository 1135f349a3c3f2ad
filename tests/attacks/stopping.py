"""What clients see when the server is told to stop."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from attack import Attack, Outcome
from hostile import eventually
from target import Target

WEBSOCKETS = 20
"""Enough that one forgotten would show."""


def stop_with_open_websockets(target: Target) -> Outcome:
    """Each peer must hear that the server goes, or it does not know whether to come back."""
    with ExitStack() as stack:
        peers = [stack.enter_context(target.websocket("/ws/echo")) for _ in range(WEBSOCKETS)]
        target.server.process.send_signal(signal.SIGTERM)
        codes = [peer.close_code(target.patience) for peer in peers]
    target.server.wait()
    told = sum(code is not None for code in codes)
    shown = ", ".join(sorted({str(code) for code in codes if code is not None}))
    seen = f"{told} of {WEBSOCKETS} get a close frame" + (f" ({shown})" if shown else "")
    return Outcome(told < WEBSOCKETS, seen)


def stop_with_a_request_under_way(target: Target) -> Outcome:
    """What was begun is answered; nobody new is taken."""
    with target.connect() as peer:
        peer.send(b"GET /work/parting HTTP/1.1\r\nHost: a\r\n\r\n")
        assert eventually(lambda: "/work/parting" in target.state()["open"], 10.0)
        target.server.process.send_signal(signal.SIGTERM)
        eventually(lambda: not target.answers(1.0), target.patience)
        # No new request gets in: the work is released by another way.
        target.server.process.send_signal(signal.SIGUSR1)
        answer = peer.answer()
    code = target.server.wait()
    answered = answer is not None and answer.status == 200
    return Outcome(not answered or code != 0, "answered" if answered else "cut off")


ATTACKS = (
    Attack(hazard="SIGTERM with open websockets", run=stop_with_open_websockets, alone=True),
    Attack(
        hazard="SIGTERM with a request under way",
        run=stop_with_a_request_under_way,
        alone=True,
        profile="patient",
        struck_as_released=False,
    ),
)
