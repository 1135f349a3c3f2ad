"""What all vendors have in common: one bounded question over HTTP, and what ``Retry-After`` says."""

from __future__ import annotations

import datetime
import logging
import ssl
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx
import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.push import TRIED_MILLISECONDS, Push, PushLater, PushRefused

ANSWER_BYTES_MOST = 64 * 1024
"""Vendors' errors have some hundred bytes; nobody's answer fills the memory."""

CONNECT_SECONDS_MOST = 5.0
"""A try has ten in all (engine/workflows/push_delivery.py)."""

ANSWER_SECONDS_MOST = 10.0

RETRY_AFTER_MOST = TRIED_MILLISECONDS / 1000
"""After an hour nobody is told any more, and a date far ahead must not silence a device for ever."""

TALKATIVE = ("httpx", "httpcore", "hpack")
"""Loggers that would write down URLs and headers, which hold devices' addresses and our tokens."""

UNAVAILABLE = (408, 429, 500, 502, 503, 504)
"""Statuses after which it is tried again."""


class Answer(NamedTuple):
    """What a vendor said."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Any:
        """The body's value; None if it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError):
            return None


def client(context: ssl.SSLContext | None, **options: Any) -> httpx.AsyncClient:
    """A client that follows no redirects and takes nothing from the environment, where a proxy may be named that
    would see what is sent, or be reached in the place of an address that was checked.

    Args:
        context: whom to trust; None: the authorities that everybody trusts.
    """
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        verify=httpx.create_ssl_context(trust_env=False) if context is None else context,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(ANSWER_SECONDS_MOST, connect=CONNECT_SECONDS_MOST),
        **options,
    )


async def ask(
    client: httpx.AsyncClient,
    url: httpx.URL | str,
    headers: Mapping[str, str],
    content: bytes,
    extensions: Mapping[str, Any] | None = None,
) -> Answer:
    """POSTs it. Raises: PushLater: there was no answer."""
    body = bytearray()
    try:
        async with client.stream(
            "POST",
            url,
            headers={**headers, "Accept-Encoding": "identity"},
            content=content,
            extensions=dict(extensions or {}),
        ) as response:
            async for part in response.aiter_raw():
                body += part
                if len(body) > ANSWER_BYTES_MOST:
                    break
    except httpx.InvalidURL as error:
        raise PushRefused("its URL is none") from error
    except httpx.HTTPError as error:
        # Its text may quote what was asked.
        raise PushLater(type(error).__name__) from error
    return Answer(response.status_code, response.headers, bytes(body[:ANSWER_BYTES_MOST]))


def retry_after(headers: Mapping[str, str], now: Instant) -> float:
    """The seconds that ``Retry-After`` asks for; 0 if it asks for none, or makes no sense.

    Source: RFC 9110, 10.2.3: a number of seconds or a date.
    """
    given = headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdecimal() and len(given) < 10:
        return min(float(given), RETRY_AFTER_MOST)
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return 0.0
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return min(max(at.timestamp() - now / 1000, 0.0), RETRY_AFTER_MOST)


def fitted(push: Push, most: int, encode: Callable[[Mapping[str, Any]], bytes]) -> bytes:
    """The push as the vendor takes it, without its ``data`` if it would be too long: its app then asks the server.

    Raises: PushRefused: it is too long without them, too.
    """
    whole = encode(push.body)
    if len(whole) <= most:
        return whole
    short = encode({name: value for name, value in push.body.items() if name != "data"})
    if len(short) > most:
        raise PushRefused("it is too long")
    return short
