"""Hostile input on every route of a running server: refused, never a 500, while others are answered.

What each route says to bad input in detail is in tests/dialects; here it is only that nothing breaks.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from dropin_people import Someone, newcomer
from hostile import ANSWER_SECONDS_MOST, Answer
from hostile_bodies import BODIES, HostileBody
from hostile_heads import HEADER_VALUES, HEADERS, IDS, KEYS, METHODS, TARGETS, tokens
from real_gigs import http_client
from target import Target

from switchboard.web.app import DIALECTS

ROUTES = [
    (route.method, dialect.prefix + route.path) for dialect in DIALECTS for route in dialect.routes
]
POSTS = [path for method, path in ROUTES if method == "POST"]
WITH_IDS = [(method, path) for method, path in ROUTES if "<" in path]

ASK_SECONDS = 0.05
"""Between two questions of somebody else: often, and no load."""
NOBODY = "f" * 24
"""An id as ids are, and nobody's."""
GUESSES = 30
"""Three times what is looked at; each of those costs an Argon2 hash."""
GUESSES_MOST = 10
"""Wrong passwords that are looked at for one identity in half an hour (engine/workflows/quotas.py)."""
TOKENS_LEAST = 200
"""Tokens that are tried: by the hundred, as who guesses does."""
REPEATS = 4
"""Half of them to fill what an allocator keeps, half to see whether it grows on."""
GROWTH_BYTES_MOST = 16 * 1024 * 1024
"""Of the second half of repeated attacks, which sends some 40 MB: a few bodies may be alive, no sum of them."""


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client for all."""
    with http_client() as client:
        yield client


@pytest.fixture(scope="module")
def base(switchboard: Target) -> str:
    """The server's address."""
    return switchboard.server.base()


@pytest.fixture(scope="module")
def someone(base: str, client: httpx.Client) -> Someone:
    """An operator who is online, and who may ask for gigs as well."""
    operator = newcomer(base, client, operator=True)
    operator.online()
    return operator


@pytest.fixture(autouse=True)
def others_are_answered(switchboard: Target) -> Iterator[None]:
    """Somebody else asks all the while, on connections of its own: each answer must come."""
    over, unanswered = threading.Event(), []

    def ask() -> None:
        while not over.wait(ASK_SECONDS):
            if not switchboard.answers(ANSWER_SECONDS_MOST):
                unanswered.append(time.monotonic())

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
    assert switchboard.answers(ANSWER_SECONDS_MOST)
    assert not unanswered


def assert_not_broken(answer: httpx.Response, case: Any) -> None:
    """Refused or taken, but never an error of ours: below 500, and in JSON, or in XML where S3's clients read it."""
    assert answer.status_code < 500, (case, answer.text)
    if answer.status_code != 204:
        if "/storage/" in answer.url.path and answer.headers["content-type"] == "application/xml":
            assert answer.text.startswith("<?xml"), case
            return
        assert answer.headers["content-type"] == "application/json", case
        answer.json()


