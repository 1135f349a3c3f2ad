"""Puts the parts together, in the one order in which they can start, and takes them apart in the reverse one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
import structlog
import trio
from quart_trio import QuartTrio

from switchboard import demo, first_start
from switchboard.admin_channel import AdminChannel
from switchboard.administration import Administration
from switchboard.engine.clock import Clock, Milliseconds
from switchboard.engine.engine import DRAIN_SECONDS, Engine
from switchboard.engine.files import Files
from switchboard.engine.ids import Ids
from switchboard.engine.ports import Capacity, VideoProvider
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.sessions.gig import GIG, Tariff, Terms
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.room import ROOM
from switchboard.engine.sessions.stream import STREAM
from switchboard.engine.sessions.stream import Terms as StreamTerms
from switchboard.engine.storing import Store
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.engine.workflows.rooms import RoomSettings
from switchboard.keys import DIALECTS_WITH_APPS, derived, pusher_apps, token_keys
from switchboard.outbound import LiveKit, LocalSender, OpenTok, PeerToPeer, Providers
from switchboard.outbound.uploads import LocalFiles
from switchboard.pushing import pushing
from switchboard.settings import Settings
from switchboard.store.embedded import embedded_postgres
from switchboard.store.embedded_place import locked
from switchboard.store.postgres import PostgresStore, open_postgres
from switchboard.version import VERSION, code_version
from switchboard.web import transport
from switchboard.web.app import create_app
from switchboard.web.realtime.pusher import App
from switchboard.web.services import Services, WebSettings, WidgetSettings, build_services

SETTLE_SECONDS = 1.0
"""Beyond the engine's own drain, for its tasks to end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """A running Switchboard."""

    app: QuartTrio
    services: Services
    greeting: tuple[str, ...]
    """What is shown once: the logins that this start has made."""
    ended: trio.Event
    """Set when the engine has ended by itself or because it was asked to."""

    @property
    def lost(self) -> str | None:
        """Why the engine had to end, if it had to."""
        return self.services.engine.fence_lost


class Ownership:
    """Takes the store's word that this node owns nothing any more to the engine, which is made after the store."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._lost: str | None = None

    def of(self, engine: Engine) -> None:
        """From now on it is this engine that is told."""
        self._engine = engine
        if self._lost is not None:
            engine.lose_ownership(self._lost)

    def lose(self, reason: str) -> None:
        """The store calls this."""
        self._lost = reason
        if self._engine is not None:
            self._engine.lose_ownership(reason)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Application]:
    """Everything, from the database to the web app, for the length of the block.

    From here on hypercorn's Trio worker takes connections with our transport, in this process.

    Raises: StartError (in an exception group, as nurseries have it) if something cannot start; what had been started
    has then been ended.
    """
    transport.install(limits(settings))
    ownership = Ownership()
    async with (
        database_url(settings) as url,
        open_postgres(
            url,
            allow_unsafe=settings.allow_unsafe_database,
            on_lost=ownership.lose,
            lease_seconds=settings.lease_seconds,
        ) as store,
    ):
        services = assemble(settings, store)
        ownership.of(services.engine)
        async with trio.open_nursery() as nursery:
            ended = trio.Event()
            await services.dispatch.open()
            await services.showroom.open()
            await nursery.start(_run_engine, services.engine, ended)
            try:
                yield await _open(settings, store, services, ended, nursery)
            finally:
                services.engine.stop()
                with trio.move_on_after(DRAIN_SECONDS + SETTLE_SECONDS, shield=True):
                    await ended.wait()
                nursery.cancel_scope.cancel()


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The database of those settings, and the data folder held for this process. Raises: StartError."""
    if settings.database_url is not None:
        with locked(settings.data_dir):
            yield settings.database_url
        return
    log = structlog.get_logger("postgres")
    async with embedded_postgres(settings.data_dir, log.info) as server:
        yield server.url


