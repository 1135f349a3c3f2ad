"""What administrators can have the running server do; the command line reaches these by the admin channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import trio

from switchboard import keys
from switchboard.admin_channel import AdminCommand, Refused
from switchboard.engine.errors import NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.ports import Header, JournalEntry, QuarantineRow
from switchboard.engine.records import Account, Organization
from switchboard.engine.sessions.gig import AdvanceGig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.workflows.accounts import Registration, Role
from switchboard.engine.workflows.vehicles import register_vehicle
from switchboard.settings import Settings, variable_of
from switchboard.support_administration import SupportAdministration
from switchboard.web.services import Services

BY_ADMINISTRATOR = "system:admin"

KINDS = ("gig", "stream", "person", "room")

Shown = dict[str, Any]
"""Something as JSON has it."""


class Administration:
    """The commands. Each raises what its workflow raises, or ``Refused``; all return what JSON has a form for."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._engine = services.engine
        self._settings = settings

    def commands(self) -> Mapping[str, AdminCommand]:
        """By the name that the command line calls them."""
        return {
            "organization add": self.organization_add,
            "organization list": self.organization_list,
            "organization enable": self.organization_enable,
            "vehicle add": self.vehicle_add,
            "account add": self.account_add,
            "account show": self.account_show,
            "account approve": self.account_approve,
            "gig advance": self.gig_advance,
            "sessions list": self.sessions_list,
            "sessions show": self.sessions_show,
            "sessions timeline": self.sessions_timeline,
            "sessions end": self.sessions_end,
            "sessions release": self.sessions_release,
            "quarantine list": self.quarantine_list,
            "keys rotate": self.keys_rotate,
            "api-key add": self.api_key_add,
            "api-key list": self.api_key_list,
            "api-key remove": self.api_key_remove,
            **SupportAdministration(self._services).commands(),
        }

    # -- people -------------------------------------------------------------------------------------------------

    async def organization_add(self, code: str, name: str) -> Shown:
        """A new organization."""
        return _shown(await self._services.desk.create_organization(code, name))

    async def organization_list(self) -> list[Shown]:
        """All, by code."""
        return [_shown(one) for one in await self._engine.store.organizations.all()]

    async def organization_enable(self, organization: str, enabled: bool) -> Shown:
        """Says whether an organization takes anything new; what is live goes on."""
        found = await self._organization(organization)
        changed = await self._engine.store.organizations.enable(found.id, enabled)
        assert changed is not None  # Organizations are never deleted.
        return _shown(changed)

    async def vehicle_add(
        self, organization: str, vin: str, model: str, photo: str | None = None
    ) -> Shown:
        """A car of an organization, in place of the one with the same number."""
        house = await self._organization(organization)
        return _shown(await register_vehicle(self._engine, house.id, vin, model, photo))

    async def _organization(self, named: str) -> Organization:
        found = await self._engine.store.organizations.find(named)
        if found is None:
            raise NotFound(f"organization {named}")
        return found

    async def account_add(
        self,
        login: str,
        password: str | None,
        first_name: str,
        last_name: str,
        organization: str | None,
        role: str,
    ) -> Shown:
        """A new account with that role, approved. ``login``: an e-mail address, ``+`` and a phone number, or a name."""
        if organization is not None:
            await self._organization(organization)
        elif role == "dealer":
            raise Refused("a dealer needs an organization")
        registration = Registration(
            first_name=first_name,
            last_name=last_name,
            identities=((_identity_type(login), login),),
            password=password,
            organization=organization,
        )
        account = await self._services.desk.create(
            registration,
            admin=role == "admin",
            operator="approved" if role == "operator" else "none",
            dealer="approved" if role == "dealer" else "none",
        )
        return _account(account)

    async def account_show(self, account: str) -> Shown:
        """An account by its id or by a login."""
        return _account(await self._account(account))

    async def account_approve(self, account: str, role: Role | None = None) -> Shown:
        """Makes somebody who asked for it, or not, an operator or a dealer; by default what was asked for."""
        found = await self._account(account)
        wanted: Role = "dealer" if found.dealer == "pending" else "operator"
        role = role or wanted
        if role == "dealer" and found.organization is None:
            raise Refused("a dealer needs an organization")
        return {**_account(await self._services.desk.approve(found.id, role)), "role": role}

    async def _account(self, named: str) -> Account:
        accounts = self._services.directory
        found = await accounts.get(named) if is_id(named) else None
        if found is None:
            found = await accounts.by_identity("people", _identity_type(named), named.lower())
        if found is None:
            raise NotFound(f"account {named}")
        return found

    # -- API keys -----------------------------------------------------------------------------------------------

    async def api_key_add(self, organization: str, name: str) -> Shown:
        """A new key for an organization's own servers, shown now and never again."""
        key, secret = await self._services.api_keys.issue("dowell", organization, name)
        return {"id": key.id, "key": secret}

    async def api_key_list(self) -> list[Shown]:
        """All keys, by age; none can be shown."""
        return [
            {
                "id": key.id,
                "organization": key.owner,
                "name": key.name,
                "created_at": key.created_at,
            }
            for key in await self._services.api_keys.all("dowell")
        ]

    async def api_key_remove(self, id: str) -> Shown:
        """The key opens nothing any more."""
        await self._services.api_keys.remove(id)
        return {"id": id}

    # -- sessions -----------------------------------------------------------------------------------------------

    async def gig_advance(self, id: str, expected: str | None = None) -> Shown:
        """The back office's next step for a gig. ``expected``: refused or repeated unless that is its status."""
        gig = await self._engine.ask(
            await self._existing("gig", id), AdvanceGig(expected=expected), by=BY_ADMINISTRATOR
        )
        return {"id": gig.id, "status": gig.phase}

    async def sessions_list(
        self, kind: str, phases: list[str] | None, limit: int, after: int | None
    ) -> list[Shown]:
        """The newest sessions of a kind."""
        _known(kind)
        headers = await self._engine.store.sessions.headers(kind, phases or None, limit, after)
        return [self._header(header) for header in headers]

    async def sessions_show(self, kind: str, id: str) -> Shown:
        """A session's header and its present state."""
        address = await self._existing(kind, id)
        header = await self._engine.store.sessions.header(address)
        assert header is not None  # Sessions are never deleted.
        return {**self._header(header), "state": _shown(await self._engine.read(address))}

    async def sessions_timeline(self, kind: str, id: str) -> list[Shown]:
        """A session's journal."""
        address = await self._existing(kind, id)
        return [_entry(entry) for entry in await self._engine.store.sessions.journal(address)]

    async def sessions_end(self, kind: str, id: str) -> Shown:
        """Ends a session for good, out of quarantine if need be."""
        state = await self._engine.end(await self._existing(kind, id), by=BY_ADMINISTRATOR)
        return {"id": id, "phase": state.phase}

    async def sessions_release(self, kind: str, id: str) -> Shown:
        """Takes a session out of quarantine."""
        if not await self._engine.release(await self._existing(kind, id)):
            raise Refused(f"{kind} {id} is not in quarantine")
        return {"id": id}

    async def quarantine_list(self) -> list[Shown]:
        """All sessions that stand still, oldest first."""
        return [_quarantine(row) for row in await self._engine.store.sessions.quarantined()]

    async def _existing(self, kind: str, id: str) -> Address:
        _known(kind)
        address = Address(kind, id)
        if not is_id(id) or await self._engine.store.sessions.header(address) is None:
            raise NotFound(f"{kind} {id}")
        return address

    def _header(self, header: Header) -> Shown:
        return {
            "kind": header.address.kind,
            "id": header.address.id,
            "phase": header.phase,
            "version": header.version,
            "deadline": header.deadline,
            "updated_at": header.updated_at,
            "serial": header.serial,
            "active": self._engine.is_active(header.address),
        }

    # -- keys ---------------------------------------------------------------------------------------------------

    async def keys_rotate(self) -> Shown:
        """A new signing key, in use from now on; tokens of the former ones stay good."""
        if self._settings.token_keys is not None:
            raise Refused(
                f"the token keys come from {variable_of('token_keys')}: rotate them there"
            )
        rotated = await trio.to_thread.run_sync(keys.rotate, self._settings.data_dir)
        current = next(iter(rotated))
        self._services.tokens.use_keys(rotated, current)
        return {"kid": current}


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise Refused(f"there is no kind {kind!r}, only {', '.join(KINDS)}")


def _identity_type(login: str) -> Any:
    if "@" in login:
        return "email"
    return "phone" if login.startswith("+") else "username"


def _account(account: Account) -> Shown:
    shown = _shown(account)
    shown["has_password"] = shown.pop("password_hash") is not None
    return shown


def _entry(entry: JournalEntry) -> Shown:
    return {
        "version": entry.version,
        "name": entry.name,
        "at": entry.at,
        "by": entry.by,
        "caused_by": entry.caused_by,
        "code_version": entry.code_version,
        "body": msgspec.json.decode(entry.body),
    }


def _quarantine(row: QuarantineRow) -> Shown:
    return {
        "kind": row.address.kind,
        "id": row.address.id,
        "at": row.at,
        "message": row.message,
        "incident": row.incident,
        "fingerprint": row.fingerprint,
        "code_version": row.code_version,
        "traceback": row.traceback,
    }


def _shown(value: Any) -> Shown:
    shown: Shown = msgspec.to_builtins(value)
    return shown
