"""Every setting in one table: its type, its default and what it is for.

A setting ``claim_timeout_seconds`` is the environment variable ``SWITCHBOARD_CLAIM_TIMEOUT_SECONDS``; a command-line
option of the same name goes before it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from switchboard import setting_values as values

PREFIX = "SWITCHBOARD_"

PRODUCTS: Mapping[str, str] = MappingProxyType(
    {
        "WORKFLOWAI": "11",
        "TEAMMANAGEMENT": "12",
        "WIFIQRCODE": "13",
        "SALESAGENTLOGIN": "14",
        "LEGALZARD": "15",
        "USEREXPERIENCELIVE": "16",
        "SOCIALMEDIAAUTOMATION": "17",
        "LIVINGLABSCALES": "18",
        "LOGOSCAN": "19",
        "LIVINGLABMONITORING": "20",
        "PERMUTATIONCALCULATOR": "21",
        "SALESAGENT": "27",
        "LOGIN": "28",
    }
)
"""contracts/dowell.md's table."""

NO_HOSTS: Mapping[str, str] = MappingProxyType({})

DAY = 24 * 60 * 60.0
T = TypeVar("T")


def setting(default: T, parse: Callable[[str], Any], help: str, *, secret: bool = False) -> T:
    """One row of the table. Declared as a value of its type, because that is what the attribute holds."""
    metadata = {"parse": parse, "help": help, "secret": secret}
    # Dataclasses take what cannot be hashed for what can be changed; a mapping proxy cannot.
    row: Any = (
        field(default=default, metadata=metadata)
        if isinstance(default, Hashable)
        else field(default_factory=lambda: default, metadata=metadata)
    )
    return row  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of one process."""

    # -- where things are
    bind: values.Bind = setting(
        values.Bind("127.0.0.1", 8000),
        values.bind,
        "HOST:PORT to listen on; port 0 takes a free one",
    )
    data_dir: Path = setting(
        Path(".data"),
        values.folder,
        "folder of the embedded database, the keys and the lock",
    )
    database_url: str | None = setting(
        None,
        values.database_url,
        "Postgres of your own; without it an embedded one runs",
        secret=True,
    )
    allow_unsafe_database: bool = setting(
        False,
        values.yes_or_no,
        "start on a Postgres with fsync or the like off; commits may be lost",
    )
    public_base_url: str | None = setting(
        None, values.base_url, "what URLs in answers begin with; else the request's own host"
    )
    allowed_hosts: tuple[str, ...] = setting(
        (), values.words, "host names that URLs in answers may be built from, beside loopback"
    )
    dialect_hosts: Mapping[str, str] = setting(
        NO_HOSTS,
        values.hosts,
        "HOST:DIALECT,... of host names at whose root a dialect answers, beside /DIALECT everywhere",
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), values.networks, "networks whose X-Forwarded-* headers are believed"
    )
    cors_origins: tuple[str, ...] = setting(
        ("*",), values.origins, "web origins that may read answers"
    )

    # -- connections
    connections_most: int = setting(
        8192, values.whole(1, 1_000_000), "connections that may be open at once; beyond: 503"
    )
    connections_per_address_most: int = setting(
        512,
        values.whole(1, 1_000_000),
        "the same for one address; loopback and trusted proxies are not counted",
    )
    keep_alive_seconds: float = setting(
        5.0, values.seconds(0.1, 3600), "how long a connection may stay open without a request"
    )
    send_seconds: float = setting(
        5.0,
        values.seconds(0.1, 3600),
        "how long a client may leave 64 kB that wait for it unread; then it is cut off",
    )
    websocket_ping_seconds: float = setting(
        20.0,
        values.seconds(0.1, 3600),
        "a websocket that is silent for so long is pinged; silent for as long again, closed",
    )
    websocket_origins: tuple[str, ...] = setting(
        (),
        values.origins,
        "web origins whose pages may open websockets, beside the server's own and those named "
        "for cors; or *",
    )

    # -- uploads
    uploads_bytes_most: int = setting(
        25 * 1024 * 1024,
        values.whole(1024, 10 * 1024**3),
        "largest file for a chat or a gig, in bytes; images of people: 10 MB",
    )
    uploads_bucket: str | None = setting(
        None,
        values.text,
        "bucket of an S3-compatible store for uploaded files; else they lie in the data folder",
    )
    uploads_endpoint: str | None = setting(
        None, values.base_url, "address of that store; by default Amazon's"
    )
    uploads_region: str = setting("us-east-1", values.text, "region of that bucket")
    uploads_access_key: str | None = setting(None, values.text, "access key of that store")
    uploads_secret_key: str | None = setting(
        None, values.text, "secret key of that store", secret=True
    )

    # -- pushes
    push_vapid_subject: str | None = setting(
        None,
        values.contact,
        "mailto: or https: address where push services of browsers find you; turns web push on",
    )
    push_vapid_key: str | None = setting(
        None,
        values.text,
        "key of P-256 for web push, as PEM or base64url; else made once in the data folder",
        secret=True,
    )
    push_vapid_key_file: Path | None = setting(None, values.folder, "file with that key")
    push_web_hosts: tuple[str, ...] = setting(
        (),
        values.host_names,
        "hosts, with all below them, that web push subscriptions may name; by default all public ones",
    )
    push_web_private: bool = setting(
        False,
        values.yes_or_no,
        "web push subscriptions may name http URLs and private addresses; for tests",
    )
    push_fcm_credentials: str | None = setting(
        None,
        values.text,
        "JSON of the service account that sends to Android, as Google gives it",
        secret=True,
    )
    push_fcm_credentials_file: Path | None = setting(None, values.folder, "file with that JSON")
    push_fcm_url: str = setting(
        "https://fcm.googleapis.com", values.base_url, "address of Firebase Cloud Messaging"
    )
    push_fcm_token_url: str | None = setting(
        None, values.base_url, "where its access tokens are had; by default as the JSON says"
    )
    push_apns_key: str | None = setting(
        None, values.text, "PEM of Apple's key (.p8) for sending to iOS", secret=True
    )
    push_apns_key_file: Path | None = setting(None, values.folder, "file with that key")
    push_apns_key_id: str | None = setting(None, values.text, "Apple's id of that key")
    push_apns_team_id: str | None = setting(None, values.text, "Apple's id of your team")
    push_apns_topic: str | None = setting(
        None, values.text, "bundle id of the app of devices that were registered without one"
    )
    push_apns_url: str = setting(
        "https://api.push.apple.com",
        values.base_url,
        "address of Apple's service; the sandbox is https://api.sandbox.push.apple.com",
    )

    # -- people
    demo: bool = setting(
        False, values.yes_or_no, "make demo data on the first start, keep it online"
    )
    admin_login: str | None = setting(None, values.text, "user name of the first administrator")
    admin_password: str | None = setting(
        None, values.text, "password of the first administrator", secret=True
    )
    token_keys: Mapping[str, bytes] | None = setting(
        None,
        values.token_keys,
        "kid:secret,... for tokens, the signing key first; else made once in the data folder",
        secret=True,
    )
    approve_at_once: bool | None = setting(
        None,
        values.yes_or_no,
        "whoever asks to be an operator is one; only with, and true with, the embedded database",
    )
    expose_access_token: bool | None = setting(
        None,
        values.yes_or_no,
        "registration answers with a token; only with, and true with, the embedded database",
    )
    default_organization: str | None = setting(
        None, values.text, "code of the organization of people who name none"
    )
    lenient: bool = setting(True, values.yes_or_no, "accept what known clients leave out")
    playground: bool | None = setting(
        None,
        values.yes_or_no,
        "the page at / on which sessions are tried out; true with the embedded database",
    )

    # -- gigs
    claim_timeout_seconds: float = setting(
        30.0, values.seconds(1, DAY), "how long a request waits for an operator"
    )
    confirm_timeout_seconds: float = setting(
        60.0, values.seconds(1, DAY), "how long an operator found waits for the customer"
    )
    enroute_timeout_seconds: float = setting(
        3600.0, values.seconds(1, DAY), "how long the way to the place may take"
    )
    handshake_timeout_seconds: float = setting(
        300.0, values.seconds(1, DAY), "how long a handshake waits for the start"
    )
    no_video_window_seconds: float = setting(
        90.0,
        values.seconds(0, DAY),
        "how long after the start a cancel means that nothing was seen",
    )
    streaming_most_seconds: float = setting(
        8 * 3600.0, values.seconds(1, 7 * DAY), "after so long a stream is stopped"
    )
    watchdog_seconds: float = setting(
        600.0, values.seconds(1, DAY), "after so long without a sign of either party a stream ends"
    )
    rating_window_seconds: float = setting(
        60.0, values.seconds(0, 30 * DAY), "how long after a gig a party may go on without rating"
    )
    advance_unrated_after_seconds: float = setting(
        7 * DAY, values.seconds(0, 365 * DAY), "after so long an unrated gig may be invoiced"
    )
    base_cents: int = setting(1000, values.whole(0, 10_000_000), "price of a gig before its time")
    minute_cents: int = setting(100, values.whole(0, 1_000_000), "price of a minute")
    operator_share_percent: int = setting(
        50, values.whole(0, 100), "the operator's part of the price"
    )
    search_radius_metres: int = setting(
        10_000, values.whole(1, 1_000_000), "how far from the customer an operator may be"
    )
    offers_most: int = setting(10, values.whole(1, 1000), "operators that one gig is offered to")
    person_timeout_seconds: float = setting(
        120.0, values.seconds(1, DAY), "after so long without a sign an operator is not available"
    )

    # -- websockets
    pusher_apps: tuple[values.PusherApp, ...] | None = setting(
        None,
        values.pusher_apps,
        "dialect:id:key:secret,... of the Pusher protocol; else made once in the data folder",
        secret=True,
    )
    # -- video
    video: str = setting(
        "p2p",
        values.one_of("p2p", "livekit", "opentok"),
        "who opens video rooms: the browsers among themselves, or a vendor",
    )
    livekit_url: str | None = setting(
        None, values.socket_url, "the LiveKit server, as clients connect to it: wss://..."
    )
    livekit_api_key: str | None = setting(None, values.text, "its API key")
    livekit_secret: str | None = setting(None, values.text, "that key's secret", secret=True)
    opentok_url: str = setting(
        "https://api.opentok.com", values.base_url, "address of OpenTok's REST API"
    )
    opentok_api_key: str | None = setting(None, values.text, "your project's key at OpenTok")
    opentok_secret: str | None = setting(None, values.text, "that project's secret", secret=True)
    ice_servers: tuple[Mapping[str, Any], ...] = setting(
        (), values.objects, "JSON list of the ICE servers that browsers use for video"
    )
    # -- rooms
    room_holder_timeout_seconds: float = setting(
        900.0,
        values.seconds(1, DAY),
        "an operator who neither writes nor is connected for so long holds a room no more",
    )

    # -- support desks
    ally_utc_offset_minutes: int = setting(
        0,
        values.whole(-720, 840),
        "the zone in which ally's statistics count days, as minutes ahead of UTC",
    )

    # -- widgets
    dowell_products: Mapping[str, str] = setting(
        PRODUCTS, values.codes, "NAME:CODE,... of the products that dowell's widgets stand for"
    )
    dowell_envelope: str = setting(
        "standard",
        values.one_of("standard", "legacy"),
        "legacy: lists of messages are answered as widgets of old expect them",
    )
    dowell_staff_key: bool | None = setting(
        None,
        values.yes_or_no,
        "whether dowell's staff calls need an API key; by default unless only this machine can call",
    )

    # -- colleagues
    company_domains: tuple[str, ...] = setting(
        (), values.words, "e-mail domains whose people may register with company; by default all"
    )

    # -- streams
    stream_offer_timeout_seconds: float = setting(
        30.0, values.seconds(1, DAY), "how long a stream is offered to one dealer"
    )
    stream_missed_after_seconds: float = setting(
        120.0, values.seconds(1, DAY), "how long a visitor waits for a dealer"
    )
    stream_watchdog_seconds: float = setting(
        600.0, values.seconds(1, DAY), "after so long without a dealer's ping its stream ends"
    )
    stream_most_seconds: float = setting(
        4 * 3600.0, values.seconds(1, 7 * DAY), "after so long a dealer's stream is stopped"
    )
    stream_dealer_timeout_seconds: float = setting(
        DAY, values.seconds(1, 30 * DAY), "after so long without a ping a dealer is not available"
    )

    # -- the process
    access_log: bool = setting(True, values.yes_or_no, "a line in the log for each request")
    log_format: str | None = setting(
        None, values.one_of("json", "console"), "console or json; by default console on a terminal"
    )
    idle_seconds: float | None = setting(
        60.0, values.or_off(values.seconds(1, 30 * DAY)), "then an unused session leaves the memory"
    )
    mailbox: int = setting(256, values.whole(1, 100_000), "commands that may wait for one session")
    body_bytes_most: int = setting(
        262_144, values.whole(1024, 1_073_741_824), "largest request body, in bytes"
    )
    lease_seconds: float = setting(
        15.0,
        values.seconds(1, 3600),
        "how long a frozen engine keeps another one from taking its database over",
    )
    graceful_seconds: float = setting(
        5.0, values.seconds(0, 3600), "how long a stop waits for requests that are under way"
    )

    @property
    def embedded(self) -> bool:
        """Whether the database is our own."""
        return self.database_url is None

    @property
    def approves_at_once(self) -> bool:
        """Whether whoever asks to be an operator is one."""
        return self.embedded if self.approve_at_once is None else self.approve_at_once

    @property
    def staff_key_needed(self) -> bool:
        """Whether dowell's staff calls need their organization's key."""
        if self.dowell_staff_key is not None:
            return self.dowell_staff_key
        return not values.is_loopback(self.bind.host)

    @property
    def has_playground(self) -> bool:
        """Whether there is a page on which sessions are tried out."""
        return self.embedded if self.playground is None else self.playground

    @property
    def exposes_access_token(self) -> bool:
        """Whether a registration answers with a token."""
        return self.embedded if self.expose_access_token is None else self.expose_access_token


TABLE: Mapping[str, Field[Any]] = {row.name: row for row in fields(Settings)}


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()
