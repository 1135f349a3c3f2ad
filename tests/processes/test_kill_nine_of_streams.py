"""A server that is killed in the middle of a stream goes on where its last answer left it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
from server_process import ServerProcess, serve


class People:
    """The demo's dealer and a visitor of the demo organization's page."""

    def __init__(self, server: ServerProcess, client: httpx.Client) -> None:
        self.client = client
        self.move_to(server)
        password = server.wait_for(r"dealer1 +(\S+) +dealer1@demo.test")[1]
        reply = self.post("/auth", {"username": "dealer1", "password": password})
        self.token = str(reply["token"])

    def move_to(self, server: ServerProcess) -> None:
        """Both talk to that server from now on."""
        self.base = server.base() + "/auto"

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The answer, which must be good."""
        answer = self.client.post(self.base + path, json=body, headers=headers)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    def dealer(self, path: str) -> Any:
        """A call of the dealer's, and the data of its answer."""
        return self.post(path, Authorization=self.token)["data"]

    def status(self, stream: str) -> Any:
        """What anybody who holds the id is told."""
        return self.client.get(f"{self.base}/streams/{stream}").json()["data"]["status"]


def killed(server: ServerProcess) -> None:
    """Ends it as the kernel does when memory runs out."""
    server.process.kill()
    server.wait()


def test_a_stream_survives_kills_between_its_steps(data_dir: Path, client: httpx.Client) -> None:
    options = ("--demo", "--log-format", "console")
    request = {"vin": "1HGCM82633A004352", "guestId": "the-visitor"}
    path = "/streams/request/demo"
    with serve(data_dir, *options) as server:
        people = People(server, client)
        stream = people.post(path, request)["data"]
        id = stream["_id"]
        # Who did not hear the answer asks again, and is the same visitor.
        assert people.post(path, request)["data"]["_id"] == id
        assert people.dealer(f"/streams/accept/{id}")["status"] == "streaming"
        killed(server)
    with serve(data_dir, *options) as server:
        people.move_to(server)
        assert people.status(id) == "streaming"
        assert people.dealer(f"/streams/accept/{id}")["status"] == "streaming"
        people.dealer("/ping")
        viewed = client.get(
            f"{people.base}/streams/{id}", headers={"X-Viewer-Token": stream["viewerToken"]}
        ).json()["data"]
        assert viewed["video"]["sessionId"] == stream["sessionId"]
        lead = people.post("/leads", {"streamId": id, "comment": "call me"})["data"]
        assert people.post(f"/streams/stop/{id}")["data"]["status"] == "completed"
        killed(server)
    with serve(data_dir, *options) as server:
        people.move_to(server)
        shown = client.get(
            f"{people.base}/streams?status=completed", headers={"Authorization": people.token}
        ).json()["data"]
        assert [(one["_id"], one["lead"]["_id"]) for one in shown] == [(id, lead["_id"])]
        assert people.post(path, request)["data"]["_id"] != id
        assert re.search("postgres_adopted", server.output)
        assert server.end() == 0, server.output
