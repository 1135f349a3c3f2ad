"""What the accounts' workflows need of passwords and tokens, whose making and checking is the web layer's."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    """Hashes and checks passwords; slow on purpose, and never in the event loop's own thread."""

    async def hash(self, password: str) -> str:
        """The password as it may be stored."""

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is that password. With None it takes as long, and is False."""

    def outdated(self, stored: str) -> bool:
        """Whether it was hashed with weaker settings than today's."""


class TokenRevoker(Protocol):
    """Takes tokens back."""

    async def revoke_account(self, account: str, keep: str | None = None) -> None:
        """Every token of the account that was issued until now is void, but the one with the jti ``keep``.

        Raises: StoreDown.
        """
