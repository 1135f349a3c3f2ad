"""``switchboard apps``: what clients and server SDKs of the Pusher protocol are configured with."""

from __future__ import annotations

import os

import click

from switchboard import keys
from switchboard.commands.options import data_dir_option, json_option, show_json, show_table
from switchboard.settings_loading import load


@click.command()
@click.option("--secrets", "with_secrets", is_flag=True, help="Show the secrets too.")
@data_dir_option
@json_option
def apps(with_secrets: bool, data_dir: str | None, as_json: bool) -> None:
    """Show the apps of the Pusher protocol, one for each API that speaks it."""
    settings = load(os.environ, {"data_dir": data_dir})
    found = settings.pusher_apps or keys.pusher_apps(settings.data_dir)
    columns = ("dialect", "id", "key", "secret")[: 4 if with_secrets else 3]
    rows = [app[: len(columns)] for app in found]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows)
