"""Limits count the address that a stranger cannot make up."""

from __future__ import annotations

import pytest

from switchboard.engine.errors import StartError
from switchboard.web.security import TrustedProxies


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", None, "198.51.100.7"),
        ("<local>", "203.0.113.9", "<local>"),
    ],
)
def test_only_a_trusted_proxys_header_is_believed(
    peer: str, header: str | None, expected: str
) -> None:
    """And of it only what that proxy itself has seen."""
    assert TrustedProxies(["10.0.0.0/8"]).client(peer, header) == expected


def test_no_header_is_believed_by_default() -> None:
    """A fresh address in every request would be no limit at all."""
    assert TrustedProxies().client("10.0.0.1", "203.0.113.9") == "10.0.0.1"


def test_a_network_that_is_none_stops_the_start() -> None:
    """With one clear line."""
    with pytest.raises(StartError, match="trusted proxies"):
        TrustedProxies(["my-proxy"])
