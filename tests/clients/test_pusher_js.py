"""pusher-js and laravel-echo, unmodified, against the server's own process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from dropin_people import Someone, newcomer
from node_process import NodeProcess, node
from pusher import Pusher
from server_process import ServerProcess, serve

from switchboard.keys import pusher_apps
from switchboard.setting_values import PusherApp
from switchboard.web.realtime.pusher import App


class Browser(NodeProcess):
    """A Node process with the libraries."""

    def __init__(self, process: subprocess.Popen[str], base: str, app: PusherApp) -> None:
        super().__init__(process)
        self._base = base
        self._app = app

    def connect(self, client: str, someone: Someone, *, echo: bool = False) -> None:
        """A client with that person's token."""
        place = urlsplit(self._base)
        paths = f"{self._base}/dropin/notifications"
        self.do(
            "connect",
            client=client,
            key=self._app.key,
            host=place.hostname,
            port=place.port,
            auth=f"{paths}/authchannel",
            userAuth=f"{paths}/userauth",
            headers={"Authorization": f"Bearer {someone.token}"},
            echo=echo,
        )
        self.wait(client=client, state="connected")

    def subscribe(self, client: str, channel: str) -> Any:
        """Into a channel, by the auth endpoint."""
        self.do("subscribe", client=client, channel=channel)
        return self.wait(client=client, channel=channel, event="pusher:subscription_succeeded")


@contextmanager
def browser(node_modules: Path, base: str, app: PusherApp) -> Iterator[Browser]:
    """A running one."""
    script = Path(__file__).with_name("pusher_client.cjs")
    with node(script, node_modules) as process:
        made = Browser(process, base, app)
        made.wait(ready=True)
        yield made


def _app(data_dir: Path) -> PusherApp:
    return next(app for app in pusher_apps(data_dir) if app.dialect == "dropin")


def _sdk(base: str, app: PusherApp) -> Any:
    place = urlsplit(base)
    return Pusher(
        app_id=app.id,
        key=app.key,
        secret=app.secret,
        host=place.hostname,
        port=place.port,
        ssl=False,
        encryption_master_key_base64=App(*app).encryption_master_key(),
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, PusherApp]]:
    """One for the module."""
    data_dir = tmp_path_factory.mktemp("data")
    with serve(data_dir) as running:
        running.base()
        yield running, _app(data_dir)


def test_the_server_sdk_triggers_looks_and_ends_what_pusher_js_and_echo_listen_to(
    server: tuple[ServerProcess, PusherApp], node_modules: Path
) -> None:
    """A gig's steps, client events, presence over tabs, sign-in, both libraries."""
    running, app = server
    base = running.base()
    sdk = _sdk(base, app)
    with httpx.Client(trust_env=False) as client, browser(node_modules, base, app) as page:
        operator, customer = newcomer(base, client, operator=True), newcomer(base, client)
        operator.online()
        page.connect("customer", customer)
        page.connect("tab", customer)
        page.connect("operator", operator, echo=True)
        mine = f"private-{customer.id}"
        page.subscribe("customer", mine)
        page.do("listen", client="operator", channel=operator.id, event="gig")
        page.wait(client="operator", event="subscribed")
        gig = customer.request()
        assert page.wait(client="operator", event="gig")["data"]["code"] == 4
        operator.ok(f"/gigs/claim/{gig}", {"response": ["accept"]})
        assert page.wait(client="customer", event="gig")["data"]["code"] == 5
        room = f"presence-gig-{gig}"
        page.subscribe("operator", room)
        page.subscribe("customer", room)
        page.subscribe("tab", room)
        assert page.seen[-1]["data"] == {"count": 2}
        page.do("trigger", client="customer", channel=room, event="client-signal", data={"a": [1]})
        heard = page.wait(client="operator", event="client-signal")
        assert heard["data"] == {"a": [1]}
        added = [one for one in page.seen if one.get("event") == "pusher:member_added"]
        assert len([one for one in added if one["client"] == "operator"]) == 1
        users = sdk.users_info(room)["users"]
        assert sorted(one["id"] for one in users) == sorted([operator.id, customer.id])
        info = sdk.channels_info(prefix_filter="presence-", attributes=["user_count"])
        assert info["channels"][room] == {"user_count": 2}
        assert sdk.channel_info(room, ["subscription_count"])["subscription_count"] == 3
        page.do("disconnect", client="tab")
        page.do("unsubscribe", client="customer", channel=room)
        page.wait(client="operator", event="pusher:member_removed")
        sdk.trigger([mine, "nobody-here"], "news", {"text": "é"})
        assert page.wait(client="customer", event="news")["data"] == {"text": "é"}
        batch = [{"channel": mine, "name": f"n{n}", "data": {"n": n}} for n in range(2)]
        sdk.trigger_batch(batch)
        assert page.wait(client="customer", event="n1")["data"] == {"n": 1}
        sealed = f"private-encrypted-{customer.id}"
        page.subscribe("customer", sealed)
        sdk.trigger(sealed, "letter", {"text": "for you alone"})
        assert page.wait(client="customer", event="letter")["data"] == {"text": "for you alone"}
        page.do("signin", client="customer")
        page.wait(client="customer", event="signed_in")
        sdk.send_to_user(customer.id, "greeting", {"to": "you"})
        assert page.wait(client="customer", event="greeting")["data"] == {"to": "you"}
        sdk.terminate_user_connections(customer.id)
        page.wait(client="customer", state="disconnected")


def test_a_client_comes_back_by_itself_after_the_server_was_killed(
    tmp_path: Path, node_modules: Path
) -> None:
    """kill -9, a new start on the same port; it subscribes again and hears on."""
    app = _app(tmp_path)
    with serve(tmp_path) as first, httpx.Client(trust_env=False) as client:
        base = first.base()
        someone = newcomer(base, client)
        with browser(node_modules, base, app) as page:
            page.connect("one", someone)
            channel = f"private-{someone.id}"
            page.subscribe("one", channel)
            first.process.kill()
            first.wait()
            address = base.removeprefix("http://")
            with serve(tmp_path, "--bind", address) as second:
                second.base()
                page.do("online", client="one")
                page.wait(client="one", event="pusher:subscription_succeeded")
                _sdk(base, app).trigger(channel, "news", {"again": True})
                assert page.wait(client="one", event="news")["data"] == {"again": True}
