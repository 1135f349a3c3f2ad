"""What a support desk was told survives a kill: who is who, what was said, who holds the room, what is closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from server_process import run, serve

DEMO = ("--demo",)


def test_a_support_case_survives_a_kill(data_dir: Path, client: httpx.Client) -> None:
    def call(method: str, path: str, token: str, **form: Any) -> Any:
        headers = {"Authorization": f"Token {token}"}
        answer = client.request(method, f"{api}{path}", headers=headers, data=form)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(text: str, who: str) -> None:
        done = run("say", room, text, "--as", who, "--data-dir", str(data_dir))
        assert done.returncode == 0, done.stderr

    with serve(data_dir, *DEMO) as server:
        api = f"{server.base()}/ally/api"
        login = server.wait_for(r"^\s+support\s+(\S+)\s")
        user = client.post(f"{api}/user/register", data={"alias": "ann"}).json()
        token = client.post(f"{api}/token", data={"alias": "ann"}).json()["token"]
        room = call("GET", f"/user/{user['id']}/rooms", token)["rooms"][0]["id"]
        credentials = {"login": "support", "password": login[1]}
        desk = client.post(f"{api}/auth", data=credentials).json()["token"]
        say("help", "ann")
        held = call("PUT", f"/room/{room}/active", desk)
        say("with what?", "support")
        server.process.kill()
        server.wait()
    with serve(data_dir, *DEMO) as server:
        api = f"{server.base()}/ally/api"
        # The tokens are still good, and nothing has changed but what was said after the room was taken.
        shown = call("GET", f"/room/{room}", token)
        assert shown["active_operator"] == held["active_operator"]
        assert shown["last_issue"]["answered_at"] is not None
        messages = call("GET", f"/room/{room}/messages", desk)["messages"]
        assert [one["message"] for one in messages] == ["help", "with what?"]
        closed = call("DELETE", f"/room/{room}/active", desk)
        issue = closed["last_issue"]["id"]
        server.process.kill()
        server.wait()
    with serve(data_dir, *DEMO) as server:
        api = f"{server.base()}/ally/api"
        assert call("GET", f"/issue/{issue}", token)["is_open"] is False
        assert call("DELETE", f"/room/{room}/active", desk)["active_operator"] is None
        assert call("GET", "/issues?is_open=1", desk)["count"] == 0
        assert server.end() == 0, server.output
    assert "Traceback" not in server.output
    assert token not in server.output
