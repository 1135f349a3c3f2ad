"""``switchboard organization|operator|dealer|admin|account|vehicle``: how people and their things come to exist."""

from __future__ import annotations

from typing import Any

import click

from switchboard.commands.options import ask, data_dir_option, json_option, show_json, show_table


@click.group()
def organization() -> None:
    """Organizations."""


@organization.command("add")
@click.argument("code")
@click.option("--name", default="", help="What people call it.")
@data_dir_option
def organization_add(code: str, name: str, data_dir: str | None) -> None:
    """Add an organization; clients call it by CODE."""
    made = ask(data_dir, "organization add", code=code, name=name or code)
    click.echo(f"organization {made['code']} has the id {made['id']}")


@organization.command("list")
@data_dir_option
@json_option
def organization_list(data_dir: str | None, as_json: bool) -> None:
    """List all organizations."""
    found = ask(data_dir, "organization list")
    if as_json:
        show_json(found)
    else:
        rows = [(one["code"], one["id"], one["name"], one["enabled"]) for one in found]
        show_table(("code", "id", "name", "enabled"), rows)


def _enables(name: str, enabled: bool, says: str) -> None:
    @organization.command(name)
    @click.argument("organization")
    @data_dir_option
    def enable(organization: str, data_dir: str | None) -> None:
        made = ask(data_dir, "organization enable", organization=organization, enabled=enabled)
        click.echo(f"organization {made['code']} {says}")

    enable.help = f"ORGANIZATION (an id or a code) {says}."


_enables("enable", True, "takes requests")
_enables("disable", False, "takes nothing new; what is live goes on")


@click.group()
def vehicle() -> None:
    """Vehicles of organizations."""


@vehicle.command("add")
@click.argument("organization")
@click.argument("vin")
@click.option("--model", required=True, help="What people call the car.")
@click.option("--photo", metavar="URL", help="An http or https URL.")
@data_dir_option
def vehicle_add(
    organization: str, vin: str, model: str, photo: str | None, data_dir: str | None
) -> None:
    """Register the car with that VIN of ORGANIZATION (an id or a code), or change it."""
    made = ask(
        data_dir, "vehicle add", organization=organization, vin=vin, model=model, photo=photo
    )
    click.echo(f"vehicle {made['vin']} is a {made['model']}")


@click.group()
def operator() -> None:
    """Operators."""


@click.group()
def dealer() -> None:
    """Dealers."""


@click.group()
def admin() -> None:
    """Administrators."""


def _adds(group: click.Group, role: str) -> None:
    @group.command("add")
    @click.argument("login")
    @click.option("--first-name", default="")
    @click.option("--last-name", default="")
    @click.option("--organization", metavar="CODE", help="An id or a code.")
    @click.password_option(help="Asked for if not given.")
    @data_dir_option
    def add(login: str, data_dir: str | None, **fields: Any) -> None:
        made = ask(data_dir, "account add", login=login, role=role, **fields)
        click.echo(f"{role} {login} has the id {made['id']}")

    article = "an" if role[0] in "aeiou" else "a"
    add.help = (
        f"Add {article} {role}. LOGIN is an e-mail address, a phone number with +, or a user name."
    )


_adds(operator, "operator")
_adds(dealer, "dealer")
_adds(admin, "admin")


@click.group()
def account() -> None:
    """Accounts."""


@account.command("show")
@click.argument("account")
@data_dir_option
def account_show(account: str, data_dir: str | None) -> None:
    """Show the account with that id or login."""
    show_json(ask(data_dir, "account show", account=account))


@account.command("approve")
@click.argument("account")
@click.option("--role", type=click.Choice(["operator", "dealer"]), help="By default as asked for.")
@data_dir_option
def account_approve(account: str, role: str | None, data_dir: str | None) -> None:
    """Make the account with that id or login an operator, or a dealer of its organization."""
    made = ask(data_dir, "account approve", account=account, role=role)
    article = "an" if made["role"] == "operator" else "a"
    click.echo(f"{made['id']} is {article} {made['role']}")
