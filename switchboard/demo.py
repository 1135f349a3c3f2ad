"""Demo data: an organization with a dealer and a car, five operators around one city, two customers and two colleagues,
so that a newcomer's first request finds somebody.
"""

from __future__ import annotations

from typing import NamedTuple

import structlog
import trio

from switchboard import first_start
from switchboard.engine.errors import EngineError
from switchboard.engine.records.accounts import RoleStatus
from switchboard.engine.sessions.kind import Address
from switchboard.engine.workflows.accounts import Registration
from switchboard.engine.workflows.support_people import StaffMember
from switchboard.engine.workflows.vehicles import register_vehicle
from switchboard.web.playground import ORGANIZATION, VIN
from switchboard.web.services import Services

WIDGET_ORGANIZATION = "DOWELL12345"
"""The org_id of dowell's own examples."""

SIGNS_PER_TIMEOUT = 3
"""Signs that a demo operator gives in the time after which it would be away: two may be late."""


class DemoOperator(NamedTuple):
    """An operator with a place; all are within the default radius of the city's middle."""

    username: str
    first_name: str
    latitude: float
    longitude: float


OPERATORS = (
    DemoOperator("operator1", "Alexanderplatz", 52.5219, 13.4132),
    DemoOperator("operator2", "Hauptbahnhof", 52.5251, 13.3694),
    DemoOperator("operator3", "Kreuzberg", 52.4986, 13.4034),
    DemoOperator("operator4", "Tiergarten", 52.5145, 13.3501),
    DemoOperator("operator5", "Friedrichshain", 52.5156, 13.4549),
)

CUSTOMERS = ("customer1", "customer2")

DEALER = "dealer1"

COLLEAGUES = ("colleague1", "colleague2")

SUPPORT_STAFF = (("support", False), ("supportadmin", True))
"""(login, whether an administrator)"""

BANK = "bank"
CUSTOMER = {"alias": "AFAMJ7", "phone": "79154983795", "fio": "Demo"}
"""The alias and phone of ally's examples."""


async def prepare(services: Services) -> list[str]:
    """Makes what is missing of the demo data. Returns: the lines that show the logins made now."""
    if await services.engine.store.organizations.find(ORGANIZATION) is None:
        made = await services.desk.create_organization(ORGANIZATION, "Demo organization")
        await register_vehicle(services.engine, made.id, VIN, "Accord", None)
    password = first_start.generated_password()
    lines: list[str] = []
    for one in OPERATORS:
        if await _made(services, one.username, one.first_name, password, operator="approved"):
            place = f"{one.latitude}, {one.longitude}"
            lines.append(f"{_login(one.username, password)}  operator at {place}")
    for username in CUSTOMERS:
        if await _made(services, username, "Customer", password):
            lines.append(f"{_login(username, password)}  customer")
    if await _made(services, DEALER, "Dealer", password, dealer="approved"):
        lines.append(f"{_login(DEALER, password)}  dealer of the organization {ORGANIZATION}")
    for name in COLLEAGUES:
        if await _made_colleague(services, name, password):
            lines.append(
                f"  {_email(name)}  {password}  colleague, by password at /company/api/login"
            )
    lines += await _support(services, password)
    lines += await _widget_key(services)
    if not lines:
        return []
    return [
        "Demo people (shown once): by password at /auto/auth, by a code at /dropin/login (it comes in this log)",
        *lines,
    ]


async def _support(services: Services, password: str) -> list[str]:
    """An app with a desk, a client, a bank and its customer, if the bank is missing, which is made last."""
    support = services.support
    if await services.directory.by_identity("ally", "username", BANK) is not None:
        return []
    app = await first_start.support_app(services)
    lines = []
    for login, admin in SUPPORT_STAFF:
        if await services.directory.by_identity("ally", "username", login) is not None:
            continue
        await support.people.add_staff(
            app.id, StaffMember(login=login, password=password, is_admin=admin)
        )
        role = "administrator" if admin else "operator"
        lines.append(f"  {login}  {password}  {role} of {app.code} at /ally/api/auth")
    await support.apps.import_customers(app, [CUSTOMER])
    lines.append(f"  {BANK}  {password}  bank of /ally/AlfaSense, by HTTP Basic")
    await support.people.register(app, CUSTOMER["alias"], {"name": "Demo"}, address="demo")
    await support.people.add_bank(app.id, BANK, password)
    return lines


async def _widget_key(services: Services) -> list[str]:
    """A key for the organization of the widgets' documents, if none was given out yet."""
    if await services.api_keys.all("dowell"):
        return []
    _, secret = await services.api_keys.issue("dowell", WIDGET_ORGANIZATION, "demo")
    return [f"  {secret}  API key of the organization {WIDGET_ORGANIZATION} of /dowell"]


def _login(username: str, password: str) -> str:
    return f"  {username}  {password}  {_email(username)}"


def _email(username: str) -> str:
    return f"{username}@demo.test"


async def _made(
    services: Services,
    username: str,
    first_name: str,
    password: str,
    *,
    operator: RoleStatus = "none",
    dealer: RoleStatus = "none",
) -> bool:
    if await _account_id(services, username) is not None:
        return False
    registration = Registration(
        first_name=first_name,
        last_name="Demo",
        identities=(("username", username), ("email", _email(username))),
        password=password,
        organization=ORGANIZATION,
    )
    await services.desk.create(registration, operator=operator, dealer=dealer)
    return True


async def _made_colleague(services: Services, name: str, password: str) -> bool:
    if await services.directory.by_identity("company", "email", _email(name)) is not None:
        return False
    registration = Registration(
        realm="company",
        first_name="Colleague",
        last_name="Demo",
        identities=(("email", _email(name)),),
        password=password,
        profile={"job": "Demo"},
        numbered=True,
    )
    await services.desk.create(registration)
    return True


async def _account_id(services: Services, username: str) -> str | None:
    account = await services.directory.by_identity("people", "username", username)
    return None if account is None else account.id


async def keep_online(
    services: Services,
    timeout_seconds: float,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Puts the demo operators and the dealer online and stands in for the operators' phones until cancelled.

    Only the sign of life is given: whoever goes offline by the API stays so until the next start, and a place that was
    set by the API stays.
    """
    log = structlog.get_logger("demo")
    operators = {one: await _account_id(services, one.username) for one in OPERATORS}
    for one, account in operators.items():
        if account is not None:
            placed = await services.engine.read(Address("person", account))
            moved = placed is not None and placed.latitude is not None
            await services.dispatch.online(
                account, None if moved else one.latitude, None if moved else one.longitude
            )
    dealer = await _account_id(services, DEALER)
    if dealer is not None:
        await services.showroom.online(dealer)
    task_status.started()
    while True:
        await trio.sleep(timeout_seconds / SIGNS_PER_TIMEOUT)
        for account in operators.values():
            if account is None:
                continue
            try:
                await services.dispatch.heartbeat(account)
            except EngineError as error:
                log.warning("demo_sign_failed", account=account, reason=str(error))
