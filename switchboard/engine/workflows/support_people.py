"""The people of support apps: clients that register, operators and administrators whom administrators add, the bank.

Source: contracts/ally.md. Everybody belongs to one app and is seen within it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import trio

from switchboard.engine.clock import Clock
from switchboard.engine.errors import Conflict, IdentityTaken, Invalid, NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.records import Account, Accounts, Identity, SupportApp
from switchboard.engine.records.credentials import Passwords, TokenRevoker
from switchboard.engine.workflows.accounts import (
    AccountDesk,
    Registration,
    change_account,
    value_of,
)
from switchboard.engine.workflows.room_requests import support
from switchboard.engine.workflows.rooms import RoomDesk

REALM: Final = "ally"

CLIENT = "client"
STAFF = "staff"
BANK = "bank"
"""What stands in ``Account.type``."""

STAFF_MOST = 1000
"""Operators of an app: they are listed all at once."""


def is_staff(account: Account) -> bool:
    """Whether the account is an operator or an administrator of its app."""
    return account.admin or account.operator == "approved"


def app_of(account: Account) -> str:
    """The id of the app that the account belongs to."""
    assert account.organization is not None, "everybody of this realm belongs to an app"
    return account.organization


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an operator; None: not said."""

    login: str | None = None
    password: str | None = None
    is_admin: bool | None = None
    alias: str | None = None
    avatar_url: str | None = None


