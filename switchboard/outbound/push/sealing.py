"""Encryption of a web push, which its push service cannot read. Source: RFC 8291 on RFC 8188 (``aes128gcm``)."""

from __future__ import annotations

import base64
import binascii
import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4096
"""RFC 8291, 4: the whole message is one record, and a push service need not take a longer one."""

CONTENT_BYTES_MOST = RECORD_BYTES - 86 - 16 - 1
"""Without the header (a salt, the record's length, a key of 65 bytes and its length), the tag and the delimiter."""

CURVE = ec.SECP256R1()


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed point, 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Of base64url, padded or not. Raises: ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be base64url") from error


def sealed(
    content: bytes,
    receiver: bytes,
    auth: bytes,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body of a push that only the subscription can read.

    Args:
        receiver: the subscription's public key, an uncompressed point of P-256.
        auth: its authentication secret, 16 bytes.
        salt, sender: fresh ones but in tests.

    Raises: ValueError: the key is no point of the curve, or the content is longer than ``CONTENT_BYTES_MOST``.
    """
    if len(content) > CONTENT_BYTES_MOST:
        raise ValueError("too long for one record")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, receiver)
    sender = ec.generate_private_key(CURVE) if sender is None else sender
    salt = os.urandom(16) if salt is None else salt
    ours = public_bytes(sender.public_key())
    about = b"WebPush: info\x00" + receiver + ours
    secret = _derived(auth, sender.exchange(ec.ECDH(), theirs), about, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\x00", 12)
    # The delimiter 2 says that this record is the last; record 0 has the nonce as it is.
    record = AESGCM(key).encrypt(nonce, content + b"\x02", None)
    return salt + struct.pack("!LB", RECORD_BYTES, len(ours)) + ours + record


def _derived(salt: bytes, secret: bytes, about: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=about).derive(secret)
