"""The whole server but for sockets and Postgres: the real app over the real engine over the memory store."""

from __future__ import annotations

import random
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import argon2
import documented
import msgspec
import trio
from structlog.testing import CapturingLogger
from werkzeug.datastructures import Headers

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.engine import Engine, running
from switchboard.engine.ids import Ids
from switchboard.engine.mail import Mail
from switchboard.engine.ports import Capacity, VideoProvider
from switchboard.engine.push import Push
from switchboard.engine.records import Account, Device
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.sessions.gig import GIG, Gig, Terms
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.room import ROOM
from switchboard.engine.sessions.stream import STREAM
from switchboard.engine.storing import Store
from switchboard.engine.workflows.accounts import Registration
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.engine.workflows.quotas import Quota, Quotas
from switchboard.engine.workflows.rooms import RoomSettings
from switchboard.outbound import PeerToPeer
from switchboard.outbound.uploads import LocalFiles
from switchboard.store.memory import Gate, open_gate, open_memory
from switchboard.store.memory_tables import MemoryDatabase
from switchboard.web import Services, SwitchboardApp, WebSettings, build_services, create_app
from switchboard.web.realtime.pusher import App
from switchboard.web.security import Passwords

EPOCH: Instant = 1_800_000_000_000
TOKEN_KEYS = {"one": b"1" * 32, "two": b"2" * 32}
CODE_KEY = b"c" * 32
UPLOAD_KEY = b"u" * 32

APPS = (
    App("auto", "11", "auto-key-1", "a" * 20),
    App("dropin", "12", "dropin-key-1", "b" * 20),
    App("dowell", "13", "dowell-key-1", "c" * 20),
)

HERE = (10.787859, 106.70653)
"""The seed's place: most people of these tests are near it."""

WIDE = Quota(100_000)
GENEROUS = Quotas(
    sends_per_identity=WIDE,
    tries_per_identity=WIDE,
    passwords_per_identity=WIDE,
    sends_per_address=WIDE,
    tries_per_address=WIDE,
    passwords_per_address=WIDE,
    registrations_per_address=WIDE,
    leads_per_address=WIDE,
    client_tokens_per_address=WIDE,
    rooms_per_address=WIDE,
)
"""For tests that are not about limits."""


class Reply(NamedTuple):
    """An answer."""

    status: int
    body: Any
    headers: Headers

    @property
    def code(self) -> str | None:
        """The error code, in whichever dialect's shape."""
        if isinstance(self.body, list) and self.body and "code" in self.body[0]:
            return str(self.body[0]["code"])
        if isinstance(self.body, dict) and "code" in self.body:
            return str(self.body["code"])
        return None

    @property
    def data(self) -> Any:
        """The data of dropin's first error, or of auto's envelope."""
        return (self.body[0] if isinstance(self.body, list) else self.body).get("data")


class Outbox:
    """A ``Sender`` that keeps what it sends."""

    def __init__(self) -> None:
        self.codes: list[tuple[str, str, str]] = []
        self.mails: list[Mail] = []

    async def send_code(self, identity_type: str, value: str, code: str) -> None:
        """Keeps it."""
        await trio.lowlevel.checkpoint()
        self.codes.append((identity_type, value, code))

    async def send_mail(self, mail: Mail) -> None:
        """Keeps it."""
        await trio.lowlevel.checkpoint()
        self.mails.append(mail)


class Phones:
    """A ``Pusher`` that keeps what it pushes; ``fails`` are raised first."""

    def __init__(self) -> None:
        self.pushed: list[tuple[str, Push]] = []
        self.fails: list[Exception] = []
        self.broken: dict[str, Exception | None] = {}
        """Address -> what its provider always raises; None: it never answers."""

    async def push(self, device: Device, push: Push) -> None:
        """Keeps it, or fails."""
        await trio.lowlevel.checkpoint()
        if self.fails:
            raise self.fails.pop(0)
        if device.address in self.broken:
            error = self.broken[device.address]
            if error is None:
                await trio.sleep_forever()
            else:
                raise error
        self.pushed.append((device.address, push))


