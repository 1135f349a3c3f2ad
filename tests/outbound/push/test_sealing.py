"""Encryption of web pushes: the RFC's example byte for byte, and what another implementation makes of ours."""

from __future__ import annotations

import http_ece
import pytest
import web_push
from cryptography.hazmat.primitives.asymmetric import ec

from switchboard.outbound.push.sealing import (
    CONTENT_BYTES_MOST,
    CURVE,
    RECORD_BYTES,
    decoded,
    encoded,
    sealed,
)

SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
"""RFC 8291, 5."""


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Of its number."""
    return ec.derive_private_key(int.from_bytes(decoded(text), "big"), CURVE)


def test_the_example_of_the_rfc() -> None:
    body = sealed(
        b"When I grow up, I want to be a watermelon",
        decoded(web_push.PUBLIC),
        decoded(web_push.AUTH),
        salt=decoded(SALT),
        sender=private_key(SENDER),
    )
    assert encoded(body) == SEALED


@pytest.mark.parametrize("length", [0, 1, 100, CONTENT_BYTES_MOST])
def test_another_implementation_reads_it(length: int) -> None:
    content = bytes(range(256)) * 16
    body = sealed(content[:length], decoded(web_push.PUBLIC), decoded(web_push.AUTH))
    assert len(body) <= RECORD_BYTES
    opened = http_ece.decrypt(
        body,
        private_key=private_key(web_push.PRIVATE),
        auth_secret=decoded(web_push.AUTH),
        version="aes128gcm",
    )
    assert opened == content[:length]


def test_each_has_a_key_and_a_salt_of_its_own() -> None:
    one, other = (sealed(b"x", decoded(web_push.PUBLIC), b"a" * 16) for _ in range(2))
    assert one[:16] != other[:16]
    assert one[21:86] != other[21:86]


@pytest.mark.parametrize("receiver", [b"", b"\x04" + b"\x01" * 64, b"\x00"])
def test_what_is_no_point_of_the_curve(receiver: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its library says
        sealed(b"x", receiver, b"a" * 16)


def test_what_is_too_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        sealed(b"x" * (CONTENT_BYTES_MOST + 1), decoded(web_push.PUBLIC), b"a" * 16)
