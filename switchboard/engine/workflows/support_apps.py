"""Makes and finds the apps of support desks, and fills the bank's directory."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence

from switchboard.engine.clock import Clock
from switchboard.engine.errors import Invalid, NotFound
from switchboard.engine.ids import Ids
from switchboard.engine.records import BankCustomer, BankDirectory, SupportApp, SupportApps

CODE = re.compile(r"[A-Za-z0-9._-]{1,100}")

SECRET_BYTES = 32
"""As long as the hash of HS256 (RFC 7518, 3.2)."""

NAME_LENGTH_MOST = 200
LINES_MOST = 1_000_000
"""Of one import: some 100 MB, more customers than the banks have that use it."""

COUNTRY = "7"
"""Before numbers of ten digits: the directory is a Russian bank's (seed 003)."""


class SupportAppDesk:
    """Each method may raise StoreDown."""

    def __init__(self, apps: SupportApps, directory: BankDirectory, clock: Clock, ids: Ids) -> None:
        self._apps = apps
        self._directory = directory
        self._clock = clock
        self._ids = ids

    async def create(self, code: str, name: str, *, needs_auth_token: bool = False) -> SupportApp:
        """A new app with a secret of its own. Raises: Invalid, Conflict if the code is taken."""
        if not CODE.fullmatch(code):
            raise Invalid({"code": "must have 1 to 100 of the characters A-Z a-z 0-9 . _ -"})
        if len(name) > NAME_LENGTH_MOST or not name.isprintable():
            raise Invalid({"name": f"must have at most {NAME_LENGTH_MOST} printable characters"})
        now = self._clock.now()
        app = SupportApp(
            id=self._ids.new(now),
            code=code,
            name=name,
            secret=secrets.token_urlsafe(SECRET_BYTES),
            needs_auth_token=needs_auth_token,
            created_at=now,
        )
        await self._apps.add(app)
        return app

    async def find(self, code: str | None) -> SupportApp:
        """The app with that code, or the only one if none is named. Raises: NotFound."""
        if code is None:
            known = await self._apps.all()
            found = known[0] if len(known) == 1 else None
        else:
            found = await self._apps.find(code)
        if found is None:
            raise NotFound("app")
        return found

    async def all(self) -> Sequence[SupportApp]:
        """All, by code."""
        return await self._apps.all()

    async def import_customers(self, app: SupportApp, lines: Sequence[Mapping[str, str]]) -> int:
        """Stores the lines of a directory, all or none; known aliases are replaced.

        Args:
            lines: each with ``alias``, ``phone`` and ``fio``.

        Returns: how many there are. Raises: Invalid, naming the first wrong line, counted from 1.
        """
        if len(lines) > LINES_MOST:
            raise Invalid({"lines": f"are more than {LINES_MOST}"})
        customers = [_customer(number, line) for number, line in enumerate(lines, 1)]
        await self._directory.put(app.id, customers)
        return len(customers)

    async def customer_by_phone(self, app: str, phone: str) -> BankCustomer:
        """The customer with that phone, which may lack ``+`` and the country's code. Raises: NotFound."""
        digits = phone_digits(phone)
        found = None if digits is None else await self._directory.by_phone(app, digits)
        if found is None:
            raise NotFound("customer")
        return found

    async def customer_by_alias(self, app: str, alias: str) -> BankCustomer:
        """The customer with that alias. Raises: NotFound."""
        found = await self._directory.by_alias(app, alias)
        if found is None:
            raise NotFound("customer")
        return found


def phone_digits(phone: str) -> str | None:
    """``79154983795``, with or without ``+``, blanks and the leading 7; None if it is no phone."""
    digits = re.sub(r"[\s()+-]", "", phone)
    if not re.fullmatch(r"[0-9]{10,15}", digits):
        return None
    return COUNTRY + digits if len(digits) == 10 else digits


def _customer(number: int, line: Mapping[str, str]) -> BankCustomer:
    alias, fio = line.get("alias", "").strip(), line.get("fio", "").strip()
    phone = phone_digits(line.get("phone", ""))
    if not alias or len(alias) > NAME_LENGTH_MOST or not alias.isprintable():
        raise Invalid({f"line {number}": "has no alias of 1 to 200 printable characters"})
    if phone is None:
        raise Invalid({f"line {number}": "has no phone of 10 to 15 digits"})
    if len(fio) > NAME_LENGTH_MOST or not fio.isprintable():
        raise Invalid({f"line {number}": "has a fio that is too long or not printable"})
    return BankCustomer(alias=alias, phone=phone, fio=fio)
