"""A bounded memory of accounts in front of the account store: nearly every request wants the same few."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from switchboard.engine.records.accounts import Account, Accounts, Realm

REMEMBERED_MOST = 20_000
"""Accounts kept: about 1 KB each, so 20 MB at most; more than are active within minutes on one node."""


class Directory:
    """``Accounts`` with a memory. True as long as all changes go through it, as they do: one node owns the database.

    A change by this process is in the memory before it is answered. A load that was under way while something was
    written is used once and not remembered, so that no old version can overwrite a new one.
    """

    def __init__(self, accounts: Accounts, remembered_most: int = REMEMBERED_MOST) -> None:
        self._accounts = accounts
        self._most = remembered_most
        self._known: OrderedDict[str, Account] = OrderedDict()
        self._writes = 0
        """Goes up before and after every write: a load that saw it move is not remembered."""

    async def add(self, account: Account) -> None:
        """Stores a new account with its identities. Raises: IdentityTaken (nothing stored), StoreDown."""
        await self._accounts.add(account)
        self._remember(account)

    def known(self, id: str) -> Account | None:
        """That account, if it is in the memory."""
        known = self._known.get(id)
        if known is not None:
            self._known.move_to_end(id)
        return known

    async def get(self, id: str) -> Account | None:
        """That account."""
        known = self.known(id)
        if known is not None:
            return known
        writes = self._writes
        account = await self._accounts.get(id)
        if account is not None and writes == self._writes:
            self._remember(account)
        return account

    async def many(self, ids: Sequence[str]) -> Mapping[str, Account]:
        """Those that exist."""
        found = {id: self._known[id] for id in ids if id in self._known}
        missing = [id for id in ids if id not in found]
        if missing:
            writes = self._writes
            loaded = await self._accounts.many(missing)
            if writes == self._writes:
                for account in loaded.values():
                    self._remember(account)
            found.update(loaded)
        return found

    async def by_identity(self, realm: Realm, type: str, value: str) -> Account | None:
        """The account with that normalized identity."""
        return await self._accounts.by_identity(realm, type, value)

    async def update(self, account: Account, **changes: Any) -> Account:
        """Stores the account with those fields changed and its version one up.

        Raises: Conflict if its version is no longer the stored one; IdentityTaken; StoreDown.
        """
        self._writes += 1
        # Forgotten first: if the answer is lost, the change may have happened.
        self._known.pop(account.id, None)
        try:
            changed = await self._accounts.update(account, **changes)
        finally:
            self._writes += 1
        self._remember(changed)
        return changed

    async def dealers(self, organization: str) -> Sequence[str]:
        """The ids of the organization's active, approved dealers, in their order."""
        return await self._accounts.dealers(organization)

    async def of_organization(
        self, organization: str, skip: int, limit: int, *, staff: bool = False
    ) -> Sequence[Account]:
        """An organization's active accounts in the order of their ids; ``staff``: only operators and administrators."""
        return await self._accounts.of_organization(organization, skip, limit, staff=staff)

    async def count(self, organization: str) -> int:
        """How many active accounts the organization has."""
        return await self._accounts.count(organization)

    async def latest(self, realm: Realm, skip: int, limit: int) -> Sequence[Account]:
        """The realm's active accounts, who changed last first."""
        return await self._accounts.latest(realm, skip, limit)

    async def page(self, realm: Realm | None, after: str | None, limit: int) -> Sequence[Account]:
        """Accounts in the order of their ids."""
        return await self._accounts.page(realm, after, limit)

    def _remember(self, account: Account) -> None:
        known = self._known.get(account.id)
        if known is not None and known.version > account.version:
            return
        self._known[account.id] = account
        self._known.move_to_end(account.id)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
