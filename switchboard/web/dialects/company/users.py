"""company's calls about people: login, logout, registration, another password, everybody."""

from __future__ import annotations

import secrets
import string
from typing import Any, Final

from switchboard.engine.errors import Invalid, NotAllowed
from switchboard.engine.mail import Mail
from switchboard.engine.workflows.accounts import Registration
from switchboard.web.call import Call, Reply
from switchboard.web.dialects.company import shapes
from switchboard.web.dialects.company.shapes import Json, number_of, user_shape
from switchboard.web.reading import read

AUDIENCE = "company"

REALM: Final = "company"

GENERATED_LENGTH = 15
"""contracts/company.md."""

GENERATED_ALPHABET = string.ascii_letters + string.digits
"""15 of 62 characters are 89 bits."""


async def login(call: Call) -> Reply:
    """POST /api/login: the fields flat or within ``creds``."""
    email, password = read(shapes.within(call.body, "creds"), shapes.credentials)
    services = call.services
    account = await services.sign_in.by_password(
        REALM, "email", email, password, address=call.address
    )
    token = services.tokens.issue(
        account.id, AUDIENCE, sub=f"User:{number_of(account)}", typ="access"
    )
    expires_at = services.tokens.check(token, AUDIENCE).expires_at
    data = {"user": user_shape(account), "token": token, "expire": expires_at // 1000}
    return Reply({"data": data}, headers={"authorization": f"Bearer {token}"})


async def logout(call: Call) -> Json:
    """DELETE /api/logout: this token is void."""
    assert call.token is not None
    await call.services.tokens.revoke(call.token)
    return {"data": "Success logout"}


async def register(call: Call) -> Reply:
    """POST /api/users: 201 with the password, which is not shown again; one that was made is also mailed."""
    given = read(shapes.within(call.body, "user"), shapes.new_user)
    services = call.services
    domains = services.settings.company_domains
    if domains and given.email.rpartition("@")[2].lower() not in domains:
        raise Invalid({"email": "has a domain that is not allowed"})
    password = given.password or generated_password()
    account = await services.desk.register(
        Registration(
            realm=REALM,
            first_name=given.name,
            last_name=given.subname,
            identities=(("email", given.email),),
            password=password,
            profile={"job": given.job},
            numbered=True,
        ),
        address=call.address,
    )
    if given.password is None:
        services.courier.mail(_welcome(given.email, password))
    return Reply(user_shape(account, password), status=201)


def generated_password() -> str:
    """A password for somebody who chose none."""
    return "".join(secrets.choice(GENERATED_ALPHABET) for _ in range(GENERATED_LENGTH))


def _welcome(email: str, password: str) -> Mail:
    text = f"You were registered.\n\nLogin: {email}\nPassword: {password}\n"
    return Mail(to=email, subject="Your password", text=text)


async def change_password(call: Call) -> str:
    """PUT /api/users/:id: one's own; the account's other tokens are void. Answers the new one as a bare string."""
    caller, token, services = call.caller, call.token, call.services
    number = call.arguments["user"]
    password = read(shapes.within(call.body, "user"), shapes.password)
    if number != str(number_of(caller)):
        if await services.directory.by_identity(REALM, "serial", number) is None:
            raise Invalid({"id": "is invalid"})
        raise NotAllowed
    assert token is not None
    await services.sign_in.change_password(caller, password, keep=token.jti)
    return password


async def everybody(call: Call) -> list[Json]:
    """GET /api/users: who changed last first."""
    start, limit = call.parse_query(lambda reader: reader.page("start"))
    found = await call.services.directory.latest(REALM, start or 0, limit)
    return [user_shape(account) for account in found]


def bare(answer: Any) -> Any:
    """company has no envelope."""
    return answer
