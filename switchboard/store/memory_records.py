"""The record stores in memory, for tests and simulations: the same behaviour as the Postgres ones, gone at the end."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import trio
from msgspec.structs import replace

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.errors import Conflict, IdentityTaken
from switchboard.engine.records import (
    Account,
    Attempt,
    Organization,
    Revocation,
    TryResult,
)
from switchboard.engine.records.accounts import Realm
from switchboard.store.records_rules import ATTEMPT_KEPT, folded, in_order, seconds_until


class MemoryAccounts:
    """``Accounts`` in dictionaries."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._identities: dict[tuple[str, str, str], str] = {}
        """(realm, type, value) to the account's id."""

    async def add(self, account: Account) -> None:
        """Stores a new account with its identities. Raises: IdentityTaken, Conflict (the id is known)."""
        await trio.lowlevel.checkpoint()
        if account.id in self._accounts:
            raise Conflict("the account exists")
        self._place(account)

    async def get(self, id: str) -> Account | None:
        """That account."""
        await trio.lowlevel.checkpoint()
        return self._accounts.get(id)

    async def many(self, ids: Sequence[str]) -> Mapping[str, Account]:
        """Those that exist."""
        await trio.lowlevel.checkpoint()
        return {id: self._accounts[id] for id in ids if id in self._accounts}

    async def by_identity(self, realm: Realm, type: str, value: str) -> Account | None:
        """The account with that normalized identity."""
        await trio.lowlevel.checkpoint()
        owner = self._identities.get((realm, type, value))
        return None if owner is None else self._accounts[owner]

    async def update(self, account: Account, **changes: Any) -> Account:
        """Stores ``account`` with those fields changed and its version one up. Raises: Conflict, IdentityTaken."""
        changed = replace(account, **{**changes, "version": account.version + 1})
        await trio.lowlevel.checkpoint()
        stored = self._accounts.get(account.id)
        if stored is None or stored.version != account.version:
            raise Conflict("the account has changed meanwhile")
        self._place(changed)
        return changed

    async def dealers(self, organization: str) -> Sequence[str]:
        """The ids of the organization's active, approved dealers, in their order."""
        await trio.lowlevel.checkpoint()
        return sorted(
            account.id
            for account in self._accounts.values()
            if (account.organization, account.dealer, account.status)
            == (organization, "approved", "active")
        )

    async def of_organization(
        self, organization: str, skip: int, limit: int, *, staff: bool = False
    ) -> Sequence[Account]:
        """An organization's active accounts in the order of their ids; ``staff``: only operators and administrators."""
        await trio.lowlevel.checkpoint()
        found = [
            one
            for one in self._active_of(organization)
            if not staff or one.admin or one.operator == "approved"
        ]
        return sorted(found, key=lambda one: one.id)[skip : skip + limit]

    async def count(self, organization: str) -> int:
        """How many active accounts the organization has."""
        await trio.lowlevel.checkpoint()
        return len(self._active_of(organization))

    def _active_of(self, organization: str) -> list[Account]:
        return [
            one
            for one in self._accounts.values()
            if one.organization == organization and one.status == "active"
        ]

    async def latest(self, realm: Realm, skip: int, limit: int) -> Sequence[Account]:
        """The realm's active accounts, who changed last first."""
        await trio.lowlevel.checkpoint()
        found = [
            one for one in self._accounts.values() if one.realm == realm and one.status == "active"
        ]
        found.sort(key=lambda one: (one.updated_at, one.id), reverse=True)
        return found[skip : skip + limit]

    async def page(self, realm: Realm | None, after: str | None, limit: int) -> Sequence[Account]:
        """Accounts in the order of their ids."""
        await trio.lowlevel.checkpoint()
        ids = sorted(id for id in self._accounts if after is None or id > after)
        accounts = [self._accounts[id] for id in ids]
        return [account for account in accounts if realm is None or account.realm == realm][:limit]

    def _place(self, account: Account) -> None:
        """In place of what is stored under its id, or not at all."""
        wanted = set[tuple[str, str, str]]()
        for identity in in_order(account.identities):
            key = (account.realm, identity.type, identity.value)
            if key in wanted or self._identities.get(key, account.id) != account.id:
                raise IdentityTaken(identity.type)
            wanted.add(key)
        stored = self._accounts.get(account.id)
        for identity in () if stored is None else stored.identities:
            del self._identities[account.realm, identity.type, identity.value]
        self._identities |= dict.fromkeys(wanted, account.id)
        self._accounts[account.id] = account


