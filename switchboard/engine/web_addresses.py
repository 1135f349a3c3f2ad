"""Which URLs that a stranger names may be called: a subscription's must not reach what only this server can reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

URL_LENGTH_MOST = 2048
"""Push services' endpoints have some 200 to 600 characters."""

HTTPS_PORT = 443

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in its last four bytes."""


def complaint_about(url: str, hosts: Sequence[str], *, private: bool) -> str | None:
    """What is wrong with a URL that is to be called, as the rest of a sentence; None if nothing.

    Says nothing of what its name will be resolved to, which is looked at when it is called.

    Args:
        hosts: names, and all below them, that it may have; none: all that are public.
        private: http, other ports and private addresses are right too.
    """
    if len(url) > URL_LENGTH_MOST:
        return f"must have at most {URL_LENGTH_MOST} characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "must be a URL"
    if (
        not url.isascii()
        or not url.isprintable()
        or " " in url
        or "\\" in url
        or not parts.hostname
    ):
        return "must be a URL"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must have neither a user nor a fragment"
    return _complaint(parts, port, hosts, private)


def _complaint(
    parts: SplitResult, port: int | None, hosts: Sequence[str], private: bool
) -> str | None:
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in (("https", "http") if private else ("https",)):
        return "must begin with https://"
    if hosts and not any(host == one or host.endswith(f".{one}") for one in hosts):
        return "is not of a push service that this server may call"
    if private:
        return None
    if port not in (None, HTTPS_PORT):
        return "must have the port 443"
    # Whatever ends in a number is an address, in one of the many ways of writing one, of which resolvers know more.
    if ":" in host or host.rpartition(".")[2][:1].isdigit():
        return "must have the name of a host"
    if "." not in host or host.endswith((".localhost", ".local", ".internal")):
        return "must have the name of a public host"
    return None


def is_public(address: str) -> bool:
    """Whether the IP address is somebody's on the open internet: neither this machine's nor of any private network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip.teredo is not None:
            return False
        if ip in NAT64:
            inner = ipaddress.IPv4Address(ip.packed[-4:])
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
