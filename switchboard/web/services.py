"""Everything that the dialects stand on, made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import trio

from switchboard.engine.clock import Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.files import Files
from switchboard.engine.mail import Sender
from switchboard.engine.push import Pusher
from switchboard.engine.records.directory import Directory
from switchboard.engine.sessions.stream import Terms as StreamTerms
from switchboard.engine.workflows.accounts import AccountDesk, AccountSettings
from switchboard.engine.workflows.api_keys import ApiKeyDesk
from switchboard.engine.workflows.courier import Courier
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.engine.workflows.issues import IssueDesk
from switchboard.engine.workflows.leads import LeadDesk
from switchboard.engine.workflows.messages import MessageReader
from switchboard.engine.workflows.push_delivery import PushDelivery
from switchboard.engine.workflows.pushes import PushDesk
from switchboard.engine.workflows.quotas import Counter, Quotas
from switchboard.engine.workflows.ratings import Ratings
from switchboard.engine.workflows.recent_messages import RecentMessages
from switchboard.engine.workflows.remembered_passwords import RememberedPasswords
from switchboard.engine.workflows.room_lists import RoomLists
from switchboard.engine.workflows.rooms import RoomDesk, RoomSettings
from switchboard.engine.workflows.serial_numbers import SerialNumbers
from switchboard.engine.workflows.showroom import DAY, Showroom
from switchboard.engine.workflows.sign_in import SignIn
from switchboard.engine.workflows.support_apps import SupportAppDesk
from switchboard.engine.workflows.support_people import SupportPeople
from switchboard.engine.workflows.support_rooms import SupportRooms
from switchboard.engine.workflows.uploads import UPLOAD_BYTES_MOST, UploadDesk
from switchboard.engine.workflows.video_rooms import VideoRooms
from switchboard.web.realtime.phoenix import PhoenixServer
from switchboard.web.realtime.pusher import App, PusherServer
from switchboard.web.security import Passwords, Tokens, TrustedProxies

BODY_BYTES_MOST = 256 * 1024
"""Four text fields of 10,000 characters, all escaped as \\uXXXX; hypercorn itself has no limit and Quart's is 16 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WidgetSettings:
    """What a deployment may say about dowell's widgets."""

    products: Mapping[str, str] = field(default_factory=dict)
    """Product name -> its code; an unknown product is refused."""
    legacy_envelope: bool = False
    """Lists of messages are answered as widgets of old expect them."""
    staff_key_needed: bool = True
    """Whether the staff's calls need their organization's key; not if nobody but this machine can call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSettings:
    """What a deployment may say about the web layer."""

    lenient: bool = False
    """The embedded default's leniency: registration hands out an access token, an unknown organization is left out,
    a gig needs no deviceId."""
    expose_access_token: bool | None = None
    """Whether a registration hands out an access token; None: if lenient. A deployment for the public is lenient with
    its clients and hands out none."""
    approve_at_once: bool = False
    """Operators and dealers need no approval."""
    default_organization: str | None = None
    """Code of the organization that dealers register for when they name none."""
    body_bytes_most: int = BODY_BYTES_MOST
    upload_seconds: float = 300.0
    """A file of 25 MB comes in that time from a phone with 700 kbit/s."""
    request_seconds: float = 10.0
    """After so long a request is answered 503: clients give up at about 30 s, a healthy answer takes milliseconds."""
    cors_origins: tuple[str, ...] = ("*",)
    """Origins that may read answers; ``*`` is all of them, without credentials."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose ``X-Forwarded-*`` headers are believed."""
    allowed_hosts: tuple[str, ...] = ()
    """Names, beside loopback, under which clients may address the server when URLs are written into answers."""
    public_url: str | None = None
    """Base of the URLs in answers, say ``https://live.example.org``; None: the request's own host, if allowed."""
    dialect_hosts: Mapping[str, str] = field(default_factory=dict)
    """Host name -> the dialect that answers at its root."""
    widgets: WidgetSettings = WidgetSettings()
    ice_servers: tuple[Mapping[str, Any], ...] = ()
    """What browsers are told for their video between each other, as ``RTCPeerConnection`` takes it."""
    company_domains: frozenset[str] = frozenset()
    """E-mail domains, in lower case, whose people may register with company; none: all."""
    support_day_offset: Milliseconds = 0
    """By how much the days of ally's statistics begin before midnight in UTC: three hours for Moscow."""
    web_push_key: str | None = None
    """The public key for web push subscriptions, in base64url; None: there are none."""
    web_push_hosts: tuple[str, ...] = ()
    """Host names, and those of all below them, that subscriptions may name; none: all that are public."""
    web_push_private: bool = False
    """Subscriptions may name http URLs and private addresses: for tests."""
    version: str = "0"
    """Of this server, as its document says it."""
    access_log: bool = True
    playground: bool = False
    """Whether there is a page at the root on which sessions are tried out."""

    @property
    def exposes_access_token(self) -> bool:
        """Whether a registration hands out an access token."""
        return self.lenient if self.expose_access_token is None else self.expose_access_token


