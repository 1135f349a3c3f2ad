"""The subcommands, through the admin channel, on a running engine over the memory store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from auto_people import house
from click.testing import CliRunner
from terminals import terminal
from web_worlds import Party, WebWorld

from switchboard.command_line import COMMANDS, Group, switchboard
from switchboard.engine.ports import QuarantineRow
from switchboard.engine.sessions.kind import Address


async def voted_gig(world: WebWorld) -> tuple[str, Party, Party]:
    """A gig that went all its way."""
    operator, customer = await world.operator(), await world.customer()
    answer = await customer.post("/gigs", {"latitude": 10.7879, "longitude": 106.7065})
    gig: str = answer.body["gig"]["id"]
    steps = [
        (operator, "claim", {"response": "accept"}),
        (customer, "confirm", None),
        (operator, "handshake", None),
        (customer, "start", None),
        (customer, "stop", None),
        (customer, "rate", {"rating": 5}),
        (operator, "rate", {"rating": 4}),
    ]
    for party, step, body in steps:
        answer = await party.post(f"/gigs/{step}/{gig}", body)
        assert answer.status == 200, answer
    return gig, operator, customer


async def test_organizations_are_added_and_listed(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        assert "organization acme has the id" in await at.shown(
            "organization", "add", "acme", "--name", "Acme [Ltd]"
        )
        assert "Acme [Ltd]" in await at.shown("organization", "list")
        assert [one["code"] for one in await at.read("organization", "list", "--json")] == ["acme"]
        await at.refused("organization", "add", "ACME")
        assert "blanks" in await at.refused("organization", "add", "a b")


async def test_operators_and_administrators_are_added_with_their_role(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        await at.shown("organization", "add", "acme")
        await at.shown(
            "operator", "add", "Olga@x.test", "--password", "secret1", "--organization", "acme"
        )
        await at.shown("admin", "add", "chief", "--password", "secret2")
        olga, chief = [await at.read("account", "show", one) for one in ("olga@x.test", "chief")]
        assert (olga["operator"], olga["admin"], chief["admin"]) == ("approved", False, True)
        assert olga["has_password"]
        assert "password_hash" not in olga
        assert (await at.read("account", "show", olga["id"])) == olga
        taken = await at.refused("operator", "add", "olga@X.test", "--password", "secret1")
        assert taken == "email is taken"
        missing = await at.refused(
            "operator", "add", "other", "--password", "secret1", "--organization", "none"
        )
        assert missing == "no such organization none"


async def test_a_password_is_asked_for_if_it_is_not_given(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        result = await at.type("operator", "add", "olga", stdin="secret1\nsecret1\n")
        assert result.exit_code == 0, result.output
        assert (await at.read("account", "show", "olga"))["has_password"]


async def test_a_person_who_asked_becomes_an_operator(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        account = await at.world.person(operator="pending")
        await at.shown("account", "approve", account.id)
        assert (await at.read("account", "show", account.id))["operator"] == "approved"
        assert await at.refused("account", "approve", "nobody") == "no such account nobody"


async def test_a_dealer_is_added_to_an_organization_or_approved_as_asked(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        await at.shown("organization", "add", "acme")
        house = (await at.read("organization", "list", "--json"))[0]["id"]
        told = await at.shown(
            "dealer", "add", "hoa", "--password", "secret1", "--organization", "acme"
        )
        assert told.startswith("dealer hoa has the id ")
        hoa = await at.read("account", "show", "hoa")
        assert (hoa["dealer"], hoa["operator"], hoa["organization"]) == ("approved", "none", house)
        refused = await at.refused("dealer", "add", "nam", "--password", "secret1")
        assert refused == "a dealer needs an organization"
        seed = {"email": "a@b.test", "username": "a", "password": "xxxxxx"}
        await at.world.post("/auto/auth/register", seed | {"organizationCode": "acme"})
        asked = await at.shown("account", "approve", "a@b.test")
        assert asked.endswith("is a dealer\n")
        assert list(await at.world.engine.store.accounts.dealers(house)) == sorted(
            [hoa["id"], (await at.read("account", "show", "a"))["id"]]
        )
        both = await at.shown("account", "approve", "a", "--role", "operator")
        assert both.endswith("is an operator\n")
        nowhere = await at.world.person()
        refused = await at.refused("account", "approve", nowhere.id, "--role", "dealer")
        assert refused == "a dealer needs an organization"


async def test_an_organization_is_disabled_and_enabled(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        await at.shown("organization", "add", "acme")
        told = await at.shown("organization", "disable", "ACME")
        assert told == "organization acme takes nothing new; what is live goes on\n"
        request = {"vin": "xxx"}
        reply = await at.world.post("/auto/streams/request/acme", request)
        assert reply.code == "ERROR_ORGANIZATION_NOT_AVAILABLE"
        assert (await at.read("organization", "list", "--json"))[0]["enabled"] is False
        assert await at.shown("organization", "enable", "acme") == (
            "organization acme takes requests\n"
        )
        reply = await at.world.post("/auto/streams/request/acme", request)
        assert reply.code == "ERROR_DEALER_NOT_FOUND"
        refused = await at.refused("organization", "disable", "nowhere")
        assert refused == "no such organization nowhere"


async def test_a_vehicle_is_registered_and_changed(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        await at.shown("organization", "add", "acme")
        add = ("vehicle", "add", "acme", "1hgcm82633a004352", "--model")
        assert await at.shown(*add, "Civic") == "vehicle 1HGCM82633A004352 is a Civic\n"
        await at.shown(*add, "Accord", "--photo", "https://cars.example.test/1.png")
        shown = await at.world.get("/auto/vin/1HGCM82633A004352?organization=acme")
        assert (shown.data["model"], shown.data["photo"]) == (
            "Accord",
            "https://cars.example.test/1.png",
        )
        for photo in ("javascript:alert(1)", "https://", "//x", "https://[x"):
            refused = await at.refused(*add, "Accord", "--photo", photo)
            assert refused == "photo: must be an http or https URL"
        assert "model" in await at.refused(*add, " ")
        assert "vin" in await at.refused("vehicle", "add", "acme", "x" * 65, "--model", "y")
        refused = await at.refused("vehicle", "add", "nowhere", "1", "--model", "y")
        assert refused == "no such organization nowhere"


async def test_a_stream_is_listed_and_ended(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        home = await house(at.world)
        await (await home.dealer("a")).online()
        stream = (await home.requested())["_id"]
        listed = await at.read("sessions", "list", "--kind", "stream", "--json")
        assert [one["id"] for one in listed] == [stream]
        ended = await at.shown("sessions", "end", stream, "--kind", "stream")
        assert ended == f"stream {stream} is stopped\n"


async def test_a_gig_is_listed_shown_and_told(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        gig, operator, customer = await voted_gig(at.world)
        assert f"{gig}  voted" in await at.shown("sessions", "list")
        assert await at.read("sessions", "list", "--phase", "streaming", "--json") == []
        people = await at.read("sessions", "list", "--kind", "person", "--json")
        assert [one["id"] for one in people] == [operator.id]
        assert (await at.read("sessions", "show", gig))["state"]["customer"] == customer.id

        journal = await at.read("sessions", "timeline", gig, "--json")
        told = (await at.shown("sessions", "timeline", gig)).splitlines()
        assert len(told) == len(journal) + 1
        for line, entry in zip(told[1:], journal, strict=True):
            assert entry["name"] in line
            assert entry["by"] in line
        assert all(" s " in line for line in told[2:])


async def test_a_gig_goes_through_the_back_office(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        gig, _, _ = await voted_gig(at.world)
        for status in ("invoiceGenerated", "invoiceSent", "compensated"):
            assert await at.shown("gig", "advance", gig) == f"gig {gig} is {status}\n"
        await at.refused("gig", "advance", gig)
        assert await at.refused("gig", "advance", "0" * 24) == f"no such gig {'0' * 24}"
        assert await at.refused("gig", "advance", "nonsense") == "no such gig nonsense"


async def test_a_live_gig_is_ended(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        await at.world.operator()
        customer = await at.world.customer()
        answer = await customer.post("/gigs", {"latitude": 10.7879, "longitude": 106.7065})
        gig = answer.body["gig"]["id"]
        assert await at.shown("sessions", "end", gig) == f"gig {gig} is cancelled\n"


async def test_quarantined_sessions_are_listed_by_where_they_crash_and_released(
    tmp_path: Path,
) -> None:
    async with terminal(tmp_path) as at:
        gig, operator, _ = await voted_gig(at.world)
        rows = [
            (Address("person", operator.id), 1000, "B|there:1"),
            (Address("gig", gig), 2000, "A|here:1"),
        ]
        for address, instant, fingerprint in rows:
            await at.world.engine.store.sessions.quarantine(
                QuarantineRow(
                    address=address,
                    at=instant,
                    incident="1" * 24,
                    traceback="Traceback",
                    fingerprint=fingerprint,
                    message="StopGig",
                    code_version="test-1",
                )
            )
        listed = await at.shown("quarantine", "list")
        assert listed.index("there:1") < listed.index("here:1")
        assert len(await at.read("quarantine", "list", "--json")) == 2
        assert await at.shown("sessions", "release", gig) == f"gig {gig} runs again\n"
        assert await at.refused("sessions", "release", gig) == f"gig {gig} is not in quarantine"
        assert len(await at.read("quarantine", "list", "--json")) == 1


async def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        refused = await at.refused("sessions", "list", "--kind", "call")
        assert refused == "there is no kind 'call', only gig, stream, person, room"


async def test_a_rotated_key_signs_at_once(tmp_path: Path) -> None:
    async with terminal(tmp_path, SWITCHBOARD_DATA_DIR=str(tmp_path)) as at:
        told = await at.shown("keys", "rotate")
        token = at.world.token(await at.world.person())
        kid = told.split()[-1]
        assert (tmp_path / "token_keys").read_text().startswith(f"{kid}:")
        assert at.world.services.tokens.check(token, "dropin")


async def test_keys_from_the_environment_are_rotated_there(tmp_path: Path) -> None:
    keys = {"SWITCHBOARD_TOKEN_KEYS": "a:" + "k" * 32}
    async with terminal(tmp_path, **keys) as at:
        assert "SWITCHBOARD_TOKEN_KEYS" in await at.refused("keys", "rotate")


def test_settings_are_listed_without_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_TOKEN_KEYS", "a:" + "k" * 32)
    monkeypatch.setenv("SWITCHBOARD_IDLE_SECONDS", "off")
    result = CliRunner().invoke(switchboard, ["settings", "--json"])
    rows = {row["variable"]: row for row in json.loads(result.stdout)}
    assert rows["SWITCHBOARD_TOKEN_KEYS"]["set to"] == "***"
    assert rows["SWITCHBOARD_IDLE_SECONDS"]["set to"] == "off"
    assert rows["SWITCHBOARD_BIND"]["default"] == "127.0.0.1:8000"
    assert rows["SWITCHBOARD_BIND"]["set to"] == ""


def test_the_help_names_every_command() -> None:
    text = CliRunner().invoke(switchboard, ["--help"]).stdout
    assert isinstance(switchboard, Group)
    assert all(name in text for name in COMMANDS)


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(switchboard, ["dance"]).exit_code == 2


async def test_api_keys_are_given_out_once_listed_and_taken_back(tmp_path: Path) -> None:
    async with terminal(tmp_path) as at:
        told = await at.shown("api-key", "add", "DOWELL12345", "--name", "the [shop]")
        secret = told.split()[-1]
        opens = at.world.services.api_keys.opens
        assert await opens("dowell", "DOWELL12345", secret)
        assert not await opens("dowell", "another", secret)
        (listed,) = await at.read("api-key", "list", "--json")
        assert (listed["organization"], listed["name"]) == ("DOWELL12345", "the [shop]")
        table = await at.shown("api-key", "list")
        assert "the [shop]" in table
        assert secret not in table + str(listed)
        await at.shown("api-key", "remove", listed["id"])
        assert not await opens("dowell", "DOWELL12345", secret)
        assert "no such key" in await at.refused("api-key", "remove", listed["id"])
        assert "owner" in await at.refused("api-key", "add", "a\nb")
        assert "owner" in await at.refused("api-key", "add", "")
