"""One gig from the request to the ratings, against a running server, each step printed.

Start a server with ``make run``; then, in another terminal: ``.venv/bin/python examples/gig_lifecycle.py``.
"""

from __future__ import annotations

import argparse
import random
import time
import uuid
from typing import Any

import httpx

APART_DEGREES_MOST = 5.0
"""So that a run finds its own operator, the place is drawn from a wide and empty part of the ocean."""


class Party:
    """Somebody with an account on the dropin API."""

    def __init__(self, client: httpx.Client, first_name: str, *, operator: bool) -> None:
        """Registers an account. An embedded server answers with a token and approves operators at once."""
        email = f"{first_name.lower()}-{uuid.uuid4().hex[:12]}@example.test"
        body: dict[str, Any] = {
            "firstName": first_name,
            "identities": [{"type": "email", "value": email}],
        }
        if operator:
            body["operator"] = {}
        account = checked(client.post("/accounts", json=body))
        if not account.get("accessToken"):
            raise SystemExit(
                "this server sends a code instead of a token; sign in with it at /login/verify"
            )
        self._client = client
        self._headers = {"Authorization": f"Bearer {account['accessToken']}"}
        self.id: str = account["id"]
        self.name = first_name

    def post(self, path: str, body: Any = None) -> Any:
        """The answer to a call of this party."""
        return checked(self._client.post(path, json=body, headers=self._headers))

    def get(self, path: str) -> Any:
        """The same for a call that changes nothing."""
        return checked(self._client.get(path, headers=self._headers))


def checked(answer: httpx.Response) -> Any:
    """The body of a 200. Raises: SystemExit: the server refused; its own words."""
    if answer.status_code == 200:
        return answer.json()
    request = answer.request
    raise SystemExit(f"{request.method} {request.url.path}: {answer.status_code} {answer.text}")


def told(who: str, what: str, gig: dict[str, Any], more: str = "") -> None:
    """Prints a step and the status that it led to."""
    print(f"{who:9} {what:10} -> {gig['status']:17} {more}".rstrip(), flush=True)


def lifecycle(client: httpx.Client, stream_seconds: float) -> None:
    """The eight calls of a gig, and what both parties see of it afterwards."""
    operator = Party(client, "Operator", operator=True)
    customer = Party(client, "Customer", operator=False)
    latitude = -30.0 + random.uniform(-APART_DEGREES_MOST, APART_DEGREES_MOST)
    longitude = -20.0 + random.uniform(-APART_DEGREES_MOST, APART_DEGREES_MOST)
    operator.post("/accounts/status/online", {"lat": latitude, "lng": longitude})
    print(f"operator  is online at {latitude:.4f}, {longitude:.4f}")

    place = {"latitude": latitude, "longitude": longitude, "deviceId": "example"}
    gig = customer.post("/gigs", place)["gig"]
    number = gig["id"]
    offered = len(gig["reservedOperators"])
    told("customer", "requests", gig, f"gig {number}, offered to {offered} operator(s)")

    gig = operator.post(f"/gigs/claim/{number}", {"response": "accept"})["gig"]
    told("operator", "claims", gig)
    confirmed = customer.post(f"/gigs/confirm/{number}")
    told("customer", "confirms", confirmed["gig"], f"they chat on {confirmed['chatChannel']}")
    keys = operator.post(f"/gigs/handshake/{number}")
    told("operator", "handshakes", keys["gig"], f"video session {keys['sessionId']}")
    told("customer", "starts", customer.post(f"/gigs/start/{number}")["gig"])
    time.sleep(stream_seconds)
    gig = customer.post(f"/gigs/stop/{number}")["gig"]
    told("customer", "stops", gig, f"after {gig['duration']} s")
    told("customer", "rates 5", customer.post(f"/gigs/rate/{number}", {"rating": 5})["gig"])
    told("operator", "rates 4", operator.post(f"/gigs/rate/{number}", {"rating": 4})["gig"])

    for party in (customer, operator):
        listed = party.get(f"/gigs/{party.id}/getall")
        print(f"{party.name.lower():9} sees       -> {', '.join(one['status'] for one in listed)}")
    detail = customer.get(f"/gigs/{customer.id}/{number}")
    print(f"customer  pays       -> {detail['purchase']['amount']}")
    print(f"operator  gets       -> {detail['payment']['amount']}")


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server's address")
    parser.add_argument("--stream-seconds", type=float, default=3.0, help="how long they stream")
    options = parser.parse_args()
    base = f"{options.url.rstrip('/')}/dropin"
    try:
        with httpx.Client(base_url=base, timeout=10, trust_env=False) as client:
            lifecycle(client, options.stream_seconds)
    except httpx.TransportError as error:
        raise SystemExit(f"{options.url} does not answer: {error}") from None


if __name__ == "__main__":
    main()