class WebWorld:
    """A running server and somebody who talks to it."""

    def __init__(
        self,
        app: SwitchboardApp,
        services: Services,
        outbox: Outbox,
        database: MemoryDatabase,
        folder: Path,
        phones: Phones,
    ) -> None:
        self.phones = phones
        self.app = app
        self.folder = folder
        """Where uploads lie."""
        self.database = database
        self.services = services
        self.engine = services.engine
        self.outbox = outbox
        self._client = app.test_client()
        self._numbers = iter(range(1, 1_000_000))

    # -- talking ------------------------------------------------------------------------------------------------

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        kind: str | None = None,
    ) -> Reply:
        """One request. ``body`` goes as JSON, ``raw`` as it is with the content type ``kind``."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if raw is None and body is not None:
            raw, kind = msgspec.json.encode(body), kind or "application/json"
        if kind is not None:
            sent["Content-Type"] = kind
        with trio.fail_after(20):
            response = await self._client.open(  # type: ignore[call-arg]
                path, method=method, headers=sent, data=raw
            )
            data = await response.get_data(as_text=False)
        is_json = (response.content_type or "").startswith("application/json")
        parsed = msgspec.json.decode(data) if is_json and data else data
        reply = Reply(response.status_code, parsed, response.headers)
        if "X-HTTP-Method-Override" not in sent and sent.get("Host") is None:
            documented.check(self.app, method, path, reply)
        return reply

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """A POST."""
        return await self.call("POST", path, body, **more)

    async def get(self, path: str, **more: Any) -> Reply:
        """A GET."""
        return await self.call("GET", path, **more)

    # -- people -------------------------------------------------------------------------------------------------

    async def person(self, first_name: str = "Ninh", **roles: Any) -> Account:
        """A new account, by the administrators' own way."""
        registration = Registration(
            first_name=first_name,
            last_name="Vo",
            identities=(("email", f"person{next(self._numbers)}@example.test"),),
        )
        return await self.services.desk.create(registration, **roles)

    def token(self, account: Account, audience: str = "dropin") -> str:
        """A token of that account."""
        return self.services.tokens.issue(account.id, audience)

    async def operator(self, place: tuple[float, float] = HERE, name: str = "Thanh") -> Party:
        """An approved operator who is online there."""
        account = await self.person(name, operator="approved")
        await self.services.dispatch.online(account.id, *place)
        return Party(self, account, self.token(account))

    async def customer(self, name: str = "Ninh") -> Party:
        """A customer."""
        account = await self.person(name)
        return Party(self, account, self.token(account))

    async def admin(self) -> Party:
        """An administrator."""
        account = await self.person("Root", admin=True)
        return Party(self, account, self.token(account))

    async def gig(self, id: str) -> Gig:
        """The gig as the engine has it."""
        gig = await self.engine.read(Address("gig", id))
        assert isinstance(gig, Gig)
        return gig

    def fingerprint(self) -> Sequence[Any]:
        """All that is stored, to see that a refused request changed nothing (limits count tries; they may)."""
        database = self.database
        return (
            dict(database.accounts._accounts),
            dict(database.attempts._attempts),
            list(database.revocations._revocations),
            {address: (row.version, row.phase) for address, row in database.sessions.items()},
            {address: len(entries) for address, entries in database.journal.items()},
            {scope: dict(holders) for scope, holders in database.claims.items()},
            dict(database.tallies),
            dict(database.keyed),
            dict(database.rooms.markers),
            dict(database.leads._leads),
            dict(database.devices._devices),
            dict(database.organizations._organizations),
            dict(database.uploads._uploads),
            sorted(path.name for path in self.folder.rglob("*")),
        )


class Party(NamedTuple):
    """Somebody with a dropin token."""

    world: WebWorld
    account: Account
    token: str

    @property
    def id(self) -> str:
        """The account's id."""
        return self.account.id

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """A POST to dropin."""
        return await self.world.post(f"/dropin{path}", body, token=self.token, **more)

    async def get(self, path: str, **more: Any) -> Reply:
        """A GET of dropin's."""
        return await self.world.get(f"/dropin{path}", token=self.token, **more)


@asynccontextmanager
async def web_world(
    settings: WebSettings | None = None,
    *,
    quotas: Quotas = GENEROUS,
    terms: Terms | None = None,
    database: MemoryDatabase | None = None,
    begins_at: Instant | None = None,
    video: VideoProvider | None = None,
    rooms: RoomSettings | None = None,
    gate: Gate = open_gate,
    idle_seconds: float | None = None,
) -> AsyncIterator[WebWorld]:
    """A running server for the length of the block. Passwords are hashed cheaply, limits are far away."""
    phones = Phones()
    outbox, clock = Outbox(), Clock(EPOCH if begins_at is None else begins_at)
    database = MemoryDatabase() if database is None else database
    with tempfile.TemporaryDirectory() as folder:
        async with open_memory(database, gate) as memory, trio.open_nursery() as nursery:
            engine = Engine(
                store=cast(Store, memory),
                clock=clock,
                ids=Ids(random.Random(1)),
                video=video or PeerToPeer(b"v" * 32),
                kinds=(GIG, STREAM, PERSON, ROOM),
                log=SupervisionLog(clock.now, CapturingLogger()),
                capacity=Capacity(idle_seconds=idle_seconds),
                code_version="test-1",
                chance=random.Random(2),
            )
            dispatch = Dispatch(engine, terms=terms)
            services = build_services(
                engine,
                dispatch,
                sender=outbox,
                devices=phones,
                files=LocalFiles(Path(folder), UPLOAD_KEY),
                token_keys=TOKEN_KEYS,
                current_token_key="one",
                code_key=CODE_KEY,
                settings=settings or WebSettings(lenient=True, access_log=False),
                quotas=quotas,
                passwords=Passwords(argon2.profiles.CHEAPEST),
                rooms=rooms,
                pusher_apps=APPS,
            )
            await dispatch.open()
            await services.showroom.open()
            async with running(engine):
                await nursery.start(services.run)
                yield WebWorld(
                    create_app(services), services, outbox, database, Path(folder), phones
                )
            nursery.cancel_scope.cancel()
