"""The support desk's subcommands: apps, staff, the bank and its directory, a word in a room."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner
from desks import Desk, Voice
from terminals import Terminal, terminal

from switchboard.command_line import switchboard


async def an_app(at: Terminal, *more: str) -> Desk:
    """The app ``desk``, by its command."""
    shown = await at.shown("support-app", "add", "desk", "--name", "The desk", *more)
    assert re.search(r"app desk has the id [0-9a-f]{24} and the secret \S{40,}", shown)
    return Desk(at.world, await at.world.services.support.apps.find("desk"))


async def test_apps_are_listed_and_their_secrets_shown_only_if_asked_for(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        desk = await an_app(at, "--needs-auth-token")
        (listed,) = await at.read("support-app", "list", "--json")
        assert listed == {
            "id": desk.app.id,
            "code": "desk",
            "name": "The desk",
            "needs_auth_token": True,
        }
        assert desk.app.secret not in await at.shown("support-app", "list")
        assert desk.app.secret in await at.shown("support-app", "list", "--secrets")
        assert await at.refused("support-app", "add", "desk") == "the app's code is taken"
        assert "code" in await at.refused("support-app", "add", "a b")


async def test_operators_administrators_and_banks_sign_in(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        refused = await at.refused("support-app", "staff", "laya", "--password", "x")
        assert refused == "say which with --app"
        await an_app(at)
        for login, more in (("laya", ()), ("boss", ("--admin",))):
            words = ("support-app", "staff", login, "--password", "x", *more)
            assert f"{login} of desk has the id" in await at.shown(*words)
            reply = await at.world.post("/ally/api/auth", {"login": login, "password": "x"})
            me = await at.world.get(f"/ally/api/me?token={reply.body['token']}")
            assert me.body["is_admin"] is bool(more)
        await at.shown("bank", "add", "jmb", "--password", "x", "--app", "desk")
        assert await at.refused("bank", "add", "jmb", "--password", "x") == "username is taken"
        assert await at.refused("bank", "add", "b", "--password", "x", "--app", "no") == (
            "there is no app no"
        )


async def test_a_directory_is_imported_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"

    def write(text: str) -> None:
        file.write_text(text, encoding="utf-8-sig")

    async with terminal(tmp_path) as at:
        desk = await an_app(at)
        apps = at.world.services.support.apps
        write('alias,phone,fio\nAFAMJ7,9154983795,"Пачай, Андрей"\n\nB,+79154983796,\n')
        assert await at.shown("directory", "import", str(file)) == "2 customers of desk\n"
        found = await apps.customer_by_alias(desk.app.id, "AFAMJ7")
        assert (found.phone, found.fio) == ("79154983795", "Пачай, Андрей")
        wrong = {
            "C,1,X\n": "line 1: has no phone of 10 to 15 digits",
            "C,9154983795,X\n,9154983795,X\n": "line 2: has no alias",
            "C,9154983795\n": "line 1 of customers.csv must be alias,phone,fio",
        }
        for text, expected in wrong.items():
            write(text)
            assert expected in await at.refused("directory", "import", str(file))
            assert "C" not in json.dumps(
                [list(key) for key in at.world.database.bank_directory._customers]
            )
        file.write_bytes(b"\xff\xfe,1,2\n")
        assert "cannot be read" in await at.refused("directory", "import", str(file))


async def test_a_word_in_a_room_as_a_client_and_as_an_operator(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        desk = await an_app(at)
        client: Voice = await desk.client("AFAMJ7")
        await desk.staff("laya")
        room = await client.room()
        shown = await at.shown("say", room, "help me", "--as", "AFAMJ7")
        assert re.fullmatch(r"message [0-9a-f]{24} of issue [0-9a-f]{24}\n", shown)
        await at.shown("say", room, "with what?", "--as", "laya")
        found = (await client.ok("GET", f"/room/{room}/messages"))["messages"]
        assert [message["message"] for message in found] == ["help me", "with what?"]
        assert await at.refused("say", room, "x", "--as", "nobody") == "no such user"
        assert await at.refused("say", "f" * 24, "x", "--as", "laya") == "no such room"


async def test_the_doctor_says_what_is_amiss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with terminal(tmp_path) as at:
        await an_app(at)
        assert await at.shown("doctor") == "nothing is amiss\n"
        monkeypatch.setenv("SWITCHBOARD_BIND", "0.0.0.0:80")
        monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://u@h/d")
        monkeypatch.setenv("SWITCHBOARD_ALLOWED_HOSTS", "live.example.org")
        result = await at.type("doctor")
        assert result.exit_code == 1
        assert result.stdout == (
            "- who knows an alias is that client of the app desk: it needs no auth_token\n"
        )
        monkeypatch.delenv("SWITCHBOARD_DATABASE_URL")
        monkeypatch.delenv("SWITCHBOARD_ALLOWED_HOSTS")
        monkeypatch.setenv("SWITCHBOARD_DEMO", "true")
        monkeypatch.setenv("SWITCHBOARD_DOWELL_STAFF_KEY", "false")
        assert len((await at.type("doctor")).stdout.splitlines()) == 7


async def test_the_doctor_says_that_no_server_runs(tmp_path: Path) -> None:
    result = await trio.to_thread.run_sync(
        partial(CliRunner().invoke, switchboard, ["doctor", "--data-dir", str(tmp_path)])
    )
    assert result.exit_code == 1
    assert "no server runs" in result.stdout
