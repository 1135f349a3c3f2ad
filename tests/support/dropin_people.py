"""People of the dropin API on a server that approves at once and shows tokens (the embedded default)."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

NUMBERS = itertools.count()
HERE = {"latitude": 48.857, "longitude": 2.352}


@dataclass
class Someone:
    """An account with its token."""

    base: str
    id: str
    token: str
    client: httpx.Client = field(repr=False)

    def post(self, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """The answer to a POST under /dropin; ``key`` goes as its Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.client.post(f"{self.base}/dropin{path}", json=body, headers=headers)

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET under /dropin."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.get(f"{self.base}/dropin{path}", headers=headers)

    def ok(self, path: str, body: Any = None) -> Any:
        """What a POST that must succeed answers."""
        answer = self.post(path, body)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def online(self, north: float = 0.0) -> None:
        """Puts an operator near ``HERE``, so many degrees to the north."""
        self.ok("/accounts/status/online", {"lat": HERE["latitude"] + north, "lng": 2.352})

    def request(self, north: float = 0.0) -> str:
        """The id of a new gig near ``HERE``."""
        place = {"latitude": HERE["latitude"] + north, "longitude": HERE["longitude"]}
        gig = self.ok("/gigs", {**place, "deviceId": "phone"})["gig"]
        assert gig["status"] == "pendingOperator"
        return str(gig["id"])

    def status(self, gig: str) -> str:
        """The gig's status as this party sees it."""
        return str(self.get(f"/gigs/{self.id}/{gig}").json()["gig"]["status"])


def newcomer(base: str, client: httpx.Client, *, operator: bool = False) -> Someone:
    """Registers somebody."""
    name = f"p{next(NUMBERS)}-{uuid.uuid4().hex[:8]}"
    body: dict[str, Any] = {
        "firstName": name,
        "identities": [{"type": "email", "value": f"{name}@example.test"}],
    }
    if operator:
        body["operator"] = {}
    answer = client.post(f"{base}/dropin/accounts", json=body)
    assert answer.status_code == 200, answer.text
    account = answer.json()
    return Someone(base, account["id"], account["accessToken"], client)