def assemble(settings: Settings, store: Store) -> Services:
    """The engine and what the web layer needs of it, nothing of it running. Raises: StartError."""
    keys = settings.token_keys or token_keys(settings.data_dir)
    apps = settings.pusher_apps or pusher_apps(settings.data_dir)
    by = {dialect: "" for dialect in DIALECTS_WITH_APPS} | {app.dialect: app.key for app in apps}
    clock = Clock()
    pushes = pushing(settings, clock)
    engine = Engine(
        store=store,
        clock=clock,
        ids=Ids(),
        video=video(settings, derived(keys, "video"), by, clock),
        kinds=(GIG, STREAM, PERSON, ROOM),
        capacity=Capacity(mailbox=settings.mailbox, idle_seconds=settings.idle_seconds),
        log=SupervisionLog(clock.now),
        code_version=code_version(),
    )
    dispatch = Dispatch(
        engine,
        terms=terms(settings),
        radius_metres=settings.search_radius_metres,
        offers_most=settings.offers_most,
        person_timeout=milliseconds(settings.person_timeout_seconds),
    )
    return build_services(
        engine,
        dispatch,
        files=files(settings, keys, clock),
        devices=pushes.pusher,
        upload_bytes_most=settings.uploads_bytes_most,
        sender=LocalSender(settings.data_dir / "mail"),
        token_keys=keys,
        current_token_key=next(iter(keys)),
        code_key=derived(keys, "codes"),
        settings=web_settings(settings, pushes.web_push_key),
        rooms=RoomSettings(holder_timeout=milliseconds(settings.room_holder_timeout_seconds)),
        stream_terms=stream_terms(settings),
        dealer_timeout=milliseconds(settings.stream_dealer_timeout_seconds),
        pusher_apps=tuple(App(*app) for app in apps),
    )


def files(settings: Settings, keys: Mapping[str, bytes], clock: Clock) -> Files:
    """Where uploads lie. Raises: StartError."""
    if settings.uploads_bucket is None:
        return LocalFiles(settings.data_dir / "uploads", derived(keys, "uploads"))
    from switchboard.outbound.uploads.s3 import S3Files

    return S3Files(
        bucket=settings.uploads_bucket,
        endpoint=settings.uploads_endpoint,
        region=settings.uploads_region,
        access_key=settings.uploads_access_key or "",
        secret_key=settings.uploads_secret_key or "",
        folder=settings.data_dir / "uploads",
        clock=clock,
    )


def video(
    settings: Settings, key: bytes, app_keys: Mapping[str, str], clock: Clock
) -> VideoProvider:
    """Who opens new rooms, and whoever is set up beside, for rooms that were opened before."""
    own = PeerToPeer(key, {"gig": app_keys["dropin"], "stream": app_keys["auto"]})
    found: dict[str, VideoProvider] = {own.name: own}
    url, name, secret = settings.livekit_url, settings.livekit_api_key, settings.livekit_secret
    if url and name and secret:
        found["livekit"] = LiveKit(url, name, secret, clock)
    project, secret = settings.opentok_api_key, settings.opentok_secret
    if project and secret:
        found["opentok"] = OpenTok(settings.opentok_url, project, secret, clock)
    return Providers(found[settings.video], list(found.values()))


def stream_terms(settings: Settings) -> StreamTerms:
    """What is recorded with every stream."""
    return StreamTerms(
        offer_timeout=milliseconds(settings.stream_offer_timeout_seconds),
        missed_after=milliseconds(settings.stream_missed_after_seconds),
        watchdog=milliseconds(settings.stream_watchdog_seconds),
        streaming_most=milliseconds(settings.stream_most_seconds),
    )


