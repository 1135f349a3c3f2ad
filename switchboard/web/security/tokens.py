"""Tokens: signed JWTs, one audience a dialect, revocable for good.

The key id of a token is untrusted text: it is looked up in a dictionary and nothing else. Time is the engine's clock.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jwt

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.errors import StartError
from switchboard.engine.ids import Ids
from switchboard.engine.records import Revocation, Revocations
from switchboard.web.security.token_forms import LIFE_MOST, TokenForm, form_of

REQUIRED = ["exp", "iat", "aud", "iss", "sub", "jti"]
"""PyJWT accepts a token without ``exp`` by default."""

KEY_BYTES_LEAST = 32
"""RFC 7518, 3.2: an HMAC key is at least as long as the hash."""

TOKEN_LENGTH_MOST = 2000
"""Ours have about 330 characters."""

REMEMBERED_MOST = 10_000
"""Checked tokens kept: about 0.5 KB each; a check costs some 30 microseconds, a look-up less than 2."""


class TokenRefused(Exception):
    """The token opens nothing: forged, expired, revoked or meant for another dialect."""


class TokenExpired(TokenRefused):
    """It was good for that dialect; the one reason that clients may be told, because they sign in again by it."""


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
    ) -> None:
        self._checked: OrderedDict[bytes, Token] = OrderedDict()
        self.use_keys(keys, current)
        self._revocations = revocations
        self._clock = clock
        self._ids = ids
        self._revoked: dict[str, Instant] = {}
        """jti -> when it would have expired anyway."""
        self._valid_after: dict[str, Revocation] = {}
        """account -> the latest revocation of all its tokens."""
        self._prune_at = 1000
        self._when_revoked: list[Callable[[], None]] = []
        self._when_renewed: list[Callable[[Token, Token], None]] = []

    def when_revoked(self, callback: Callable[[], None]) -> None:
        """``callback`` is called after every revocation: what was opened by a token may have to be closed."""
        self._when_revoked.append(callback)

    def when_renewed(self, callback: Callable[[Token, Token], None]) -> None:
        """``callback`` is called with the old token and the new one: what the old one opened stays open for as long
        as the new one lasts (contracts/README.md)."""
        self._when_renewed.append(callback)

    def is_void(self, token: Token) -> bool:
        """Whether a token that was good has expired or was revoked since."""
        return self._is_revoked(token) or token.expires_at <= self._clock.now()

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

    def issue(self, account: str, audience: str, **extra: Any) -> str:
        """A token for that account and dialect, in the dialect's form.

        Args:
            extra: further claims, which the dialect's clients read.
        """
        form, now = form_of(audience), self._clock.now()
        revoked = self._valid_after.get(account)
        # A revocation reaches to the end of its own millisecond; a token issued within it must outlive it.
        issued_at = now if revoked is None else max(now, revoked.before)
        jti = self._ids.new(now) if form.new_jti is None else form.new_jti()
        claims = form.claims(account, audience, jti, issued_at, extra)
        headers = {"kid": self._current}
        if form.times_in_header:
            headers |= {"iat": claims["iat"], "exp": claims["exp"]}
        key = form.key(self._keys[self._current])
        return jwt.encode(claims, key, algorithm=form.algorithm, headers=headers)

    def renew(self, token: Token) -> str:
        """A new token for the account of one that is good."""
        text = self.issue(token.account, token.audience)
        fresh = self.check(text, token.audience)
        for callback in self._when_renewed:
            callback(token, fresh)
        return text

    # -- checking -----------------------------------------------------------------------------------------------

    def check(self, text: str, audience: str) -> Token:
        """What the token says. Raises: TokenRefused, TokenExpired."""
        if len(text) > TOKEN_LENGTH_MOST:
            raise TokenRefused
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        token = self._checked.get(digest)
        if token is None:
            token = self._decode(text, audience)
        if token.audience != audience:
            raise TokenRefused
        revoked = self._is_revoked(token)
        if revoked or token.expires_at <= self._clock.now():
            self._checked.pop(digest, None)
            raise TokenRefused if revoked else TokenExpired
        self._checked[digest] = token
        self._checked.move_to_end(digest)
        if len(self._checked) > REMEMBERED_MOST:
            self._checked.popitem(last=False)
        return token

    def _decode(self, text: str, audience: str) -> Token:
        form = form_of(audience)
        try:
            key = self._keys.get(jwt.get_unverified_header(text).get("kid", ""))
            if key is None:
                raise TokenRefused
            # Times are compared by ``check``: on every use, and by the engine's clock. The audience is compared here
            # too, because the form was chosen by it.
            claims = jwt.decode(
                text,
                form.key(key),
                algorithms=[form.algorithm],
                issuer=form.issuer,
                options={
                    "require": REQUIRED,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                },
            )
        except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError) as error:
            # The three built-in ones are what odd headers (``kid`` a list, deeply nested JSON) lead to.
            raise TokenRefused from error
        return _token(claims, form, audience)

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
            Revocation(account=account, before=before, keep=keep, expires_at=before + LIFE_MOST)
        )

    async def _add(self, revocation: Revocation) -> None:
        # In memory only after it is durable would let a token live on while the store answers; before is safe: should
        # the store fail, the caller hears so and the token is refused until the restart at the latest.
        self._mirror(revocation)
        for callback in self._when_revoked:
            callback()
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


def _token(claims: Mapping[str, Any], form: TokenForm, audience: str) -> Token:
    """Raises: TokenRefused if a claim is not what it should be, or is another dialect's."""
    account = claims.get(form.account_claim)
    issued_at = claims.get("at") if form.whole_seconds else claims.get("iat")
    match claims:
        case {"jti": str(jti), "aud": str(named), "exp": int() | float() as expires_at}:
            if named != (form.audience or audience) or not isinstance(account, str):
                raise TokenRefused
            if not isinstance(issued_at, int | float):
                raise TokenRefused
            issued = issued_at if form.whole_seconds else issued_at * 1000
            return Token(account, jti, audience, round(issued), round(expires_at * 1000))
        case _:
            raise TokenRefused
