"""A push of a commit that was acknowledged reaches its vendor, though the server is killed in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dropin_people import newcomer
from server_process import serve

SECONDS_MOST = 30.0
DEVICE = "a-secret-device-token"
GRANTED = "a-secret-access-token"


class Google:
    """A stand-in that takes nothing until it is told to."""

    def __init__(self) -> None:
        self.port = 0
        self.takes = False
        self.refused = threading.Event()
        """Set once a message was not taken."""
        self.taken = threading.Event()
        self.messages: list[Any] = []

    def answer(self, path: str, body: bytes) -> tuple[int, Any]:
        """To a POST."""
        if path == "/token":
            return 200, {"access_token": GRANTED, "expires_in": 3599}
        if not self.takes:
            self.refused.set()
            return 503, {}
        self.messages.append(json.loads(body)["message"])
        self.taken.set()
        return 200, {}


@contextmanager
def google() -> Iterator[Google]:
    """A running one."""
    one = Google()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, value = one.answer(self.path, body)
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nowhere."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_push_survives_a_kill(data_dir: Path, client: httpx.Client) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with google() as vendor:
        url = f"http://127.0.0.1:{vendor.port}"
        credentials = {
            "project_id": "p",
            "client_email": "s@p.test",
            "private_key": pem,
            "token_uri": f"{url}/token",
        }
        settings = {
            "SWITCHBOARD_PUSH_FCM_CREDENTIALS": json.dumps(credentials),
            "SWITCHBOARD_PUSH_FCM_URL": url,
            "SWITCHBOARD_LOG_FORMAT": "json",
        }
        with serve(data_dir, **settings) as server:
            base = server.base()
            operator = newcomer(base, client, operator=True)
            customer = newcomer(base, client)
            phone = {"deviceAddress": DEVICE, "deviceType": "android", "bundleId": "b"}
            operator.ok("/devices", phone)
            operator.online()
            gig = customer.request()
            assert vendor.refused.wait(SECONDS_MOST)
            # The vendor has said so; the server has heard it once it is in the log.
            server.wait_for("push_failed")
            server.process.kill()
            server.wait()
            killed = server.output
        vendor.takes = True
        with serve(data_dir, **settings) as server:
            assert vendor.taken.wait(SECONDS_MOST), server.output
            assert server.end() == 0, server.output
        message = vendor.messages[0]
        assert message["token"] == DEVICE
        assert message["data"]["code"] == "4"
        assert json.loads(message["data"]["data"])["gig"]["id"] == gig
        for output in (killed, server.output):
            assert "Traceback" not in output
            for secret in (DEVICE, GRANTED, "PRIVATE KEY", pem.splitlines()[3]):
                assert secret not in output
        assert "push_failed" in killed
