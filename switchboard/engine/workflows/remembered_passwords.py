"""Signing in by password with every request (HTTP Basic), without the work of a login for each."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict

from switchboard.engine.errors import WrongCredentials
from switchboard.engine.records import Account, Accounts
from switchboard.engine.records.accounts import Realm
from switchboard.engine.workflows.sign_in import SignIn

REMEMBERED_MOST = 1000
"""Accounts that sign in so are a bank's servers: a few."""


class RememberedPasswords:
    """Knows logins that were right again, for as long as the account's password stays the same.

    Neither password nor hash of one is kept: only a digest under a key that ends with the process.
    """

    def __init__(self, accounts: Accounts, sign_in: SignIn) -> None:
        self._accounts = accounts
        self._sign_in = sign_in
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, tuple[str, str]] = OrderedDict()
        """digest -> account and its password's hash."""

    async def account(self, realm: Realm, login: str, password: str, *, address: str) -> Account:
        """The account with that user name and password. Raises: WrongCredentials, LimitExceeded, Unavailable."""
        message = f"{realm}\0{login}\0{password}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, message, hashlib.sha256)
        known = self._known.get(digest)
        if known is not None:
            account = await self._accounts.get(known[0])
            if account is not None and account.password_hash == known[1]:
                if account.status == "active":
                    self._known.move_to_end(digest)
                    return account
                raise WrongCredentials
            del self._known[digest]
        account = await self._sign_in.by_password(
            realm, "username", login, password, address=address
        )
        assert account.password_hash is not None, "it was just compared"
        self._known[digest] = (account.id, account.password_hash)
        if len(self._known) > REMEMBERED_MOST:
            self._known.popitem(last=False)
        return account
