"""``switchboard api-key``: keys with which an organization's own servers call dowell's API."""

from __future__ import annotations

import click

from switchboard.commands.options import (
    ask,
    data_dir_option,
    json_option,
    moment,
    show_json,
    show_table,
)


@click.group("api-key")
def api_key() -> None:
    """Keys of organizations' own servers (dowell)."""


@api_key.command("add")
@click.argument("organization")
@click.option("--name", default="", help="What people call the key.")
@data_dir_option
def add(organization: str, name: str, data_dir: str | None) -> None:
    """Give out a key for ORGANIZATION, an org_id of dowell's calls. It is shown this once."""
    made = ask(data_dir, "api-key add", organization=organization, name=name)
    click.echo(f"key {made['id']} of {organization}, to be sent as X-Api-Key: {made['key']}")


@api_key.command("list")
@data_dir_option
@json_option
def show(data_dir: str | None, as_json: bool) -> None:
    """List the keys; what they are is known to those alone who were given them."""
    found = ask(data_dir, "api-key list")
    if as_json:
        show_json(found)
        return
    rows = [
        (one["id"], one["organization"], one["name"], moment(one["created_at"])) for one in found
    ]
    show_table(("id", "organization", "name", "since"), rows)


@api_key.command("remove")
@click.argument("id")
@data_dir_option
def remove(id: str, data_dir: str | None) -> None:
    """Take the key with that ID back: from now on it opens nothing."""
    ask(data_dir, "api-key remove", id=id)
    click.echo(f"key {id} opens nothing any more")
