"""``switchboard settings``."""

from __future__ import annotations

import os

import click

from switchboard.commands.options import json_option, show_json, show_table
from switchboard.settings import TABLE, Settings, variable_of
from switchboard.settings_loading import load, shown


@click.command()
@json_option
def settings(as_json: bool) -> None:
    """List every setting with its default and its present value; secrets are masked."""
    present, defaults = load(os.environ), Settings()
    rows = []
    for name, row in TABLE.items():
        default = shown(name, getattr(defaults, name))
        value = shown(name, getattr(present, name))
        rows.append(
            (variable_of(name), default, "" if value == default else value, row.metadata["help"])
        )
    columns = ("variable", "default", "set to", "what it is for")
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows)
