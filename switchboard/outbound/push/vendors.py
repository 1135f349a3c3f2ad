"""What all vendors of pushes have in common: no answer is a reason to try again, and what ``Retry-After`` says."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from switchboard.engine.clock import Instant
from switchboard.engine.push import TRIED_MILLISECONDS, Push, PushLater, PushRefused
from switchboard.outbound import asking
from switchboard.outbound.asking import UNAVAILABLE, Answer, client

RETRY_AFTER_MOST = TRIED_MILLISECONDS / 1000
"""After an hour nobody is told any more, and a date far ahead must not silence a device for ever."""


async def ask(
    client: httpx.AsyncClient,
    url: httpx.URL | str,
    headers: Mapping[str, str],
    content: bytes,
    extensions: Mapping[str, Any] | None = None,
) -> Answer:
    """POSTs it. Raises: PushLater: there was no answer; PushRefused."""
    try:
        return await asking.ask(client, url, headers, content, extensions)
    except asking.NoUrl as error:
        raise PushRefused("its URL is none") from error
    except asking.NoAnswer as error:
        raise PushLater(str(error)) from error


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


__all__ = ["UNAVAILABLE", "Answer", "ask", "client", "fitted", "retry_after"]
