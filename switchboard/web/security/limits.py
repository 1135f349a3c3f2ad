"""Whom a limit per address counts against: the nearest address that a stranger cannot make up."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from switchboard.engine.errors import StartError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV6_PREFIX = 64
"""One subscriber has a whole /64 (RFC 6177): counting single addresses would count nothing."""


class TrustedProxies:
    """The proxies whose ``X-Forwarded-For`` is believed.

    Args:
        networks: addresses or networks in CIDR form; empty: no header is believed.

    Raises:
        StartError: one of them is neither.
    """

    def __init__(self, networks: Sequence[str] = ()) -> None:
        try:
            self._networks: tuple[Network, ...] = tuple(
                ipaddress.ip_network(one, strict=False) for one in networks
            )
        except ValueError as error:
            raise StartError(f"trusted proxies: {error}") from error

    def trusts(self, address: str) -> bool:
        """Whether that peer is one of the proxies."""
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    def client(self, peer: str, forwarded_for: str | None) -> str:
        """The address to count: the peer's, or the last one in the header that is no proxy of ours.

        Whatever stands further left in the header was written by the client and may be anything.
        """
        found = peer
        if forwarded_for is not None and self.trusts(peer):
            for hop in reversed(forwarded_for.split(",")):
                found = hop.strip()
                if not self.trusts(found):
                    break
        return group(found)


def group(address: str) -> str:
    """The address, an IPv6 one as its /64; text that is no address stays as it is."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
