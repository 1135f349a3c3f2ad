"""Somebody of each role, and something of each kind, made through the public APIs of a running demo server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from pictures import PNG

PLACE = {"latitude": 52.52, "longitude": 13.4}


@dataclass(frozen=True)
class Role:
    """Who calls what."""

    name: str
    paths: str
    """A regular expression."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Logins:
    """What the first start of the demo server printed."""

    password: str
    widget_key: str
    admin_password: str


class Stage:
    """Makes them."""

    def __init__(self, client: httpx.Client, base: str, logins: Logins) -> None:
        self._client, self._base, self._logins = client, base, logins
        self.known: dict[str, list[str]] = {}

    def _call(self, method: str, path: str, **more: Any) -> Any:
        answer = self._client.request(method, f"{self._base}{path}", **more)
        assert answer.status_code in (200, 201), (path, answer.text)
        return answer.json()

    def _know(self, name: str, *ids: str) -> None:
        self.known.setdefault(name, []).extend(ids)

    def roles(self) -> list[Role]:
        """Everybody."""
        return [
            Role("none", "."),
            *self._dropin(),
            *self._auto(),
            *self._company(),
            *self._ally(),
            Role("staff", "^/dowell/", {"X-Api-Key": self._logins.widget_key}),
        ]

    def _dropin(self) -> list[Role]:
        def person(name: str, **more: Any) -> tuple[str, dict[str, str]]:
            identities = [{"type": "email", "value": f"{name}@fuzz.test"}]
            account = self._call(
                "POST", "/dropin/accounts", json={"identities": identities, **more}
            )
            return account["id"], {"Authorization": f"Bearer {account['accessToken']}"}

        customer, customers = person("customer")
        operator, operators = person("operator", operator={})
        self._call("POST", "/dropin/accounts/status/online", json=PLACE, headers=operators)
        gig = self._call("POST", "/dropin/gigs", json=PLACE, headers=customers)["gig"]["id"]
        self._call(
            "POST", f"/dropin/gigs/claim/{gig}", json={"response": "accept"}, headers=operators
        )
        upload = self._call("POST", "/dropin/storage", json={"type": "chat"}, headers=customers)
        self._client.put(upload["location"], content=PNG)
        self._know("account", customer, operator)
        self._know("gig", gig)
        self._know("upload", upload["id"])
        return [
            Role("customer", "^/dropin/", customers),
            Role("operator", "^/dropin/", operators),
        ]

    def _auto(self) -> list[Role]:
        body = {"username": "dealer1", "password": self._logins.password}
        token = self._call("POST", "/auto/auth", json=body)["token"]
        dealers = {"Authorization": token}
        self._call("POST", "/auto/accounts/status/online", headers=dealers)
        stream = self._call("POST", "/auto/streams/request/demo", json={"vin": "x"})
        self._know("stream", stream["data"]["id"])
        self._know("organization", "demo")
        self._know("vin", "1HGCM82633A004352")
        body = {"username": "admin", "password": self._logins.admin_password}
        admin = self._call("POST", "/auto/auth", json=body)["token"]
        return [
            Role("dealer", "^/auto/", dealers),
            Role("admin", "^/auto/", {"Authorization": admin}),
        ]

    def _company(self) -> list[Role]:
        body = {"email": "colleague1@demo.test", "password": self._logins.password}
        data = self._call("POST", "/company/api/login", json={"creds": body})["data"]
        headers = {"Authorization": f"Bearer {data['token']}"}
        users = self._call("GET", "/company/api/users", headers=headers)
        other = next(one["id"] for one in users if one["id"] != data["user"]["id"])
        self._call("POST", "/company/api/conversations", json={"recipient": other}, headers=headers)
        return [Role("colleague", "^/company/", headers)]

    def _ally(self) -> list[Role]:
        def token(path: str, **form: str) -> dict[str, str]:
            found = self._call("POST", f"/ally/api/{path}", data=form)["token"]
            return {"Authorization": f"Token {found}"}

        user = self._call("POST", "/ally/api/user/register", data={"alias": "fuzz"})["id"]
        clients = token("token", alias="fuzz")
        password = self._logins.password
        operators = token("auth", login="support", password=password)
        admins = token("auth", login="supportadmin", password=password)
        rooms = self._call("GET", f"/ally/api/user/{user}/rooms", headers=clients)["rooms"]
        self._know("room", rooms[0]["id"])
        staff = self._call("GET", "/ally/api/operators", headers=clients)["operators"]
        self._know("operator", *(one["id"] for one in staff))
        self._know("user", user, "fuzz")
        return [
            Role("client", "^/ally/", clients),
            Role("operator", "^/ally/", operators),
            Role("administrator", "^/ally/", admins),
        ]
