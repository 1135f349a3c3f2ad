"""Signing in: by a one-time code and by password.

An unknown person meets the same checks, the same work and the same answer as a known one with the wrong code.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import secrets

import msgspec

from switchboard.engine.clock import Clock, Milliseconds
from switchboard.engine.errors import Invalid, NotFound, WrongCredentials
from switchboard.engine.ids import Ids, is_id
from switchboard.engine.records import Account, Accounts, Attempt, Attempts
from switchboard.engine.records.accounts import Realm
from switchboard.engine.records.credentials import Passwords, TokenRevoker
from switchboard.engine.workflows.accounts import change_account
from switchboard.engine.workflows.courier import Courier
from switchboard.engine.workflows.identities import IdentityType, normalize
from switchboard.engine.workflows.quotas import Counter, Quotas

CODE_LIFE: Milliseconds = 30 * 60_000
"""The dropin contract's figure."""

CODE_TRIES = 5
"""The dropin contract's figure: 5 of 10,000 codes."""

CODES = 10_000
"""Four digits, as the dropin contract says."""

CODE_KEY_BYTES_LEAST = 32
"""Four digits can be tried out in no time: only the key keeps a stored code secret."""


class SignIn:
    """Proves who somebody is. ``code_key`` (32 bytes or more) is the secret under which codes are stored."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        attempts: Attempts,
        passwords: Passwords,
        revoker: TokenRevoker,
        courier: Courier,
        counter: Counter,
        clock: Clock,
        ids: Ids,
        code_key: bytes,
        quotas: Quotas | None = None,
        chance: random.Random | None = None,
    ) -> None:
        if len(code_key) < CODE_KEY_BYTES_LEAST:
            raise ValueError(f"the code key has {len(code_key)} bytes; 32 are needed")
        self._accounts = accounts
        self._attempts = attempts
        self._passwords = passwords
        self._revoker = revoker
        self._courier = courier
        self._counter = counter
        self._clock = clock
        self._ids = ids
        self._code_key = code_key
        self._quotas = quotas or Quotas()
        self._chance = chance

    # -- by code ------------------------------------------------------------------------------------------------

    async def send_code(
        self,
        realm: Realm,
        type: IdentityType,
        shown: str,
        *,
        address: str,
        just_registered: bool = False,
    ) -> Attempt:
        """Sends a code to the identity, or for nobody's identity acts as if.

        Args:
            just_registered: the identity was stored by this very request, which happens once and was limited itself:
                the limits on sends are not asked, so that a registration never ends half-way.

        Raises:
            Invalid, naming the identity's type; LimitExceeded; Unavailable. Nothing was sent.
        """
        value = normalize(type, shown)
        if not just_registered:
            await self._counter.count("code-send/address", address, self._quotas.sends_per_address)
            await self._counter.count(
                "code-send/identity", f"{realm}/{type}/{value}", self._quotas.sends_per_identity
            )
        account = await self._accounts.by_identity(realm, type, value)
        known = account is not None and account.status == "active"
        now = self._clock.now()
        id, code = self._ids.new(now), self._code()
        attempt = Attempt(
            id=id,
            account=account.id if account is not None and known else None,
            identity_type=type,
            identity_value=value,
            code_hash=self._code_hash(id, code),
            expires_at=now + CODE_LIFE,
            created_at=now,
        )
        await self._attempts.add(attempt)
        self._courier.post(type, value, code if known else None)
        return attempt

    async def verify_code(self, attempt: str, code: str, *, address: str) -> Account:
        """The account that the code opens; the first proof of an identity voids older passwords and tokens.

        Raises:
            NotFound: there is no such attempt. WrongCredentials: wrong, too late or too often tried.
            LimitExceeded; Unavailable.
        """
        await self._counter.count("code-try/address", address, self._quotas.tries_per_address)
        found = await self._attempts.get(attempt) if is_id(attempt) else None
        if found is None:
            raise NotFound("attempt")
        await self._counter.count(
            "code-try/identity",
            f"{found.identity_type}/{found.identity_value}",
            self._quotas.tries_per_identity,
        )
        result, tried = await self._attempts.try_code(
            attempt, self._code_hash(attempt, code), self._clock.now(), CODE_TRIES
        )
        if result != "verified" or tried is None or tried.account is None:
            raise WrongCredentials
        account = await self._accounts.get(tried.account)
        if account is None or account.status != "active":
            raise WrongCredentials
        return await self._prove(account, tried.identity_type, tried.identity_value)

    async def _prove(self, account: Account, type: str, value: str) -> Account:
        """Marks the identity as verified, if it is for the first time."""
        proven = [one for one in account.identities if (one.type, one.value) == (type, value)]
        if not proven:
            raise WrongCredentials
        if proven[0].verified:
            return account
        # Whoever registered it may not have been its owner. Revoked first: were this interrupted in between, the
        # identity would still be unproven and the next proof would do all of it.
        await self._revoker.revoke_account(account.id)
        now = self._clock.now()
        return await change_account(
            self._accounts,
            account.id,
            lambda current: {
                "password_hash": None,
                "identities": tuple(
                    msgspec.structs.replace(one, verified=True, updated_at=now)
                    if (one.type, one.value) == (type, value)
                    else one
                    for one in current.identities
                ),
            },
            now,
        )

    def _code(self) -> str:
        if self._chance is None:
            return f"{secrets.randbelow(CODES):04d}"
        return f"{self._chance.randrange(CODES):04d}"

    def _code_hash(self, attempt: str, code: str) -> bytes:
        message = f"{attempt}/{code}".encode("utf-8", "replace")
        return hmac.new(self._code_key, message, hashlib.sha256).digest()

    # -- by password --------------------------------------------------------------------------------------------

    async def by_password(
        self, realm: Realm, type: IdentityType, shown: str, password: str, *, address: str
    ) -> Account:
        """The account with that identity and password.

        Raises: WrongCredentials, LimitExceeded, Unavailable.
        """
        try:
            value = normalize(type, shown)
        except Invalid:
            # A name that nobody can have is as wrong as one that nobody has, and takes as long.
            value = ""
        await self._counter.count("password/address", address, self._quotas.passwords_per_address)
        await self._counter.count(
            "password/identity", f"{realm}/{type}/{value}", self._quotas.passwords_per_identity
        )
        account = await self._accounts.by_identity(realm, type, value)
        stored = account.password_hash if account is not None else None
        right = await self._passwords.verify(stored, password)
        if account is None or not right or account.status != "active" or stored is None:
            raise WrongCredentials
        if self._passwords.outdated(stored):
            fresh = await self._passwords.hash(password)
            account = await self._store_password(account.id, stored, fresh)
        return account

    async def change_password(
        self, account: Account, password: str, *, keep: str | None = None
    ) -> Account:
        """Gives the account, whose old password was just proven, another; its other tokens are void.

        Args:
            keep: the jti of the token with which it is changed.

        Raises: WrongCredentials if the password was changed by another call meanwhile; Unavailable.
        """
        fresh = await self._passwords.hash(password)
        # Before, so that an interruption cannot leave the old tokens; after, for those issued in between.
        await self._revoker.revoke_account(account.id, keep)
        changed = await self._store_password(account.id, account.password_hash, fresh)
        await self._revoker.revoke_account(account.id, keep)
        return changed

    async def _store_password(self, id: str, old: str | None, fresh: str) -> Account:
        def changes(current: Account) -> dict[str, str]:
            if current.password_hash != old:
                raise WrongCredentials
            return {"password_hash": fresh}

        return await change_account(self._accounts, id, changes, self._clock.now())
