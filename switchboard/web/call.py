"""One request as a handler sees it, and how a dialect describes itself to the door."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from quart_trio import QuartTrio

from switchboard.engine.errors import Invalid
from switchboard.engine.push import Body
from switchboard.engine.records import Account
from switchboard.engine.runtime.letter import Key
from switchboard.web.failures import LoginRequired
from switchboard.web.incoming import Incoming, RequestHeaders
from switchboard.web.parsing import Values
from switchboard.web.reading import Reader, read
from switchboard.web.realtime.listening import Listening
from switchboard.web.security import Token
from switchboard.web.services import Services

T = TypeVar("T")

Statistics: TypeAlias = Callable[[], Mapping[str, float]]

IDEMPOTENCY_KEY_LENGTH_MOST = 255
"""The limit of Stripe's API, whose header this is."""

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(slots=True, kw_only=True)
class Call:
    """A request that was read and whose caller is known."""

    services: Services
    id: str
    """Names the request in the log, in the journal (``caused_by``) and in the answer's ``X-Request-Id``."""
    method: str
    path: str
    prefix: str
    """Of the dialect as the client sees it: empty where a host name is bound to it."""
    dialect: str
    """The dialect's name."""
    scheme: str
    host: str
    headers: RequestHeaders
    address: str
    """What limits per address count."""
    arguments: Mapping[str, str]
    """The parts of the path that the route names."""
    query: Values = field(default_factory=dict)
    body: Values = field(default_factory=dict)
    raw: bytes = b""
    incoming: Incoming | None = None
    """Of a route that streams: where its body comes from."""
    account: Account | None = None
    token: Token | None = None
    room: str | None = None
    """The one channel that the call may be about: what was shown is a key to a video room, not a token."""

    @property
    def caller(self) -> Account:
        """The account that the token stands for. Raises: LoginRequired."""
        if self.account is None:
            raise LoginRequired
        return self.account

    def parse(self, parser: Callable[[Reader], T]) -> T:
        """What the parser reads from the body. Raises: Invalid, naming the fields."""
        return read(self.body, parser)

    def parse_query(self, parser: Callable[[Reader], T]) -> T:
        """What the parser reads from the query. Raises: Invalid, naming the fields."""
        return read(self.query, parser)

    def parse_arguments(self, parser: Callable[[Reader], T]) -> T:
        """What the parser reads from the path. Raises: Invalid, naming the parts."""
        return read(self.arguments, parser)

    def key(self, realm: str, operation: str, caller: str | None = None) -> Key | None:
        """The ``Idempotency-Key`` header, bound to caller, operation, route and body.

        Args:
            caller: what stands for a caller without an account: its credential, else its address.

        Raises: Invalid; LoginRequired if nothing stands for the caller.
        """
        given = self.headers.get("Idempotency-Key")
        if given is None or not given.strip():
            return None
        if len(given) > IDEMPOTENCY_KEY_LENGTH_MOST or not given.isprintable():
            raise Invalid({"Idempotency-Key": "must be at most 255 printable characters"})
        digest = hashlib.sha256(b"\0".join((self.method.encode(), self.path.encode(), self.raw)))
        return Key(
            f"{realm}/{caller or self.caller.id}/{operation}/{given.strip()}", digest.digest()
        )

    def base_url(self, scheme: str | None = None) -> str | None:
        """Where clients reach this dialect, for URLs in answers; None if the request's host may not be repeated.

        Source: contracts/README.md: the setting, else the request's host if it is loopback or allowed.
        """
        settings = self.services.settings
        bound = not self.prefix
        if settings.public_url is not None and not bound:
            base = settings.public_url.rstrip("/")
        else:
            name = self.host.rpartition(":")[0] if _has_port(self.host) else self.host
            # A host that a dialect is bound to was named by the deployment.
            if not bound and name not in LOOPBACK_HOSTS and name not in settings.allowed_hosts:
                return None
            base = f"{self.scheme}://{self.host}"
        base += self.prefix
        if scheme == "ws":
            return "ws" + base.removeprefix("http")
        return base


def _has_port(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    return bool(colon) and port.isdigit() and bool(name)


Handler: TypeAlias = Callable[[Call], Awaitable[Any]]
"""Returns what is answered with 200, as something that msgspec writes, or a ``Reply`` or ``Page``."""


class Route(NamedTuple):
    """One call of a dialect."""

    method: str
    path: str
    """As werkzeug has it: ``/gigs/claim/<gig>``."""
    handler: Handler
    anonymous: bool = False
    """Answers without a token too; one that is sent must be valid only where it is needed."""
    reads_body: bool = False
    """Takes fields from the body of a GET too, which means nothing elsewhere."""
    takes_room_keys: bool = False
    """A key to a video room does in the place of a token; the handler heeds ``Call.room``."""
    streams: bool = False
    """The handler reads the body itself, as it comes (``Call.incoming``); it may be large, and take its time."""


class Reply(NamedTuple):
    """An answer in JSON that says more than its value."""

    value: Any
    """Goes through the dialect's envelope."""
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})


class Page(NamedTuple):
    """An answer that is not JSON."""

    content_type: str
    body: bytes
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})


class FilePage(NamedTuple):
    """A file as an answer: sent as it is read."""

    content_type: str
    path: Path
    headers: Mapping[str, str]


class Failure(NamedTuple):
    """An answer that says no."""

    status: int
    body: Any
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """A public API: its name is its tokens' audience and its label in the metrics."""

    name: str
    prefix: str
    """What its paths begin with, ``/<name>``; empty for what belongs to no dialect."""
    routes: Sequence[Route]
    credential: Callable[[Call], str | None]
    """The token that the request carries, wherever this dialect's clients put it."""
    success: Callable[[Any], Any]
    """The dialect's envelope around an answer."""
    listening: Listening | None = None
    """Its channels, if it has an app of the Pusher protocol."""
    socket: Callable[[QuartTrio, Services], Statistics] | None = None
    """Registers the websocket of a protocol of its own; returns what the metrics count of it."""
    pushes: Sequence[tuple[str, Body]] = ()
    """What devices are told of the notices with these names."""
    failure: Callable[[Exception], Failure]
    """The answer to a ``Rejected``, ``Unavailable`` or ``WebFailure``. Raises: KeyError for anything else."""
