"""Browsers, through the push service that each subscription names. Source: RFC 8030, 8291 (aes128gcm), 8292 (VAPID).

The address of a subscription was given by a stranger. It is https on a public host, what its name resolves to is
looked at for every push, and it is the address looked at that is connected to.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

import httpx
import jwt
import msgspec
import trio
from cryptography.hazmat.primitives.asymmetric import ec

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.push import DeviceGone, Push, PushLater, PushRefused
from switchboard.engine.records import Device
from switchboard.engine.web_addresses import complaint_about, is_public
from switchboard.outbound.push.sealing import (
    CONTENT_BYTES_MOST,
    decoded,
    encoded,
    public_bytes,
    sealed,
)
from switchboard.outbound.push.vendors import UNAVAILABLE, Answer, ask, client, fitted, retry_after

WORD_SECONDS = 12 * 3600
"""RFC 8292, 2: a word for a push service is good for a day at most."""

WORDS_KEPT_MOST = 256
"""One a push service; there are a handful, and what strangers name must not fill the memory."""

CONNECTIONS_MOST = 64

ADDRESSES_TRIED_MOST = 2
"""Of a name: a push has ten seconds."""


class WebPusher:
    """A ``Pusher`` for devices of type ``web``.

    Args:
        key: of P-256, whose public half browsers were given when they subscribed.
        subject: ``mailto:`` or ``https:``, where push services find whoever runs this server.
        hosts: names, and all below them, that may be called; none: all that are public.
        private: http and private addresses may be called, too: for tests.
        context: whom to trust; None: the authorities that everybody trusts.
    """

    def __init__(
        self,
        *,
        key: ec.EllipticCurvePrivateKey,
        subject: str,
        clock: Clock,
        hosts: Sequence[str] = (),
        private: bool = False,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._key = key
        self.public_key = encoded(public_bytes(key.public_key()))
        """What browsers subscribe with, in base64url."""
        self._subject = subject
        self._clock = clock
        self._hosts = hosts
        self._private = private
        self._words: dict[str, tuple[str, Instant]] = {}
        """Origin -> our word for it, and when a new one is to be given."""
        # No connection is kept: the pool knows them by address, and the next name at that address is another's.
        limits = httpx.Limits(max_connections=CONNECTIONS_MOST, max_keepalive_connections=0)
        self._client = client(context, limits=limits)

    async def aclose(self) -> None:
        """Ends it."""
        await self._client.aclose()

    async def push(self, device: Device, push: Push) -> None:
        """See ``Pusher``."""
        complaint = complaint_about(device.address, self._hosts, private=self._private)
        if complaint is not None:
            raise PushRefused(f"its URL {complaint}")
        url = httpx.URL(device.address)
        body = fitted(push, CONTENT_BYTES_MOST, msgspec.json.encode)
        now = self._clock.now()
        headers = {
            "Authorization": f"vapid t={self._word(url, now)}, k={self.public_key}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(0, (push.expires_at - now) // 1000)),
            "Urgency": "high",
            # A repeat takes the place of the first if the browser has not got it yet; 32 characters at most.
            "Topic": push.id.replace("-", ""),
        }
        answer = await self._ask(url, headers, self._sealed(device, body))
        self._judge(answer)

    def _sealed(self, device: Device, body: bytes) -> bytes:
        try:
            return sealed(body, decoded(device.p256dh or ""), decoded(device.auth or ""))
        except ValueError as error:
            raise DeviceGone("its key is none") from error

    def _judge(self, answer: Answer) -> None:
        if 200 <= answer.status < 300:
            return
        reason = f"status {answer.status}"
        if answer.status in (404, 410):
            raise DeviceGone(reason)
        if answer.status in UNAVAILABLE:
            raise PushLater(reason, retry_after(answer.headers, self._clock.now()))
        raise PushRefused(reason)

    def _word(self, url: httpx.URL, now: Instant) -> str:
        """Who we are, for that push service."""
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        word, renew_at = self._words.get(origin, ("", 0))
        if now >= renew_at:
            expires = now // 1000 + WORD_SECONDS
            claims = {"aud": origin, "exp": expires, "sub": self._subject}
            word = jwt.encode(claims, self._key, algorithm="ES256")
            if len(self._words) >= WORDS_KEPT_MOST:
                self._words.clear()
            self._words[origin] = word, now + WORD_SECONDS * 500
        return word

    async def _ask(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> Answer:
        """Asks at the first address of the host that answers. Raises: PushLater, PushRefused."""
        headers = {**headers, "Host": url.netloc.decode("ascii")}
        failure = PushLater("no address")
        for address in await self._addresses(url):
            there = url.copy_with(host=address)
            try:
                return await ask(
                    self._client, there, headers, body, {"sni_hostname": url.host.rstrip(".")}
                )
            except PushLater as later:
                if not isinstance(later.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                    raise
                failure = later
        raise failure

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        """What the name resolves to, if that may be called. Raises: PushLater, PushRefused."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await trio.socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise PushLater("its host is not found") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._private:
            addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            raise PushRefused("its host has no public address")
        return addresses[:ADDRESSES_TRIED_MOST]