@dataclass(frozen=True, kw_only=True, slots=True)
class Support:
    """What the support desks of apps need."""

    apps: SupportAppDesk
    people: SupportPeople
    rooms: SupportRooms
    passwords: RememberedPasswords


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What a handler can reach."""

    engine: Engine
    dispatch: Dispatch
    showroom: Showroom
    leads: LeadDesk
    directory: Directory
    desk: AccountDesk
    sign_in: SignIn
    tokens: Tokens
    courier: Courier
    ratings: Ratings
    rooms: RoomDesk
    messages: MessageReader
    room_lists: RoomLists
    issues: IssueDesk
    serials: SerialNumbers
    api_keys: ApiKeyDesk
    uploads: UploadDesk
    pushes: PushDesk
    support: Support
    quotas: Quotas
    counter: Counter
    proxies: TrustedProxies
    settings: WebSettings
    pusher: PusherServer
    phoenix: PhoenixServer

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Reads the revoked tokens, then sends codes and seeks dealers until cancelled; started before any request.

        Raises: StoreDown before it has started.
        """
        await self.tokens.load()
        async with trio.open_nursery() as nursery:
            await nursery.start(self.showroom.run)
            await nursery.start(self.courier.run)
            await nursery.start(self.pusher.run)
            await nursery.start(self.uploads.run)
            await nursery.start(self.pushes.delivery.run)
            task_status.started()


def build_services(
    engine: Engine,
    dispatch: Dispatch,
    *,
    sender: Sender,
    files: Files,
    devices: Pusher,
    token_keys: Mapping[str, bytes],
    current_token_key: str,
    code_key: bytes,
    settings: WebSettings | None = None,
    quotas: Quotas | None = None,
    passwords: Passwords | None = None,
    rooms: RoomSettings | None = None,
    stream_terms: StreamTerms | None = None,
    dealer_timeout: Milliseconds = DAY,
    pusher_apps: Sequence[App] = (),
    upload_bytes_most: int = UPLOAD_BYTES_MOST,
) -> Services:
    """Puts the parts together.

    Args:
        token_keys: key id -> secret of 32 bytes or more; ``current_token_key`` signs.
        code_key: the secret under which one-time codes are stored, 32 bytes or more.

    Raises:
        StartError: a key is too short, or a trusted proxy is no address.
    """
    chosen, store, clock, ids = settings or WebSettings(), engine.store, engine.clock, engine.ids
    tokens = _tokens(engine, token_keys, current_token_key)
    base = _base(engine, tokens, passwords or Passwords(), quotas or Quotas(), Courier(sender))
    desk, sign_in = _desk(base, chosen), _sign_in(base, code_key)
    rooms_desk = RoomDesk(engine, base.messages, base.serials, rooms)
    issues = IssueDesk(engine, base.messages)
    pusher = PusherServer(engine, tokens, pusher_apps)
    VideoRooms(engine)
    return Services(
        engine=engine,
        dispatch=dispatch,
        showroom=_showroom(base, dispatch, stream_terms, dealer_timeout),
        leads=LeadDesk(engine, base.counter, base.quotas),
        directory=base.directory,
        desk=desk,
        sign_in=sign_in,
        tokens=tokens,
        courier=base.courier,
        ratings=Ratings(engine),
        rooms=rooms_desk,
        messages=base.messages,
        room_lists=RoomLists(store.rooms, store.sessions, base.messages),
        issues=issues,
        serials=base.serials,
        api_keys=ApiKeyDesk(store.api_keys, clock, ids),
        pushes=_pushes(base, devices),
        uploads=_uploads(base, files, upload_bytes_most),
        support=_support(base, desk, sign_in, rooms_desk, issues),
        quotas=base.quotas,
        counter=base.counter,
        proxies=TrustedProxies(chosen.trusted_proxies),
        settings=chosen,
        pusher=pusher,
        phoenix=PhoenixServer(engine, tokens, pusher.hub, pusher.timers),
    )


