"""Accounts, their identities and their organizations: rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from switchboard.engine.clock import Instant

Realm = Literal["people", "company", "ally", "dowell"]
"""auto and dropin share ``people``: an identity is unique over both."""

RoleStatus = Literal["none", "pending", "approved"]
"""Nobody becomes an operator or dealer by a field of a public call: such requests start ``pending``."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A way to name an account, unique in its realm."""

    id: str
    type: Literal["email", "phone", "username", "serial", "alias"]
    value: str
    """Normalized: email and username in lower case, phone in E.164. A serial is the number by which the realm shows the
    account, which nobody chooses; an alias is what an app calls its client by, written ``<app>/<alias>``."""
    shown: str
    """As the person wrote it."""
    verified: bool = False
    created_at: Instant
    updated_at: Instant


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person known to a realm."""

    id: str
    realm: Realm
    first_name: str = ""
    last_name: str = ""
    identities: tuple[Identity, ...] = ()
    password_hash: str | None = None
    """Argon2id in PHC form, or None: cannot sign in by password."""
    type: str = "user"
    status: Literal["active", "archived"] = "active"
    operator: RoleStatus = "none"
    dealer: RoleStatus = "none"
    admin: bool = False
    organization: str | None = None
    """The organization's id."""
    referral_code: str = ""
    profile_image: str | None = None
    profile: Mapping[str, Any] = {}
    """What the dialect's clients say about themselves beyond that, by the dialect's own names: JSON values, of which
    each was checked and is bounded."""
    created_at: Instant
    updated_at: Instant
    version: int = 1
    """Goes up with every change; ``update`` is conditional on it."""

    @property
    def number(self) -> int | None:
        """Its number in its realm, if the realm has numbers."""
        serial = next((one.value for one in self.identities if one.type == "serial"), None)
        return None if serial is None else int(serial)


class Accounts(Protocol):
    """The account store."""

    async def add(self, account: Account) -> None:
        """Stores a new account with its identities. Raises: IdentityTaken (nothing stored), StoreDown."""

    async def get(self, id: str) -> Account | None:
        """That account."""

    async def many(self, ids: Sequence[str]) -> Mapping[str, Account]:
        """Those that exist."""

    async def by_identity(self, realm: Realm, type: str, value: str) -> Account | None:
        """The account with that normalized identity."""

    async def update(self, account: Account, **changes: Any) -> Account:
        """Stores ``account`` with those fields changed and its version one up; identities are replaced as a whole.

        Raises: Conflict if its version is no longer the stored one; IdentityTaken; StoreDown.
        """

    async def dealers(self, organization: str) -> Sequence[str]:
        """The ids of the organization's active, approved dealers, in their order."""

    async def of_organization(
        self, organization: str, skip: int, limit: int, *, staff: bool = False
    ) -> Sequence[Account]:
        """An organization's active accounts in the order of their ids; ``staff``: only operators and administrators."""

    async def count(self, organization: str) -> int:
        """How many active accounts the organization has."""

    async def latest(self, realm: Realm, skip: int, limit: int) -> Sequence[Account]:
        """The realm's active accounts, who changed last first."""

    async def page(self, realm: Realm | None, after: str | None, limit: int) -> Sequence[Account]:
        """Accounts in the order of their ids."""


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """A company that dealers and operators belong to."""

    id: str
    code: str
    """What clients call it by; unique, case-insensitive."""
    name: str
    enabled: bool = True
    created_at: Instant


class Organizations(Protocol):
    """The organizations."""

    async def add(self, organization: Organization) -> None:
        """Raises: Conflict if the code is taken."""

    async def find(self, id_or_code: str) -> Organization | None:
        """By id or by code."""

    async def enable(self, id: str, enabled: bool) -> Organization | None:
        """Says whether the organization takes anything new. Returns: as it is then; None if there is none."""

    async def all(self) -> Sequence[Organization]:
        """All, by code."""
