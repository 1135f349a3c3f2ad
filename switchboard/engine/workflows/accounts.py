"""How people come to exist: registration by themselves, and creation, approval and archiving by administrators.

Nobody becomes an operator, dealer or administrator by a field of a public call; such wishes start ``pending``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.errors import Conflict, IdentityTaken, Invalid, NotFound
from switchboard.engine.ids import Ids, is_id
from switchboard.engine.records import Account, Accounts, Identity, Organization, Organizations
from switchboard.engine.records.accounts import Realm, RoleStatus
from switchboard.engine.records.credentials import Passwords, TokenRevoker
from switchboard.engine.workflows.identities import IdentityType, normalize
from switchboard.engine.workflows.quotas import Counter, Quotas
from switchboard.engine.workflows.serial_numbers import SerialNumbers

Role = Literal["operator", "dealer"]

IDENTITIES_MOST = 10
"""The seed's sample has two; nobody has more than a few."""

CHANGE_TRIES = 5
"""An account is changed by its owner and now and then by an administrator: more losers in a row are a bug."""

REFERRAL_LENGTH = 7
"""The seed's sample: ``HyTzwy9``."""

REFERRAL_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
"""Without 0, O, 1, I and l, which people mix up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSettings:
    """What a deployment may say about registration."""

    lenient: bool = False
    """An unknown organization is left out instead of refused (the embedded default)."""
    approve_at_once: bool = False
    """Operators and dealers need no approval: only for trying things out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What somebody says about themselves."""

    realm: Realm = "people"
    first_name: str = ""
    last_name: str = ""
    identities: tuple[tuple[IdentityType, str], ...]
    password: str | None = None
    wants: Role | None = None
    organization: str | None = None
    """Id or code."""
    app: str | None = None
    """The support app that the account belongs to, in place of an organization. An alias is unique within it."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    type: str = "user"
    numbered: bool = False
    """Whether the account gets a number of its realm."""


