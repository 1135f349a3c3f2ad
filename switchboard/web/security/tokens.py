"""Tokens: signed JWTs, one audience a dialect, revocable for good.

The key id of a token is untrusted text: it is looked up in a dictionary and nothing else. Time is the engine's clock.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import jwt

from switchboard.engine.clock import Clock, Instant, Milliseconds
from switchboard.engine.errors import StartError
from switchboard.engine.ids import Ids
from switchboard.engine.records import Revocation, Revocations

ALGORITHM = "HS256"

ISSUER = "switchboard"

REQUIRED = ["exp", "iat", "aud", "iss", "sub", "jti"]
"""PyJWT accepts a token without ``exp`` by default."""

KEY_BYTES_LEAST = 32
"""RFC 7518, 3.2: an HMAC key is at least as long as the hash."""

TOKEN_LENGTH_MOST = 2000
"""Ours have about 330 characters."""

REMEMBERED_MOST = 10_000
"""Checked tokens kept: about 0.5 KB each; a check costs some 30 microseconds, a look-up less than 2."""

LIFE: Milliseconds = 14 * 24 * 60 * 60_000
"""The auto contract's 14 days, for every dialect."""


class TokenRefused(Exception):
    """The token opens nothing: forged, expired, revoked or meant for another dialect. Callers are not told which."""


class Token(NamedTuple):
    """What a checked token says."""

    account: str
    jti: str
    audience: str
    issued_at: Instant
    expires_at: Instant


class Tokens:
    """Issues and checks tokens; ``load`` must have run before the first check.

    Args:
        keys: key id -> secret of at least 32 bytes; all are accepted.
        current: the id of the key that signs new tokens.

    Raises:
        StartError: a key is too short, or ``current`` is not among them.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, bytes],
        current: str,
        revocations: Revocations,
        clock: Clock,
        ids: Ids,
        life: Milliseconds = LIFE,
    ) -> None:
        self._checked: OrderedDict[bytes, Token] = OrderedDict()
        self.use_keys(keys, current)
        self._revocations = revocations
        self._clock = clock
        self._ids = ids
        self._life = life
        self._revoked: dict[str, Instant] = {}
        """jti -> when it would have expired anyway."""
        self._valid_after: dict[str, Revocation] = {}
        """account -> the latest revocation of all its tokens."""
        self._prune_at = 1000

    def use_keys(self, keys: Mapping[str, bytes], current: str) -> None:
        """From now on ``current`` signs, and tokens of any other key than these are refused.

        Raises: StartError, as the class does; nothing changed then.
        """
        for kid, key in keys.items():
            if len(key) < KEY_BYTES_LEAST:
                raise StartError(f"token key {kid!r} has {len(key)} bytes; 32 are needed")
        if current not in keys:
            raise StartError(f"the current token key {current!r} is not among the keys")
        self._keys = dict(keys)
        self._current = current
        # Their signatures were checked with keys that may be gone.
        self._checked.clear()

    async def load(self) -> None:
        """Reads the revocations into memory. Raises: StoreDown."""
        for revocation in await self._revocations.all(self._clock.now()):
            self._mirror(revocation)

    # -- issuing ------------------------------------------------------------------------------------------------

    def issue(self, account: str, audience: str) -> str:
        """A token for that account and dialect."""
        now = self._clock.now()
        revoked = self._valid_after.get(account)
        # A revocation reaches to the end of its own millisecond; a token issued within it must outlive it.
        issued_at = now if revoked is None else max(now, revoked.before)
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": account,
            "jti": self._ids.new(now),
            "iat": issued_at / 1000,
            "exp": (issued_at + self._life) / 1000,
        }
        key = self._keys[self._current]
        return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": self._current})

    # -- checking -----------------------------------------------------------------------------------------------

    def check(self, text: str, audience: str) -> Token:
        """What the token says. Raises: TokenRefused."""
        if len(text) > TOKEN_LENGTH_MOST:
            raise TokenRefused
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        token = self._checked.get(digest)
        if token is None:
            token = self._decode(text)
        if token.audience != audience:
            raise TokenRefused
        if token.expires_at <= self._clock.now() or self._is_revoked(token):
            self._checked.pop(digest, None)
            raise TokenRefused
        self._checked[digest] = token
        self._checked.move_to_end(digest)
        if len(self._checked) > REMEMBERED_MOST:
            self._checked.popitem(last=False)
        return token

    def _decode(self, text: str) -> Token:
        try:
            key = self._keys.get(jwt.get_unverified_header(text).get("kid", ""))
            if key is None:
                raise TokenRefused
            # Audience and times are compared by ``check``: on every use, and by the engine's clock.
            claims = jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={
                    "require": REQUIRED,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
        except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError) as error:
            # The three built-in ones are what odd headers (``kid`` a list, deeply nested JSON) lead to.
            raise TokenRefused from error
        return _token(claims)

    def _is_revoked(self, token: Token) -> bool:
        if token.jti in self._revoked:
            return True
        revoked = self._valid_after.get(token.account)
        if revoked is None:
            return False
        return token.issued_at < revoked.before and token.jti != revoked.keep

    # -- revoking -----------------------------------------------------------------------------------------------

    async def revoke(self, token: Token) -> None:
        """That token is void from now on, also after a restart. Raises: StoreDown."""
        await self._add(Revocation(jti=token.jti, expires_at=token.expires_at))

    async def revoke_account(self, account: str, keep: str | None = None) -> None:
        """Every token of the account that was issued until now is void, but ``keep``. Raises: StoreDown."""
        before = self._clock.now() + 1
        await self._add(
            Revocation(account=account, before=before, keep=keep, expires_at=before + self._life)
        )

    async def _add(self, revocation: Revocation) -> None:
        # In memory only after it is durable would let a token live on while the store answers; before is safe: should
        # the store fail, the caller hears so and the token is refused until the restart at the latest.
        self._mirror(revocation)
        await self._revocations.add(revocation)

    def _mirror(self, revocation: Revocation) -> None:
        if revocation.jti is not None:
            self._revoked[revocation.jti] = revocation.expires_at
        elif revocation.account is not None:
            known = self._valid_after.get(revocation.account)
            if known is None or known.before <= revocation.before:
                self._valid_after[revocation.account] = revocation
        if len(self._revoked) + len(self._valid_after) >= self._prune_at:
            self._prune()

    def _prune(self) -> None:
        """Forgets what no living token can meet; doubling the mark keeps the cost of that constant per revocation."""
        now = self._clock.now()
        self._revoked = {jti: at for jti, at in self._revoked.items() if at > now}
        self._valid_after = {
            account: one for account, one in self._valid_after.items() if one.expires_at > now
        }
        self._prune_at = max(1000, 2 * (len(self._revoked) + len(self._valid_after)))


def _token(claims: Mapping[str, Any]) -> Token:
    match claims:
        case {
            "sub": str(account),
            "jti": str(jti),
            "aud": str(audience),
            "iat": int() | float() as issued_at,
            "exp": int() | float() as expires_at,
        }:
            return Token(account, jti, audience, round(issued_at * 1000), round(expires_at * 1000))
        case _:
            raise TokenRefused