class SupportPeople:
    """Each method may raise Unavailable."""

    def __init__(
        self,
        accounts: Accounts,
        desk: AccountDesk,
        rooms: RoomDesk,
        passwords: Passwords,
        revoker: TokenRevoker,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._desk = desk
        self._rooms = rooms
        self._passwords = passwords
        self._revoker = revoker
        self._clock = clock
        self._staffing: dict[str, trio.Lock] = {}
        """app -> held while its administrators become fewer."""

    # -- finding ------------------------------------------------------------------------------------------------

    async def named(self, app: str, id_or_alias: str) -> Account:
        """The active account of that app. Raises: NotFound."""
        found = await self._accounts.get(id_or_alias) if is_id(id_or_alias) else None
        if found is None or found.realm != REALM:
            found = await self.by_alias(app, id_or_alias)
        if found is None or found.organization != app or found.status != "active":
            raise NotFound("user")
        return found

    async def by_alias(self, app: str, alias: str) -> Account | None:
        """The account whom the app calls so."""
        try:
            value = value_of("alias", alias, app)
        except Invalid:
            return None
        return await self._accounts.by_identity(REALM, "alias", value)

    async def staff(self, app: str) -> list[Account]:
        """The app's operators and administrators, who came first first."""
        return list(await self._accounts.of_organization(app, 0, STAFF_MOST, staff=True))

    async def member_of_staff(self, app: str, id: str) -> Account:
        """That operator or administrator. Raises: NotFound."""
        found = await self._accounts.get(id) if is_id(id) else None
        if found is None or found.organization != app or not is_staff(found):
            raise NotFound("operator")
        if found.status != "active":
            raise NotFound("operator")
        return found

    # -- clients ------------------------------------------------------------------------------------------------

    async def register(
        self, app: SupportApp, alias: str, profile: Mapping[str, Any], *, address: str
    ) -> Account:
        """The client whom the app calls so, made if it is new, with its support room.

        An alias that is known keeps its profile: whoever registers has proven nothing. Raises: Invalid, LimitExceeded;
        Conflict: the alias is an operator's.
        """
        account = await self.by_alias(app.id, alias)
        if account is None:
            account = await self._made(app, alias, profile, address)
        if account.type != CLIENT or account.status != "active":
            raise Conflict("the alias is no client's")
        # Also of one that is known: its registration may have been interrupted before this.
        await self._rooms.open(support(REALM, app.id, account.id), by=account.id)
        return account

    async def _made(
        self, app: SupportApp, alias: str, profile: Mapping[str, Any], address: str
    ) -> Account:
        registration = Registration(
            realm=REALM,
            first_name=profile.get("name") or "",
            identities=(("alias", alias),),
            app=app.id,
            type=CLIENT,
            profile={name: value for name, value in profile.items() if name != "name"},
        )
        try:
            return await self._desk.register(registration, address=address)
        except IdentityTaken:
            # Somebody registered the same alias a moment ago.
            found = await self.by_alias(app.id, alias)
            if found is None:
                raise
            return found

    async def describe(self, account: Account, profile: Mapping[str, Any]) -> Account:
        """The account with those parts of its profile changed; ``name`` is its name. Raises: NotFound."""
        said = dict(profile)
        name = said.pop("name", account.first_name)

        def changes(current: Account) -> Mapping[str, Any]:
            return {"first_name": name or "", "profile": {**current.profile, **said}}

        return await change_account(self._accounts, account.id, changes, self._clock.now())

    # -- the desk -----------------------------------------------------------------------------------------------

    async def add_staff(self, app: str, member: StaffMember) -> Account:
        """A new operator, or administrator. Raises: Invalid, IdentityTaken."""
        missing = {
            name: "is required" for name in ("login", "password") if not getattr(member, name)
        }
        if missing:
            raise Invalid(missing)
        assert member.login is not None
        identities: tuple[Any, ...] = (("username", member.login),)
        if member.alias:
            identities += (("alias", member.alias),)
        registration = Registration(
            realm=REALM,
            identities=identities,
            password=member.password,
            app=app,
            type=STAFF,
            profile={} if member.avatar_url is None else {"avatar_url": member.avatar_url},
        )
        admin = bool(member.is_admin)
        return await self._desk.create(
            registration, admin=admin, operator="none" if admin else "approved"
        )

    async def add_bank(self, app: str, login: str, password: str) -> Account:
        """An account by which a bank asks for its customers. Raises: Invalid, IdentityTaken."""
        registration = Registration(
            realm=REALM,
            identities=(("username", login),),
            password=password,
            app=app,
            type=BANK,
        )
        return await self._desk.create(registration)

    async def change_staff(self, app: str, id: str, member: StaffMember) -> Account:
        """The operator with what is said changed. Another password or role voids its tokens.

        Raises: NotFound; Invalid; IdentityTaken; Conflict: the last administrator.
        """
        async with self._staffing.setdefault(app, trio.Lock()):
            account = await self.member_of_staff(app, id)
            if account.admin and member.is_admin is False:
                await self._only_if_others_administer(app, account)
            fresh = None
            if member.password:
                fresh = await self._passwords.hash(member.password)
            revokes = fresh is not None or member.is_admin not in (None, account.admin)
            if revokes:
                # Before, so that an interruption cannot leave the old tokens; after, for those issued in between.
                await self._revoker.revoke_account(account.id)
            now = self._clock.now()
            changed = await change_account(
                self._accounts,
                account.id,
                lambda current: self._changes(app, current, member, fresh),
                now,
            )
            if revokes:
                await self._revoker.revoke_account(account.id)
            return changed

    def _changes(
        self, app: str, account: Account, member: StaffMember, fresh: str | None
    ) -> Mapping[str, Any]:
        changes: dict[str, Any] = {}
        if fresh is not None:
            changes["password_hash"] = fresh
        if member.is_admin is not None:
            changes["admin"] = member.is_admin
            changes["operator"] = "none" if member.is_admin else "approved"
        if member.avatar_url is not None:
            changes["profile"] = {**account.profile, "avatar_url": member.avatar_url}
        identities = account.identities
        if member.login:
            identities = self._renamed(identities, "username", member.login, app)
        if member.alias:
            identities = self._renamed(identities, "alias", member.alias, app)
        return {**changes, "identities": identities}

    def _renamed(
        self, identities: tuple[Identity, ...], type: Any, shown: str, app: str
    ) -> tuple[Identity, ...]:
        value, now = value_of(type, shown, app), self._clock.now()
        known = next((one for one in identities if one.type == type), None)
        if known is not None and known.value == value:
            return identities
        # One identity of a type: its place is where the old one stood, or at the end.
        fresh = Identity(
            id=self._desk.new_id(),
            type=type,
            value=value,
            shown=shown.strip(),
            created_at=now,
            updated_at=now,
        )
        if known is None:
            return (*identities, fresh)
        return tuple(fresh if one is known else one for one in identities)

    async def remove_staff(self, app: str, id: str) -> Account:
        """The operator is no more: its rooms are free, their issues stay open, and it stays in ``closed_by``.

        Raises: NotFound; Conflict: the last administrator.
        """
        async with self._staffing.setdefault(app, trio.Lock()):
            account = await self.member_of_staff(app, id)
            if account.admin:
                await self._only_if_others_administer(app, account)
            archived = await self._desk.archive(account.id)
        await self._rooms.free_all(account.id)
        return archived

    async def _only_if_others_administer(self, app: str, account: Account) -> None:
        others = [one for one in await self.staff(app) if one.admin and one.id != account.id]
        if not others:
            raise Conflict("the last administrator of the app")


def only_staff(account: Account) -> None:
    """Raises: NotAllowed, for everybody but operators and administrators."""
    if not is_staff(account):
        raise NotAllowed("only the desk may")


def only_administrators(account: Account) -> None:
    """Raises: NotAllowed, for everybody but administrators."""
    if not account.admin:
        raise NotAllowed("only administrators may")
