"""What administrators can have the running server do for support desks: apps, their people, the bank's directory."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio

from switchboard.admin_channel import AdminCommand, Refused
from switchboard.engine.errors import NotFound
from switchboard.engine.records import Account, SupportApp
from switchboard.engine.workflows.support_apps import LINES_MOST
from switchboard.engine.workflows.support_people import StaffMember
from switchboard.web.services import Services

COLUMNS = ["alias", "phone", "fio"]

Shown = dict[str, Any]
"""Something as JSON has it."""


class SupportAdministration:
    """The commands. Each raises what its workflow raises, or ``Refused``; all return what JSON has a form for."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._support = services.support

    def commands(self) -> Mapping[str, AdminCommand]:
        """By the name that the command line calls them."""
        return {
            "support-app add": self.app_add,
            "support-app list": self.app_list,
            "support-staff add": self.staff_add,
            "bank add": self.bank_add,
            "directory import": self.directory_import,
            "say": self.say,
        }

    async def app_add(self, code: str, name: str, needs_auth_token: bool) -> Shown:
        """A new app; its secret is shown."""
        app = await self._support.apps.create(code, name, needs_auth_token=needs_auth_token)
        return {**_app(app), "secret": app.secret}

    async def app_list(self, secrets: bool = False) -> list[Shown]:
        """All, by code; with their secrets only if asked for."""
        apps = await self._support.apps.all()
        return [_app(app) | ({"secret": app.secret} if secrets else {}) for app in apps]

    async def _app(self, code: str | None) -> SupportApp:
        try:
            return await self._support.apps.find(code)
        except NotFound:
            which = "say which with --app" if code is None else f"there is no app {code}"
            raise Refused(which) from None

    async def staff_add(self, app: str | None, login: str, password: str, admin: bool) -> Shown:
        """An operator or administrator of an app."""
        found = await self._app(app)
        member = StaffMember(login=login, password=password, is_admin=admin)
        account = await self._support.people.add_staff(found.id, member)
        return {"id": account.id, "app": found.code}

    async def bank_add(self, app: str | None, login: str, password: str) -> Shown:
        """An account by which a bank asks for its customers."""
        found = await self._app(app)
        account = await self._support.people.add_bank(found.id, login, password)
        return {"id": account.id, "app": found.code}

    async def directory_import(self, app: str | None, file: str) -> Shown:
        """The lines of a CSV file on this machine, all or none."""
        found = await self._app(app)
        lines = await trio.to_thread.run_sync(_lines, Path(file))
        return {"app": found.code, "lines": await self._support.apps.import_customers(found, lines)}

    async def say(self, room: str, text: str, sender: str, app: str | None = None) -> Shown:
        """Writes into a room as somebody of an app: a client by id or alias, an operator by id or login."""
        account = await self._sender(sender, app)
        posted = await self._support.rooms.post(account, room, text=text, caused_by="system:say")
        return {"message": posted.message.id, "issue": posted.message.issue}

    async def _sender(self, named: str, app: str | None) -> Account:
        by_login = await self._services.directory.by_identity("ally", "username", named.lower())
        if by_login is not None:
            return by_login
        found = await self._app(app)
        return await self._support.people.named(found.id, named)


def _app(app: SupportApp) -> Shown:
    return {
        "id": app.id,
        "code": app.code,
        "name": app.name,
        "needs_auth_token": app.needs_auth_token,
    }


def _lines(file: Path) -> list[dict[str, str]]:
    """The lines of the file; a first line with the columns' names is none. Raises: Refused."""
    lines: list[dict[str, str]] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for number, row in enumerate(csv.reader(opened), 1):
                if not row or (number == 1 and [cell.strip() for cell in row] == COLUMNS):
                    continue
                if len(row) != len(COLUMNS):
                    raise Refused(f"line {number} of {file.name} must be alias,phone,fio")
                lines.append(dict(zip(COLUMNS, row, strict=True)))
                if len(lines) > LINES_MOST:
                    raise Refused(f"{file.name} has more than {LINES_MOST} lines")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{file.name} cannot be read: {error}") from error
    return lines
