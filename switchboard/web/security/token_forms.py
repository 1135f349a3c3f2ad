"""What the tokens of each API look like: their clients read more of them than they should have to.

Source: contracts/company.md, 'Token'; contracts/ally.md, 'Token' and 'Errors'; contracts/auto.md, POST /auth.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from switchboard.engine.clock import Instant, Milliseconds

ISSUER = "switchboard"

DAY: Milliseconds = 24 * 60 * 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenForm:
    """How a dialect's tokens are signed and what stands in them.

    Whatever the form: ``exp``, ``iat``, ``aud``, ``iss`` and ``jti`` are there, and ``kid`` in the header.
    """

    algorithm: Literal["HS256", "HS512"] = "HS256"
    issuer: str = ISSUER
    audience: str | None = None
    """The claim ``aud``; None: the dialect's name."""
    life: Milliseconds = 14 * DAY
    account_claim: str = "sub"
    """The claim that has the account's id."""
    whole_seconds: bool = False
    """Times are integers. Then ``at`` has the instant of issue in milliseconds, by which revocations go."""
    not_before: bool = False
    """``nbf`` is there, a second before ``iat``."""
    times_in_header: bool = False
    """``exp`` and ``iat`` stand in the JOSE header, too."""
    new_jti: Callable[[], str] | None = None
    """None: one of the engine's ids."""

    def key(self, secret: bytes) -> bytes:
        """The key that signs, from a secret of 32 bytes or more; for HS512 as long as its hash (RFC 7518, 3.2)."""
        if self.algorithm == "HS256":
            return secret
        return hmac.digest(secret, b"token/HS512", hashlib.sha512)

    def claims(
        self, account: str, audience: str, jti: str, issued_at: Instant, extra: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The payload; ``extra`` are claims of the dialect's own, which stand before these."""
        issued, expires = issued_at / 1000, (issued_at + self.life) / 1000
        claims = {
            "iss": self.issuer,
            "aud": self.audience or audience,
            "sub": account,
            **extra,
            self.account_claim: account,
            "jti": jti,
            "iat": issued,
            "exp": expires,
        }
        if self.whole_seconds:
            second = issued_at // 1000
            claims |= {"iat": second, "exp": second + self.life // 1000, "at": issued_at}
        if self.not_before:
            claims["nbf"] = claims["iat"] - 1
        return claims


PLAIN = TokenForm()

FORMS: Mapping[str, TokenForm] = MappingProxyType(
    {
        "company": TokenForm(
            algorithm="HS512",
            issuer="CompanyApi",
            audience="CompanyApi",
            life=28 * DAY,
            # ``sub`` is ``User:<number>``, as Guardian has it.
            account_claim="account",
            whole_seconds=True,
            not_before=True,
            new_jti=lambda: str(uuid.uuid4()),
        ),
        "ally": TokenForm(
            life=3_600_000, account_claim="user_id", whole_seconds=True, times_in_header=True
        ),
    }
)
"""Dialect -> its form; every other has the plain one."""

LIFE_MOST: Milliseconds = max(form.life for form in (PLAIN, *FORMS.values()))
"""So long a revocation of all tokens of an account must be remembered."""


def form_of(audience: str) -> TokenForm:
    """The form of that dialect's tokens."""
    return FORMS.get(audience, PLAIN)