def hurled(client: httpx.Client, url: str, body: HostileBody, token: str) -> httpx.Response:
    """The answer to a POST of it."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": body.kind}
    if body.encoding:
        headers["Content-Encoding"] = body.encoding
    return client.post(url, headers=headers, content=body.raw)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.name.replace("[", "("))
def test_a_hostile_body_breaks_no_route(
    body: HostileBody, base: str, client: httpx.Client, someone: Someone
) -> None:
    leaving = newcomer(base, client)
    for path in POSTS:
        # Whatever the body holds, a logout may succeed: nobody else's token must be spent on it.
        who = leaving if path.endswith("/logout") else someone
        url = base + re.sub("<.*?>", NOBODY, path)
        assert_not_broken(hurled(client, url, body, who.token), path)
    assert someone.get(f"/gigs/{someone.id}/getall").status_code == 200


@pytest.mark.parametrize(("method", "path"), WITH_IDS)
def test_ids_of_every_wrong_shape_break_no_route(
    method: str, path: str, base: str, client: httpx.Client, someone: Someone
) -> None:
    for id in IDS:
        # In every place, and in the last alone: whoever asks is the first.
        for first in (id, someone.id):
            url = path.replace("<account>", first)
            for name in re.findall("<.*?>", url):
                url = url.replace(name, id)
            answer = client.request(method, base + url, headers=bearer(someone), json={})
            if answer.url.path == "/":
                # The client has resolved the dots by itself: it asked for the playground.
                assert answer.status_code in (200, 404, 405)
                continue
            assert_not_broken(answer, url)


def bearer(someone: Someone) -> dict[str, str]:
    """The header that says who asks."""
    return {"Authorization": f"Bearer {someone.token}"}


def test_tokens_by_the_hundred_open_nothing(switchboard: Target, someone: Someone) -> None:
    path = f"/dropin/gigs/{someone.id}/getall"
    tried = list(tokens(someone.token))
    assert len(tried) > TOKENS_LEAST
    for token in tried:
        for scheme in ("Bearer", "JWT"):
            head = f"GET {path} HTTP/1.1\r\nAuthorization: {scheme} {token}\r\n"
            answer = asked(switchboard, head)
            assert answer.status == 401, (token, answer)
    assert someone.get(path.removeprefix("/dropin")).status_code == 200


def test_whoever_guesses_a_password_is_stopped(base: str, client: httpx.Client) -> None:
    answers = [
        client.post(f"{base}/auto/auth", json={"username": "victim", "password": f"guess {number}"})
        for number in range(GUESSES)
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(429) == GUESSES - GUESSES_MOST, statuses
    assert statuses[GUESSES_MOST:] == [429] * (GUESSES - GUESSES_MOST)


def test_hostile_idempotency_keys_break_nothing(switchboard: Target, someone: Someone) -> None:
    for key in KEYS:
        for path in (f"/gigs/cancel/{NOBODY}", f"/gigs/claim/{NOBODY}", "/gigs"):
            head = f"POST /dropin{path} HTTP/1.1\r\nAuthorization: Bearer {someone.token}\r\n"
            answer = asked(switchboard, f"{head}Idempotency-Key: {key}\r\nContent-Length: 0\r\n")
            assert answer.status < 500, (key, path, answer)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method[:8])
def test_hostile_targets_and_methods_break_nothing(method: str, switchboard: Target) -> None:
    for target in TARGETS:
        answer = asked(switchboard, f"{method} {target} HTTP/1.1\r\n")
        assert answer.status < 500, (method, target, answer)


def test_hostile_targets_of_websockets_break_nothing(switchboard: Target) -> None:
    for target in TARGETS:
        with switchboard.connect() as peer:
            answer = peer.open_websocket(target)
            assert answer.status < 500, (target, answer)


@pytest.mark.parametrize("name", HEADERS)
def test_hostile_header_values_break_nothing(name: str, switchboard: Target) -> None:
    for value in HEADER_VALUES:
        head = f"POST /dropin/login HTTP/1.1\r\n{name}: {value}\r\n"
        if name != "Content-Length":
            head += "Content-Length: 0\r\n"
        answer = asked(switchboard, head, host=name != "Host")
        assert answer.status < 500, (name, value, answer)


def asked(switchboard: Target, head: str, *, host: bool = True) -> Answer:
    """The answer to that head, on a connection of its own."""
    with switchboard.connect() as peer:
        named = "Host: a\r\n" if host else ""
        return peer.exchange(f"{head}{named}Connection: close\r\n\r\n".encode("latin-1"))


def test_the_same_attacks_again_and_again_take_no_more_memory(
    base: str, client: httpx.Client, someone: Someone, switchboard: Target
) -> None:
    resident = []
    for _ in range(REPEATS):
        for body in BODIES:
            hurled(client, f"{base}/dropin/gigs", body, someone.token)
        resident.append(switchboard.memory())
    assert resident[-1] - resident[REPEATS // 2 - 1] < GROWTH_BYTES_MOST, resident


def test_nothing_of_it_was_an_error_of_ours(switchboard: Target) -> None:
    """After all the others: the supervision log and the requests' log tell no bug and no crash."""
    output = switchboard.server.output
    for sign in ("Traceback", "request_failed", "session_crashed", "session_quarantined"):
        assert sign not in output
