"""A stand-in for a vendor of pushes on a loopback port, with TLS or without: it keeps what it is asked."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import trio
import trustme
from transport_peers import asgi_app, served

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.push import TRIED_MILLISECONDS, Push
from switchboard.engine.records import Device
from switchboard.engine.records.devices import DeviceType

NOW: Instant = 1_800_000_000_000


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    version: str
    """Of HTTP."""
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes

    def json(self) -> Any:
        """The body's value."""
        return msgspec.json.decode(self.body)


class Says(NamedTuple):
    """An answer; a status of 0: none, for ever."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}


class Vendor:
    """What it was asked, and what it says to that."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.says: list[Says] = []
        """Answers to come, the next one first; then ``usually``."""
        self.usually = Says()
        self.by_path: dict[str, Says] = {}
        """Path -> what is always said there."""

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """An ASGI app for http."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        path = scope["path"]
        self.asked.append(Asked(scope["method"], path, scope["http_version"], headers, body))
        said = self.by_path.get(path)
        if said is None:
            said = self.says.pop(0) if self.says else self.usually
        if not said.status:
            await trio.sleep_forever()
        content = b"" if said.body is None else msgspec.json.encode(said.body)
        fields = [(name.encode(), value.encode()) for name, value in said.headers.items()]
        fields.append((b"content-length", str(len(content)).encode()))
        start = {"type": "http.response.start", "status": said.status, "headers": fields}
        await send(start)
        await send({"type": "http.response.body", "body": content})


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """One over plain HTTP."""
    one = Vendor()
    async with served(asgi_app(one.handle)) as server:
        one.url = f"http://127.0.0.1:{server.port}"
        yield one


@asynccontextmanager
async def vendor_with_tls(authority: trustme.CA, folder: Path) -> AsyncIterator[Vendor]:
    """One with a certificate for localhost, over HTTP/1.1 or 2 as the client likes."""
    certificate = authority.issue_cert("localhost")
    certfile, keyfile = folder / "certificate.pem", folder / "key.pem"
    certificate.private_key_pem.write_to_path(keyfile)
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(certfile, append=number > 0)
    one = Vendor()
    app = asgi_app(one.handle)
    async with served(app, certfile=str(certfile), keyfile=str(keyfile)) as server:
        one.url = f"https://localhost:{server.port}"
        yield one


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that believes that authority alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def clock() -> Clock:
    """One that begins now."""
    return Clock(NOW)


def a_device(type: DeviceType, address: str, **fields: Any) -> Device:
    """Somebody's."""
    plain = {"bundle": "org.example.app", "created_at": NOW, "updated_at": NOW}
    return Device(id="d", account="a", address=address, type=type, **{**plain, **fields})


BODY = {"code": 4, "title": "New gig", "message": "near you", "data": {"gig": {"id": "g"}}}


def a_push(**body: Any) -> Push:
    """Something to be shown."""
    id = "4b5e9a76-2f2c-4d6e-8a3b-0c8f1d2e3f40"
    return Push(id, "New gig", "near you", BODY | body, NOW + TRIED_MILLISECONDS)