class AccountDesk:
    """Makes and changes accounts. ``accounts`` is the directory, so that everyone sees a change at once."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        organizations: Organizations,
        passwords: Passwords,
        revoker: TokenRevoker,
        counter: Counter,
        clock: Clock,
        ids: Ids,
        serials: SerialNumbers,
        quotas: Quotas | None = None,
        settings: AccountSettings | None = None,
    ) -> None:
        self._accounts = accounts
        self._organizations = organizations
        self._passwords = passwords
        self._revoker = revoker
        self._counter = counter
        self._clock = clock
        self._ids = ids
        self._serials = serials
        self._quotas = quotas or Quotas()
        self._settings = settings or AccountSettings()

    async def register(self, registration: Registration, *, address: str) -> Account:
        """Stores a new account as its owner describes it; a wished role is pending.

        Args:
            address: where the request came from, for the limit.

        Raises:
            LimitExceeded; Invalid, naming the field; IdentityTaken; Unavailable. Nothing was stored.
        """
        await self._counter.count(
            "registration/address", address, self._quotas.registrations_per_address
        )
        role: RoleStatus = "approved" if self._settings.approve_at_once else "pending"
        return await self._add(
            registration,
            operator=role if registration.wants == "operator" else "none",
            dealer=role if registration.wants == "dealer" else "none",
        )

    async def create(
        self,
        registration: Registration,
        *,
        admin: bool = False,
        operator: RoleStatus = "none",
        dealer: RoleStatus = "none",
    ) -> Account:
        """Stores an account with its roles, as an administrator says.

        Raises: Invalid, IdentityTaken, Unavailable. Nothing was stored.
        """
        return await self._add(registration, admin=admin, operator=operator, dealer=dealer)

    async def create_organization(self, code: str, name: str) -> Organization:
        """Stores a new organization. Raises: Invalid, Conflict if the code is taken, Unavailable."""
        if not code.strip() or any(character.isspace() for character in code.strip()):
            raise Invalid({"code": "must have characters and no blanks"})
        now = self._clock.now()
        organization = Organization(
            id=self._ids.new(now), code=code.strip(), name=name.strip(), created_at=now
        )
        await self._organizations.add(organization)
        return organization

    def new_id(self) -> str:
        """An id for something of an account's."""
        return self._ids.new(self._clock.now())

    async def approve(self, account: str, role: Role) -> Account:
        """Gives the role. Raises: NotFound, Unavailable."""
        return await self._change(account, lambda _: {role: "approved"})

    async def dismiss(self, account: str, role: Role) -> Account:
        """Takes the role away, and the account's tokens with it. Raises: NotFound, Unavailable."""
        changed = await self._change(account, lambda _: {role: "none"})
        await self._revoker.revoke_account(account)
        return changed

    async def archive(self, account: str) -> Account:
        """Closes the account: it signs in no more and its tokens are void. Raises: NotFound, Unavailable."""
        changed = await self._change(account, lambda _: {"status": "archived"})
        await self._revoker.revoke_account(account)
        return changed

    async def _change(self, id: str, changes: Callable[[Account], Mapping[str, Any]]) -> Account:
        return await change_account(self._accounts, id, changes, self._clock.now())

    async def _add(
        self,
        registration: Registration,
        *,
        admin: bool = False,
        operator: RoleStatus,
        dealer: RoleStatus,
    ) -> Account:
        now = self._clock.now()
        identities = self._identities(registration, now)
        organization = registration.app or await self._organization(registration.organization)
        password_hash = None
        if registration.password is not None:
            password_hash = await self._passwords.hash(registration.password)
        if registration.numbered:
            identities += (await self._numbered(registration, now),)
        id = self._ids.new(now)
        account = Account(
            id=id,
            realm=registration.realm,
            first_name=registration.first_name,
            last_name=registration.last_name,
            identities=identities,
            password_hash=password_hash,
            type=registration.type,
            operator=operator,
            dealer=dealer,
            admin=admin,
            organization=organization,
            referral_code=referral_code(id),
            profile=registration.profile,
            created_at=now,
            updated_at=now,
        )
        await self._accounts.add(account)
        return account

    async def _numbered(self, registration: Registration, now: Instant) -> Identity:
        """A number that nobody has. Who cannot have the other identities is told before one is used up."""
        for type, shown in registration.identities:
            value = value_of(type, shown, registration.app)
            if await self._accounts.by_identity(registration.realm, type, value) is not None:
                raise IdentityTaken(type)
        number = str(await self._serials.one(f"{registration.realm}/account"))
        return Identity(
            id=self._ids.new(now),
            type="serial",
            value=number,
            shown=number,
            created_at=now,
            updated_at=now,
        )

    def _identities(self, registration: Registration, now: Instant) -> tuple[Identity, ...]:
        given = registration.identities
        if not 1 <= len(given) <= IDENTITIES_MOST:
            raise Invalid({"identities": f"must be 1 to {IDENTITIES_MOST}"})
        identities = tuple(
            Identity(
                id=self._ids.new(now),
                type=type,
                value=value_of(type, shown, registration.app),
                shown=shown.strip(),
                created_at=now,
                updated_at=now,
            )
            for type, shown in given
        )
        if len({(one.type, one.value) for one in identities}) < len(identities):
            raise Invalid({"identities": "names the same identity twice"})
        return identities

    async def _organization(self, named: str | None) -> str | None:
        if named is None:
            return None
        organization = await self._organizations.find(named)
        if organization is not None:
            return organization.id
        if self._settings.lenient:
            return None
        raise Invalid({"organization": "is unknown"})


async def change_account(
    accounts: Accounts,
    id: str,
    changes: Callable[[Account], Mapping[str, Any]],
    now: Instant,
) -> Account:
    """Changes an account as it stands, again if somebody else was faster.

    Raises: NotFound, Conflict if others were faster each time, Unavailable.
    """
    for _ in range(CHANGE_TRIES):
        account = await accounts.get(id) if is_id(id) else None
        if account is None:
            raise NotFound("account")
        try:
            return await accounts.update(account, **{"updated_at": now, **changes(account)})
        except Conflict as conflict:
            if type(conflict) is not Conflict:
                raise
            last = conflict
    raise last


def value_of(type: IdentityType, shown: str, app: str | None) -> str:
    """An identity as it is stored: an alias with the app that gave it. Raises: Invalid, naming the type."""
    value = normalize(type, shown)
    return f"{app}/{value}" if type == "alias" else value


def referral_code(id: str) -> str:
    """The seven characters by which an account recommends the service: made from its id, so they need no chance."""
    number = int.from_bytes(hashlib.sha256(b"referral/" + id.encode()).digest()[:8])
    characters = []
    for _ in range(REFERRAL_LENGTH):
        number, index = divmod(number, len(REFERRAL_ALPHABET))
        characters.append(REFERRAL_ALPHABET[index])
    return "".join(characters)
