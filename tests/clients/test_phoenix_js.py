"""The ``phoenix`` library of npm, unmodified, against the server's own process."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from node_process import NodeProcess, node
from server_process import ServerProcess, serve

NUMBERS = itertools.count()
CHAT = "room:chat"


class Person:
    """A colleague who is logged in."""

    def __init__(self, base: str, client: httpx.Client) -> None:
        self._client, self._api = client, f"{base}/company/api"
        email = f"person{next(NUMBERS)}@mail.com"
        user = {"name": "P", "subname": "Q", "email": email, "job": "CEO", "password": "johndoe"}
        self.id: int = client.post(f"{self._api}/users", json={"user": user}).json()["id"]
        creds = {"email": email, "password": "johndoe"}
        data = client.post(f"{self._api}/login", json={"creds": creds}).json()["data"]
        self.token: str = data["token"]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def converse(self, other: Person) -> int:
        """The number of the conversation with somebody."""
        path, body = f"{self._api}/conversations", {"recipient": other.id}
        return int(self._client.post(path, json=body, headers=self._headers()).json()["id"])

    def say(self, conversation: int, text: str) -> None:
        """A message by REST."""
        body = {"conv": conversation, "content": text}
        path = f"{self._api}/messages"
        assert self._client.post(path, json=body, headers=self._headers()).status_code == 201

    def texts(self, conversation: int) -> list[str]:
        """What was said."""
        path = f"{self._api}/messages?conv={conversation}"
        return [one["content"] for one in self._client.get(path, headers=self._headers()).json()]


class Page(NodeProcess):
    """A Node process with the library."""

    def __init__(self, process: subprocess.Popen[str], base: str) -> None:
        super().__init__(process)
        self._url = f"ws{base.removeprefix('http')}/company/socket"

    def connect(self, client: str, **how: Any) -> None:
        """A socket that is open."""
        self.do("connect", client=client, url=self._url, **how)
        self.wait(client=client, state="open")

    def join(self, client: str, topic: str, *events: str, presence: bool = False) -> None:
        """Into a topic."""
        self.do("join", client=client, topic=topic, events=list(events), presence=presence)
        assert self.wait(client=client, topic=topic, joined="ok")["response"] == {}

    def push(self, client: str, topic: str, event: str, payload: Any, **how: Any) -> Any:
        """A push; its reply."""
        tag = f"push {next(NUMBERS)}"
        self.do("push", client=client, topic=topic, event=event, payload=payload, tag=tag, **how)
        return self.wait(tag=tag)

    def send(self, client: str, to: Person, conversation: int, text: str) -> Any:
        """``send_msg``, which must succeed."""
        payload = {"user": to.id, "conv": conversation, "message": text}
        reply = self.push(client, CHAT, "send_msg", payload)
        assert reply["status"] == "ok", reply
        return reply["response"]

    def heard(self, client: str) -> list[str]:
        """The messages that have come to it so far."""
        return [
            one["payload"]["message"]["content"]
            for one in self.seen
            if one.get("event") == "receive_msg" and one["client"] == client
        ]


@contextmanager
def page_of(base: str, node_modules: Path) -> Iterator[Page]:
    """A running one."""
    with node(Path(__file__).with_name("phoenix_client.cjs"), node_modules) as process:
        made = Page(process, base)
        made.wait(ready=True)
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One for the module."""
    with serve(tmp_path_factory.mktemp("data")) as running:
        running.base()
        yield running


@pytest.mark.parametrize("longpoll", [False, True], ids=["websocket", "longpoll"])
def test_two_people_join_push_are_told_and_see_each_other(
    server: ServerProcess, node_modules: Path, longpoll: bool
) -> None:
    """Both topics, replies that say no, presence over two sockets, leaving; by each transport."""
    base, how = server.base(), {"longpoll": longpoll}
    with httpx.Client(trust_env=False) as client, page_of(base, node_modules) as page:
        ann, ben = Person(base, client), Person(base, client)
        number = ann.converse(ben)
        page.connect("ann", token=ann.token, **how)
        page.connect("tab", params={"token": ann.token}, **how)
        page.connect("ben", params={"token": ben.token}, **how)
        for name in ("ann", "tab", "ben"):
            page.join(name, CHAT, "receive_msg")
        answer = page.send("ann", ben, number, "hi")
        for name in ("ben", "tab"):
            assert page.came(client=name, event="receive_msg")["payload"] == answer
        assert page.heard("ann") == []
        wrong = {"user": ann.id, "conv": number, "message": "x"}
        refused = page.push("ann", CHAT, "send_msg", wrong)
        assert (refused["status"], refused["response"]["reason"]) == ("error", "invalid")
        binary = page.push("ann", CHAT, "send_msg", None, binary=True)
        assert (binary["status"], binary["response"]["reason"]) == (
            "error",
            "binary payloads are not taken",
        )
        topic = f"room:{number}"
        page.join("ann", topic, "message", "typing", "read", presence=True)
        page.came(client="ann", topic=topic, event="present", users=[[str(ann.id), 1]])
        page.join("ben", topic, "message", presence=True)
        page.join("tab", topic, presence=True)
        for name in ("ann", "ben", "tab"):
            both = [[str(ann.id), 2], [str(ben.id), 1]]
            page.came(client=name, topic=topic, event="present", users=both)
        assert page.push("ben", topic, "typing", {})["status"] == "ok"
        said = page.push("ben", topic, "shout", {"body": "loud"})["response"]
        assert page.came(client="ann", topic=topic, event="message")["payload"] == said
        mine = [one for one in page.seen if one.get("event") == "typing"]
        assert [one["payload"] for one in mine] == [{"user_id": ben.id, "typing": True}]
        page.do("leave", client="tab", topic=topic)
        page.came(client="tab", topic=topic, event="left")
        page.wait(client="ben", event="present", users=[[str(ann.id), 1], [str(ben.id), 1]])
        page.do("join", client="ann", topic="room:0", events=[])
        assert page.wait(client="ann", topic="room:0", joined="error")["response"]["reason"] == (
            "unauthorized"
        )
        assert ben.texts(number) == ["hi", "loud"]


