"""Whom the stand-ins' clients believe, and keys of every kind."""

from __future__ import annotations

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the stand-ins' certificates."""
    return trustme.CA()


@pytest.fixture(scope="session")
def p256() -> ec.EllipticCurvePrivateKey:
    """For VAPID and for Apple."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    """Of a service account."""
    return rsa.generate_private_key(65537, 2048)
