"""No password or token that anybody used stands in the database, in the log, or in an answer that is not its own."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from server_process import run, serve

PASSWORD = "A-very-secret-passw0rd"
CHANGED = "An0ther-secret-one"


class Calls:
    """Calls the server and keeps every answer."""

    def __init__(self, client: httpx.Client, base: str) -> None:
        self._client, self._base = client, base
        self.answers: list[str] = []

    def __call__(self, method: str, path: str, **more: Any) -> Any:
        answer = self._client.request(method, f"{self._base}{path}", **more)
        assert answer.status_code in (200, 201), (path, answer.text)
        self.answers.append(answer.text)
        return answer.json()


async def dumped(data_dir: Path) -> str:
    """Every row of every table, as text."""
    folder, password = data_dir / "postgres", (data_dir / "postgres.password").read_text().strip()
    connection = await asyncpg.connect(
        host=str(folder), user="switchboard", database="switchboard", password=password
    )
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        rows = [
            record["row"]
            for table in tables
            for record in await connection.fetch(f"SELECT t::text AS row FROM {table['name']} AS t")
        ]
        # Bodies are bytes, which Postgres shows in hexadecimal.
        bodies = await connection.fetch(
            "SELECT body FROM journal UNION ALL SELECT body FROM notice"
        )
    finally:
        await connection.close()
    return "\n".join([*rows, *(row["body"].decode("latin-1") for row in bodies)])


def test_nothing_secret_is_kept(data_dir: Path, client: httpx.Client) -> None:
    with serve(data_dir, "--demo") as server:
        call = Calls(client, server.base())
        secrets = [PASSWORD, CHANGED, server.wait_for(r"^\s+dealer1\s+(\S+)")[1]]
        # auto
        who = {"username": "sue", "password": PASSWORD}
        call("POST", "/auto/auth/register", json=who | {"email": "sue@example.test"})
        secrets.append(call("POST", "/auto/auth", json=who)["token"].removeprefix("JWT "))
        call("POST", "/auto/auth/changepassword", json=who | {"newpassword": CHANGED})
        stream = call("POST", "/auto/streams/request/demo", json={"vin": "x"})["data"]
        secrets += [stream["viewerToken"], stream["token"]]
        # dropin
        identities = [{"type": "email", "value": "tom@example.test"}]
        secrets.append(
            call("POST", "/dropin/accounts", json={"identities": identities})["accessToken"]
        )
        # company
        user = {"name": "A", "subname": "B", "email": "c@example.test", "job": "D"}
        call("POST", "/company/api/users", json=user | {"password": PASSWORD})
        made = call("POST", "/company/api/users", json=user | {"email": "d@example.test"})
        secrets.append(made["password"])
        login = {"email": "c@example.test", "password": PASSWORD}
        secrets.append(call("POST", "/company/api/login", json=login)["data"]["token"])
        # ally
        call("POST", "/ally/api/user/register", data={"alias": "eve"})
        secrets.append(call("POST", "/ally/api/token", data={"alias": "eve"})["token"])
        words = ("support-app", "staff", "olaf", "--password", PASSWORD, "--app", "sensetest")
        assert run(*words, "--data-dir", str(data_dir)).returncode == 0
        body = {"login": "olaf", "password": PASSWORD}
        desk = call("POST", "/ally/api/auth", data=body)["token"]
        secrets.append(desk)
        call("GET", f"/ally/api/me?token={desk}")
        basic = base64.b64encode(f"bank:{secrets[2]}".encode()).decode()
        secrets.append(basic)
        path = "/ally/AlfaSense/support/phone/9154983795/alias"
        call("GET", path, headers={"Authorization": f"Basic {basic}"})
        # dowell
        secrets.append(server.wait_for(r"^\s+(sb_\S+)\s+API key")[1])
        database = asyncio.run(dumped(data_dir))
        assert server.end() == 0, server.output
    assert "sue@example.test" in database
    log = "\n".join(line for line in server.lines if not line.startswith(" "))
    for number, secret in enumerate(secrets):
        assert secret not in database, number
        # The logins of the demo people are shown once, indented, and nothing else is.
        assert secret not in log, number
        # Each in the one answer that gave it out; the demo people's and the desk's in none.
        assert sum(secret in answer for answer in call.answers) <= 1, number