def terms(settings: Settings) -> Terms:
    """What is recorded with every gig."""
    return Terms(
        claim_timeout=milliseconds(settings.claim_timeout_seconds),
        confirm_timeout=milliseconds(settings.confirm_timeout_seconds),
        enroute_timeout=milliseconds(settings.enroute_timeout_seconds),
        handshake_timeout=milliseconds(settings.handshake_timeout_seconds),
        no_video_window=milliseconds(settings.no_video_window_seconds),
        streaming_most=milliseconds(settings.streaming_most_seconds),
        watchdog=milliseconds(settings.watchdog_seconds),
        rating_window=milliseconds(settings.rating_window_seconds),
        advance_unrated_after=milliseconds(settings.advance_unrated_after_seconds),
        tariff=Tariff(
            base_cents=settings.base_cents,
            minute_cents=settings.minute_cents,
            operator_share_percent=settings.operator_share_percent,
        ),
    )


def web_settings(settings: Settings, web_push_key: str | None = None) -> WebSettings:
    """What the web layer is told."""
    return WebSettings(
        lenient=settings.lenient,
        access_log=settings.access_log,
        expose_access_token=settings.exposes_access_token,
        playground=settings.has_playground,
        approve_at_once=settings.approves_at_once,
        default_organization=settings.default_organization,
        body_bytes_most=settings.body_bytes_most,
        cors_origins=settings.cors_origins,
        trusted_proxies=settings.trusted_proxies,
        allowed_hosts=settings.allowed_hosts,
        public_url=settings.public_base_url,
        ice_servers=settings.ice_servers,
        web_push_key=web_push_key,
        web_push_hosts=settings.push_web_hosts,
        web_push_private=settings.push_web_private,
        version=VERSION,
        dialect_hosts=settings.dialect_hosts,
        company_domains=frozenset(one.lower() for one in settings.company_domains),
        support_day_offset=milliseconds(settings.ally_utc_offset_minutes * 60),
        widgets=WidgetSettings(
            products=settings.dowell_products,
            legacy_envelope=settings.dowell_envelope == "legacy",
            staff_key_needed=settings.staff_key_needed,
        ),
    )


def limits(settings: Settings) -> transport.Limits:
    """What the transport allows. Pages of origins that are named for CORS may open websockets too; its ``*`` is
    only about answers without credentials, which anybody may read."""
    own = () if settings.public_base_url is None else (origin_of(settings.public_base_url),)
    named = tuple(origin for origin in settings.cors_origins if origin != "*")
    uncounted = transport.Limits().uncounted_networks + settings.trusted_proxies
    return transport.Limits(
        connections_most=settings.connections_most,
        connections_per_address_most=settings.connections_per_address_most,
        uncounted_networks=uncounted,
        keep_alive_seconds=settings.keep_alive_seconds,
        send_seconds=settings.send_seconds,
        ping_seconds=settings.websocket_ping_seconds,
        pong_seconds=settings.websocket_ping_seconds,
        goodbye_seconds=min(transport.Limits().goodbye_seconds, settings.graceful_seconds),
        origins=(*settings.websocket_origins, *named, *own),
    )


def origin_of(url: str) -> str:
    """The web origin of a URL: its scheme and host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def milliseconds(seconds: float) -> Milliseconds:
    """Seconds as the engine counts them."""
    return round(seconds * 1000)


async def _run_engine(
    engine: Engine, ended: trio.Event, *, task_status: trio.TaskStatus[None]
) -> None:
    try:
        await engine.run(task_status=task_status)
    finally:
        ended.set()


async def _open(
    settings: Settings,
    store: PostgresStore,
    services: Services,
    ended: trio.Event,
    nursery: trio.Nursery,
) -> Application:
    """Opens the doors of a running engine, once those who may come in exist."""
    await nursery.start(services.run)
    greeting = await first_start.administrator(services, settings)
    if settings.embedded:
        await first_start.support_app(services)
    if settings.demo:
        greeting += await demo.prepare(services)
        await nursery.start(demo.keep_online, services, settings.person_timeout_seconds)
    administration = Administration(services, settings)
    await nursery.start(AdminChannel(settings.data_dir, administration.commands()).run)
    app = create_app(services)
    commits = store.sessions.committer
    app.metrics.add("switchboard_commits", lambda: msgspec.structs.asdict(commits.statistics()))
    return Application(app=app, services=services, greeting=tuple(greeting), ended=ended)
