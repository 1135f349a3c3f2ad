"""How the text of a setting becomes its value.

Each parser raises ``ValueError`` with the rest of a sentence that begins with the setting's name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

T = TypeVar("T")

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})

KEY_BYTES_LEAST = 32
"""RFC 7518, 3.2: an HMAC key is at least as long as the hash."""


class Bind(NamedTuple):
    """Where the server listens. Port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def text(value: str) -> str:
    """Any text but none."""
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


def yes_or_no(value: str) -> bool:
    """A switch."""
    word = value.strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError(f"must be true or false, not {value!r}")


def one_of(*words: str) -> Callable[[str], str]:
    """One of those words."""

    def parse(value: str) -> str:
        word = value.strip().lower()
        if word not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {value!r}")
        return word

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within those bounds, both included."""

    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"must be a whole number, not {value!r}") from None
        if not least <= number <= most:
            raise ValueError(f"must be between {least} and {most}, not {number}")
        return number

    return parse


def seconds(least: float, most: float) -> Callable[[str], float]:
    """A time in seconds within those bounds, both included."""

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"must be a number of seconds, not {value!r}") from None
        if not least <= number <= most:  # NaN is in no bounds.
            raise ValueError(f"must be between {least:g} and {most:g} seconds, not {value}")
        return number

    return parse


def or_off(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """What ``parse`` takes, or the word ``off``."""

    def parse_or_off(value: str) -> T | None:
        return None if value.strip().lower() == "off" else parse(value)

    return parse_or_off


def words(value: str) -> tuple[str, ...]:
    """A comma list; may be empty."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def origins(value: str) -> tuple[str, ...]:
    """``*``, or a comma list of web origins."""
    found = words(value)
    for origin in found:
        parts = urlsplit(origin)
        if origin != "*" and (parts.scheme not in {"http", "https"} or parts.path.strip("/")):
            raise ValueError(f"must be * or origins such as https://example.org, not {origin!r}")
    return tuple(origin.rstrip("/") for origin in found)


def networks(value: str) -> tuple[str, ...]:
    """A comma list of addresses or networks, each normalized to a network."""
    try:
        return tuple(str(ipaddress.ip_network(word, strict=False)) for word in words(value))
    except ValueError as error:
        raise ValueError(f"must be addresses or networks: {error}") from None


def base_url(value: str) -> str:
    """An http(s) URL without query; without its trailing slash."""
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"must be a URL such as https://example.org, not {value!r}")
    return value.strip().rstrip("/")


def socket_url(value: str) -> str:
    """A ws(s) URL without query; without its trailing slash."""
    parts = urlsplit(value.strip())
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"must be a URL such as wss://video.example.org, not {value!r}")
    return value.strip().rstrip("/")


def database_url(value: str) -> str:
    """A Postgres URL."""
    if urlsplit(value.strip()).scheme not in {"postgres", "postgresql"}:
        raise ValueError("must be a URL such as postgresql://user:password@host/database")
    return value.strip()


def bind(value: str) -> Bind:
    """HOST:PORT, [IPV6]:PORT."""
    host, colon, port = value.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"must be HOST:PORT such as 127.0.0.1:8000, not {value!r}")
    return Bind(host, int(port))


def folder(value: str) -> Path:
    """A path; ``~`` is the home folder."""
    return Path(text(value)).expanduser()


def token_keys(value: str) -> Mapping[str, bytes]:
    """``kid:secret`` pairs in a comma list, the signing key first."""
    keys: dict[str, bytes] = {}
    for pair in words(value):
        kid, colon, secret = pair.partition(":")
        # The pair itself is not repeated in the message: it is a secret.
        if not colon or not kid:
            raise ValueError("must be pairs kid:secret, separated by commas")
        if len(secret.encode()) < KEY_BYTES_LEAST:
            raise ValueError(f"has a key {kid!r} shorter than {KEY_BYTES_LEAST} bytes")
        if kid in keys:
            raise ValueError(f"has the key {kid!r} twice")
        keys[kid] = secret.encode()
    if not keys:
        raise ValueError("must have at least one pair kid:secret")
    return keys


def codes(value: str) -> Mapping[str, str]:
    """``NAME:CODE`` pairs, separated by commas."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in value.split(","))):
        name, colon, code = (part.strip() for part in pair.partition(":"))
        if not name or not colon or not code:
            raise ValueError(f"must be NAME:CODE pairs separated by commas, not {pair!r}")
        if name in found:
            raise ValueError(f"has {name!r} twice")
        found[name] = code
    return found


def host_names(value: str) -> tuple[str, ...]:
    """Names of hosts, separated by commas; in lower case."""
    names = words(value.lower())
    for name in names:
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", name, re.ASCII):
            raise ValueError(f"must be names of hosts such as push.example.org, not {name!r}")
    return names


def contact(value: str) -> str:
    """``mailto:`` somebody, or an https URL."""
    given = value.strip()
    if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://[^\s/]+\S*", given, re.ASCII):
        raise ValueError(f"must be mailto:you@example.org or an https URL, not {value!r}")
    return given


def hosts(value: str) -> Mapping[str, str]:
    """``HOST:DIALECT`` pairs, separated by commas; the host may have a port. In lower case."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in value.lower().split(","))):
        host, colon, dialect = (part.strip() for part in pair.rpartition(":"))
        if not host or not colon or not dialect or "/" in host:
            raise ValueError(f"must be HOST:DIALECT pairs separated by commas, not {pair!r}")
        if host in found:
            raise ValueError(f"has {host!r} twice")
        found[host] = dialect
    return found


def is_loopback(host: str) -> bool:
    """Whether whoever listens there can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def objects(value: str) -> tuple[Mapping[str, Any], ...]:
    """A JSON list of objects."""
    try:
        return tuple(msgspec.json.decode(value, type=list[dict[str, Any]]))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("must be a JSON list of objects") from error


class PusherApp(NamedTuple):
    """An app of the Pusher protocol."""

    dialect: str
    id: str
    key: str
    secret: str


def pusher_apps(value: str) -> tuple[PusherApp, ...]:
    """``dialect:id:key:secret,...``; server SDKs want ids of digits alone."""
    apps = []
    for part in filter(None, (one.strip() for one in value.split(","))):
        fields = part.split(":")
        if len(fields) != 4 or not fields[0]:
            raise ValueError("must be dialect:id:key:secret,...")
        app = PusherApp(*fields)
        if not re.fullmatch(r"[0-9]{1,18}", app.id, re.ASCII):
            raise ValueError("has an id that is not digits only")
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,64}", app.key, re.ASCII):
            raise ValueError("has a key that is not 8 to 64 letters, digits, - and _")
        if not re.fullmatch(r"[A-Za-z0-9_-]{16,128}", app.secret, re.ASCII):
            raise ValueError("has a secret that is not 16 to 128 letters, digits, - and _")
        apps.append(app)
    for place, name in enumerate(("dialect", "id", "key")):
        if len({app[place] for app in apps}) < len(apps):
            raise ValueError(f"has the same {name} twice")
    return tuple(apps)