class MemoryOrganizations:
    """``Organizations`` in a dictionary."""

    def __init__(self) -> None:
        self._organizations: dict[str, Organization] = {}

    async def add(self, organization: Organization) -> None:
        """Raises: Conflict if the code is taken."""
        await trio.lowlevel.checkpoint()
        if organization.id in self._organizations or self._by_code(organization.code) is not None:
            raise Conflict("the organization's code is taken")
        self._organizations[organization.id] = organization

    async def find(self, id_or_code: str) -> Organization | None:
        """By id or by code."""
        await trio.lowlevel.checkpoint()
        return self._organizations.get(id_or_code) or self._by_code(id_or_code)

    async def enable(self, id: str, enabled: bool) -> Organization | None:
        """Says whether the organization takes anything new. Returns: as it is then; None if there is none."""
        await trio.lowlevel.checkpoint()
        if id not in self._organizations:
            return None
        self._organizations[id] = replace(self._organizations[id], enabled=enabled)
        return self._organizations[id]

    async def all(self) -> Sequence[Organization]:
        """All, by code."""
        await trio.lowlevel.checkpoint()
        return sorted(self._organizations.values(), key=lambda each: folded(each.code))

    def _by_code(self, code: str) -> Organization | None:
        wanted = folded(code)
        found = (each for each in self._organizations.values() if folded(each.code) == wanted)
        return next(found, None)


class MemoryLimits:
    """``Limits`` in a dictionary."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], tuple[int, Instant]] = {}
        """How often, and when the next try is counted afresh."""

    async def hit(
        self, scope: str, key: str, now: Instant, window: Milliseconds, most: int
    ) -> int | None:
        """Counts one try; None if it is within ``most`` a window, else the seconds until it is counted afresh."""
        await trio.lowlevel.checkpoint()
        count, resets_at = self._counts.get((scope, key), (0, now))
        if now >= resets_at:
            count, resets_at = 0, now + window
        self._counts[scope, key] = (count + 1, resets_at)
        return None if count < most else seconds_until(resets_at, now)


class MemoryAttempts:
    """``Attempts`` in a dictionary."""

    def __init__(self) -> None:
        self._attempts: dict[str, Attempt] = {}

    async def add(self, attempt: Attempt) -> None:
        """Stores it, and forgets those that expired long before. Raises: Conflict (the id is known)."""
        await trio.lowlevel.checkpoint()
        if attempt.id in self._attempts:
            raise Conflict("the attempt exists")
        oldest = attempt.created_at - ATTEMPT_KEPT
        for id in [id for id, each in self._attempts.items() if each.expires_at < oldest]:
            del self._attempts[id]
        self._attempts[attempt.id] = attempt

    async def get(self, id: str) -> Attempt | None:
        """That attempt."""
        await trio.lowlevel.checkpoint()
        return self._attempts.get(id)

    async def try_code(
        self, id: str, code_hash: bytes, now: Instant, most: int
    ) -> tuple[TryResult, Attempt | None]:
        """Counts a try and compares; the attempt is the one after it, also if no try was left."""
        await trio.lowlevel.checkpoint()
        attempt = self._attempts.get(id)
        if attempt is None or attempt.status != "pending":
            return "over", attempt
        if attempt.expires_at <= now or attempt.tries >= most:
            return "over", attempt
        tries = attempt.tries + 1
        if attempt.account is not None and hmac.compare_digest(attempt.code_hash, code_hash):
            attempt = replace(attempt, tries=tries, status="verified")
        else:
            status = "failed" if tries >= most else "pending"
            attempt = replace(attempt, tries=tries, status=status)
        self._attempts[id] = attempt
        return ("verified" if attempt.status == "verified" else "wrong"), attempt


class MemoryRevocations:
    """``Revocations`` in a list."""

    def __init__(self) -> None:
        self._revocations: list[Revocation] = []

    async def add(self, revocation: Revocation) -> None:
        """Stores it; a jti that is revoked already stays so for the longer of the two times."""
        await trio.lowlevel.checkpoint()
        for place, each in enumerate(self._revocations):
            if revocation.jti is not None and each.jti == revocation.jti:
                expires_at = max(each.expires_at, revocation.expires_at)
                self._revocations[place] = replace(each, expires_at=expires_at)
                return
        self._revocations.append(revocation)

    async def all(self, now: Instant) -> Sequence[Revocation]:
        """Those that have not expired, in the order in which they came; deletes the others."""
        await trio.lowlevel.checkpoint()
        self._revocations = [each for each in self._revocations if each.expires_at > now]
        return list(self._revocations)