class Base(NamedTuple):
    """What most of the parts stand on."""

    engine: Engine
    directory: Directory
    passwords: Passwords
    tokens: Tokens
    counter: Counter
    quotas: Quotas
    courier: Courier
    messages: MessageReader
    serials: SerialNumbers


def _base(
    engine: Engine, tokens: Tokens, passwords: Passwords, quotas: Quotas, courier: Courier
) -> Base:
    store = engine.store
    return Base(
        engine=engine,
        directory=Directory(store.accounts),
        passwords=passwords,
        tokens=tokens,
        counter=Counter(store.limits, engine.clock),
        quotas=quotas,
        courier=courier,
        messages=MessageReader(store.messages, RecentMessages(engine)),
        serials=SerialNumbers(store.serials),
    )


def _showroom(
    base: Base, dispatch: Dispatch, terms: StreamTerms | None, dealer_timeout: Milliseconds
) -> Showroom:
    return Showroom(
        base.engine,
        dispatch,
        base.directory,
        base.counter,
        quotas=base.quotas,
        terms=terms,
        dealer_timeout=dealer_timeout,
    )


def _tokens(engine: Engine, keys: Mapping[str, bytes], current: str) -> Tokens:
    revocations = engine.store.revocations
    return Tokens(
        keys=keys, current=current, revocations=revocations, clock=engine.clock, ids=engine.ids
    )


def _uploads(base: Base, files: Files, bytes_most: int) -> UploadDesk:
    engine, uploads = base.engine, base.engine.store.uploads
    how = engine.clock, engine.ids, engine.log
    return UploadDesk(uploads, files, base.directory, *how, bytes_most=bytes_most)


def _pushes(base: Base, devices: Pusher) -> PushDesk:
    delivery = PushDelivery(base.engine, devices)
    return PushDesk(base.engine, base.directory, delivery, base.counter, base.quotas)


def _support(
    base: Base, desk: AccountDesk, sign_in: SignIn, rooms: RoomDesk, issues: IssueDesk
) -> Support:
    store, clock = base.engine.store, base.engine.clock
    return Support(
        apps=SupportAppDesk(store.support_apps, store.bank_directory, clock, base.engine.ids),
        people=SupportPeople(base.directory, desk, rooms, base.passwords, base.tokens, clock),
        rooms=SupportRooms(rooms, store.rooms, base.messages, issues),
        passwords=RememberedPasswords(base.directory, sign_in),
    )


def _sign_in(base: Base, code_key: bytes) -> SignIn:
    return SignIn(
        accounts=base.directory,
        attempts=base.engine.store.attempts,
        passwords=base.passwords,
        revoker=base.tokens,
        courier=base.courier,
        counter=base.counter,
        clock=base.engine.clock,
        ids=base.engine.ids,
        code_key=code_key,
        quotas=base.quotas,
    )


def _desk(base: Base, settings: WebSettings) -> AccountDesk:
    return AccountDesk(
        accounts=base.directory,
        organizations=base.engine.store.organizations,
        passwords=base.passwords,
        revoker=base.tokens,
        counter=base.counter,
        clock=base.engine.clock,
        ids=base.engine.ids,
        serials=base.serials,
        quotas=base.quotas,
        settings=AccountSettings(
            lenient=settings.lenient, approve_at_once=settings.approve_at_once
        ),
    )
