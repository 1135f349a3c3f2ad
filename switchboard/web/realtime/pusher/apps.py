"""The apps: one a dialect, so that equal channel names never mix."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import NamedTuple


class App(NamedTuple):
    """What server SDKs and clients are configured with."""

    dialect: str
    id: str
    """Digits only: SDKs check it."""
    key: str
    secret: str

    def sign(self, text: str) -> str:
        """The hex HMAC-SHA256 of what was asked for."""
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def signed(self, signature: str, text: str) -> bool:
        """Whether it is; compared in constant time."""
        return hmac.compare_digest(self.sign(text).encode(), signature.encode("utf-8", "replace"))

    def auth(self, text: str) -> str:
        """``KEY:signature``."""
        return f"{self.key}:{self.sign(text)}"

    def shared_secret(self, channel: str) -> str:
        """The key of an encrypted channel: base64(sha256(channel + master key)); the master key is the secret's own."""
        master = hmac.new(self.secret.encode(), b"encryption master key", hashlib.sha256).digest()
        return base64.b64encode(hashlib.sha256(channel.encode() + master).digest()).decode()

    def encryption_master_key(self) -> str:
        """As SDKs take it, so that they can read and write the encrypted channels."""
        master = hmac.new(self.secret.encode(), b"encryption master key", hashlib.sha256).digest()
        return base64.b64encode(master).decode()
