"""The app under hypercorn's own command, as somebody deploys it who knows ASGI: a gig from request to ratings."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import httpx
from real_gigs import couple, wait_until
from server_process import READY_SECONDS_MOST, lives, postgres_pid, started


def free_address() -> str:
    """Where nobody listens at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


def is_ready(base: str, client: httpx.Client) -> bool:
    """Whether somebody answers there that takes commands."""
    try:
        return client.get(f"{base}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_gig_under_hypercorn_ends_voted(data_dir: Path, client: httpx.Client) -> None:
    address = free_address()
    hypercorn = [sys.executable, "-m", "hypercorn", "--worker-class", "trio", "--bind", address]
    settings = {"SWITCHBOARD_DATA_DIR": str(data_dir), "SWITCHBOARD_LOG_FORMAT": "json"}
    with started([*hypercorn, "switchboard.asgi:app"], settings) as server:
        base = f"http://{address}"
        wait_until(READY_SECONDS_MOST, lambda: is_ready(base, client))
        pair = couple(base, client)
        gig = pair.gig_until("voted")
        pair.assert_agreed(gig, "voted")
        # Whom hypercorn listens to is not known, so that the staff of widgets must prove who it is.
        rooms = f"{base}/dowell/api/v2/room-list/?org_id=DOWELL12345&product_name=LOGIN"
        assert client.get(rooms).status_code == 401
        database = postgres_pid(data_dir)
        assert server.end() == 0, server.output
    assert not lives(database)
    assert "Traceback" not in server.output