def test_a_client_of_2016_speaks_version_1_with_one_of_today(
    server: ServerProcess, node_modules: Path
) -> None:
    """As the original's own clients: joining, both directions, leaving, coming back after its connection was cut."""
    base = server.base()
    with httpx.Client(trust_env=False) as client, page_of(base, node_modules) as page:
        ann, ben = Person(base, client), Person(base, client)
        number = ann.converse(ben)
        page.connect("old", params={"token": ann.token}, of2016=True)
        page.connect("new", token=ben.token)
        for name in ("old", "new"):
            page.join(name, CHAT, "receive_msg")
        for sender, to, text in (("old", ben, "from old"), ("new", ann, "from new")):
            answer = page.send(sender, to, number, text)
            other = "new" if sender == "old" else "old"
            told = page.came(client=other, event="receive_msg")["payload"]
            assert told == answer
        topic = f"room:{number}"
        page.join("old", topic, "presence_diff", "presence_state")
        page.join("new", topic, presence=True)
        diff = page.came(client="old", topic=topic, event="presence_diff")["payload"]
        assert list(diff["joins"]) == [str(ben.id)]
        both = [[str(ann.id), 1], [str(ben.id), 1]]
        page.came(client="new", topic=topic, event="present", users=both)
        page.do("leave", client="old", topic=topic)
        page.came(client="old", topic=topic, event="left")
        page.wait(client="new", topic=topic, event="present", users=[[str(ben.id), 1]])
        page.do("cut", client="old")
        page.wait(client="old", topic=CHAT, event="errored")
        _rejoined(page, "old", ann, number, "from new")


def _rejoined(page: Page, client: str, person: Person, number: int, text: str) -> None:
    page.wait(client=client, topic=CHAT, joined="ok")
    assert person.texts(number)[-1] == text
    _whole(page, client, person, number, f"after {text}")


def _whole(page: Page, client: str, person: Person, number: int, text: str) -> None:
    """The history after the join and what is heard from then on have everything; what is heard, it hears once."""
    history = person.texts(number)
    person.say(number, text)
    while text not in page.heard(client):
        page.wait(client=client, event="receive_msg")
    heard = page.heard(client)
    assert len(set(heard)) == len(heard)
    assert set(history) | set(heard) == set(person.texts(number))


def test_a_client_joins_again_by_itself_and_its_history_has_what_it_missed(
    tmp_path: Path, node_modules: Path
) -> None:
    """After its connection was cut, and after kill -9 of the server; by each transport."""
    with serve(tmp_path) as first, httpx.Client(trust_env=False) as client:
        base = first.base()
        ann, ben = Person(base, client), Person(base, client)
        number = ann.converse(ben)
        with page_of(base, node_modules) as page:
            for name, longpoll in (("socket", False), ("poll", True)):
                page.connect(name, token=ben.token, longpoll=longpoll)
                page.join(name, CHAT, "receive_msg")
            page.do("cut", client="socket")
            page.wait(client="socket", event="errored")
            ann.say(number, "cut")
            _rejoined(page, "socket", ben, number, "cut")
            ann.say(number, "killed")
            first.process.kill()
            first.wait()
            address = base.removeprefix("http://")
            joined = len(page.seen)
            with serve(tmp_path, "--bind", address) as second:
                second.base()
                for name in ("socket", "poll"):
                    page.came(joined, client=name, topic=CHAT, joined="ok")
                    _whole(page, name, ben, number, f"again by {name}")
                assert "killed" in ben.texts(number)


def test_a_token_that_is_no_good_opens_nothing_by_either_transport(
    server: ServerProcess, node_modules: Path
) -> None:
    """The library is told so and tries again; after a logout too."""
    base = server.base()
    with httpx.Client(trust_env=False) as client, page_of(base, node_modules) as page:
        someone = Person(base, client)
        for name, longpoll in (("socket", False), ("poll", True)):
            page.do("connect", client=name, url=page._url, token="nonsense", longpoll=longpoll)
            page.wait(client=name, state="error")
            page.wait(client=name, state="closed")
            page.do("disconnect", client=name)
        page.connect("in", token=someone.token)
        page.connect("polls", token=someone.token, longpoll=True)
        page.join("in", CHAT)
        page.join("polls", CHAT)
        headers = {"Authorization": f"Bearer {someone.token}"}
        client.delete(f"{base}/company/api/logout", headers=headers)
        codes = {page.wait(state="closed")["client"] for _ in range(2)}
        assert codes <= {"in", "polls"}
        opened = [one for one in page.seen if one.get("state") == "open"]
        assert {one["client"] for one in opened} == {"in", "polls"}
