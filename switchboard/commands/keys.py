"""``switchboard keys``."""

from __future__ import annotations

import click

from switchboard.commands.options import ask, data_dir_option


@click.group()
def keys() -> None:
    """The keys that sign tokens."""


@keys.command("rotate")
@data_dir_option
def keys_rotate(data_dir: str | None) -> None:
    """Sign new tokens with a new key from now on; tokens of the former keys stay good."""
    made = ask(data_dir, "keys rotate")
    click.echo(f"new tokens are signed with the key {made['kid']}")
