"""One bounded question over HTTP to somebody else's server."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import msgspec

ANSWER_BYTES_MOST = 64 * 1024
"""Errors and answers of vendors have some hundred bytes; nobody's answer fills the memory."""

CONNECT_SECONDS_MOST = 5.0
ANSWER_SECONDS_MOST = 10.0

TALKATIVE = ("httpx", "httpcore", "hpack")
"""Loggers that would write down URLs and headers, which hold devices' addresses and our tokens."""

UNAVAILABLE = (408, 429, 500, 502, 503, 504)
"""Statuses after which it is tried again."""


class NoAnswer(Exception):
    """There was none, or no whole one; the text names the error and quotes nothing of what was asked."""


class NoUrl(Exception):
    """What should be a URL is none."""


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
        verify=trusted() if context is None else context,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(ANSWER_SECONDS_MOST, connect=CONNECT_SECONDS_MOST),
        **options,
    )


def trusted() -> ssl.SSLContext:
    """The authorities that everybody trusts. To be made once: it reads some hundred certificates."""
    return httpx.create_ssl_context(trust_env=False)


async def ask_once(
    context: ssl.SSLContext, url: str, headers: Mapping[str, str], content: bytes
) -> Answer:
    """``ask`` over a connection of its own, for what is asked now and then. Raises: NoAnswer, NoUrl."""
    async with client(context) as one:
        return await ask(one, url, headers, content)


async def ask(
    client: httpx.AsyncClient,
    url: httpx.URL | str,
    headers: Mapping[str, str],
    content: bytes,
    extensions: Mapping[str, Any] | None = None,
) -> Answer:
    """POSTs it. Raises: NoAnswer, NoUrl."""
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
        raise NoUrl from error
    except httpx.HTTPError as error:
        # Its text may quote what was asked.
        raise NoAnswer(type(error).__name__) from error
    return Answer(response.status_code, response.headers, bytes(body[:ANSWER_BYTES_MOST]))
