"""What the connections of this process share: their limits, their counts, and who may come in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf

import structlog
import trio

from switchboard.web.security.limits import TrustedProxies, group
from switchboard.web.transport.limits import Limits

TELL_SECONDS = 10.0
"""Between two lines of the log about the same kind of trouble: a flood must not fill the disk."""


@dataclass(slots=True)
class Counts:
    """What happened to connections, for ``/metrics``; the first two are what is open now."""

    connections: int = 0
    websockets: int = 0
    accepted: int = 0
    refused_all_taken: int = 0
    refused_address: int = 0
    idle_closed: int = 0
    heads_cut: int = 0
    bodies_cut: int = 0
    requests_refused: int = 0
    slow_readers: int = 0
    origins_refused: int = 0
    messages_too_big: int = 0
    messages_malformed: int = 0
    inboxes_full: int = 0
    peers_silent: int = 0
    handlers_cancelled: int = 0
    connections_failed: int = 0


class Guard:
    """The limits in force and what they have done.

    Counts stay exact because every connection is one ``with admitted``: it ends with its task, however that ends.
    """

    def __init__(self, limits: Limits, counts: Counts | None = None) -> None:
        self.limits = limits
        self.counts = counts or Counts()
        self.logger = structlog.get_logger("transport")
        self._uncounted = TrustedProxies(limits.uncounted_networks)
        self._by_address: dict[str, int] = {}
        self._told: dict[str, float] = {}

    def admit(self, address: str | None) -> str | None:
        """Counts a connection in. Returns: why not, then nothing is counted; None: it may stay, until ``leave``.

        Args:
            address: its peer's; None where there is none (a Unix socket).
        """
        if self.counts.connections >= self.limits.connections_most:
            self.counts.refused_all_taken += 1
            return "all connections are taken"
        key = self._key(address)
        if key is not None:
            taken = self._by_address.get(key, 0)
            if taken >= self.limits.connections_per_address_most:
                self.counts.refused_address += 1
                return "too many connections from one address"
            self._by_address[key] = taken + 1
        self.counts.connections += 1
        self.counts.accepted += 1
        return None

    def leave(self, address: str | None) -> None:
        """Counts a connection out that ``admit`` has counted in."""
        self.counts.connections -= 1
        key = self._key(address)
        if key is None:
            return
        if self._by_address[key] == 1:
            # Or every address that ever came would stay in memory.
            del self._by_address[key]
        else:
            self._by_address[key] -= 1

    def tell(self, event: str, error: BaseException | None = None, **values: object) -> None:
        """Writes a warning, or an error with its traceback, unless the same event was written a moment ago."""
        now = trio.current_time()
        if now - self._told.get(event, -inf) < TELL_SECONDS:
            return
        self._told[event] = now
        if error is None:
            self.logger.warning(event, **values)
        else:
            self.logger.error(event, exc_info=error, **values)

    def statistics(self) -> Mapping[str, float]:
        """The counts by name."""
        return asdict(self.counts)

    def _key(self, address: str | None) -> str | None:
        if address is None:
            return None
        mapped = _without_mapping(address)
        return None if self._uncounted.trusts(mapped) else group(mapped)


def _without_mapping(address: str) -> str:
    """An IPv4 address that came in over an IPv6 socket, as itself."""
    if address.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
        return address if mapped is None else str(mapped)
    return address


_guard = Guard(Limits())


def current() -> Guard:
    """The guard for new connections. hypercorn makes our objects by signatures of its own, so they ask here."""
    return _guard


def replace(limits: Limits) -> Guard:
    """From now on new connections obey those limits; the counts go on. Open connections keep the guard that let
    them in, which counts them by address, so after a change an address has its number once more."""
    global _guard
    _guard = Guard(limits, _guard.counts)
    return _guard
