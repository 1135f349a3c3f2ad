"""What colleagues were told survives a kill: who they are, that they are logged in, and what was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from server_process import serve

MESSAGES = 20


def registered(client: httpx.Client, api: str, name: str) -> tuple[int, str]:
    """Number and token of somebody new."""
    fields = {"name": name, "subname": "Doe", "email": f"{name}@mail.com", "job": "CEO"}
    user = client.post(f"{api}/users", json={"user": fields})
    assert user.status_code == 201, user.text
    creds = {"email": fields["email"], "password": user.json()["password"]}
    login = client.post(f"{api}/login", json={"creds": creds})
    assert login.status_code == 200, login.text
    return user.json()["id"], login.json()["data"]["token"]


def test_a_conversation_survives_a_kill_and_nothing_is_said_twice(
    data_dir: Path, client: httpx.Client
) -> None:
    def say(api: str, number: int) -> Any:
        body = {"conv": conversation, "content": f"text {number}"}
        headers = {**john, "Idempotency-Key": f"k{number}"}
        answer = client.post(f"{api}/messages", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    with serve(data_dir) as server:
        api = f"{server.base()}/company/api"
        first, token = registered(client, api, "john")
        second, other = registered(client, api, "jane")
        john, jane = ({"Authorization": f"Bearer {one}"} for one in (token, other))
        made = client.post(f"{api}/conversations", json={"recipient": second}, headers=john)
        conversation = made.json()["id"]
        said = [say(api, number) for number in range(MESSAGES)]
        server.process.kill()
        server.wait()
    with serve(data_dir) as server:
        api = f"{server.base()}/company/api"
        query = {"conv": conversation}
        assert client.get(f"{api}/messages", params=query, headers=jane).json() == said
        # Whoever did not hear the answer asks again.
        assert say(api, MESSAGES - 1) == said[-1]
        again = client.post(f"{api}/conversations", json={"recipient": first}, headers=jane)
        assert (again.status_code, again.json()) == (200, made.json())
        say(api, MESSAGES)
        after = client.get(f"{api}/messages", params=query, headers=john).json()
        assert [one["content"] for one in after] == [f"text {n}" for n in range(MESSAGES + 1)]
        numbers = [one["id"] for one in after]
        assert sorted(set(numbers)) == numbers
        assert server.end() == 0, server.output
    assert "Traceback" not in server.output
    assert token not in server.output
