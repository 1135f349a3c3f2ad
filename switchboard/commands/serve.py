"""``switchboard serve``."""

from __future__ import annotations

import os

import click

from switchboard.commands.options import data_dir_option
from switchboard.settings_loading import load


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen (127.0.0.1:8000).")
@data_dir_option
@click.option("--database-url", metavar="URL", help="A Postgres of your own (default: embedded).")
@click.option("--demo/--no-demo", default=None, help="Make demo data on the first start.")
@click.option("--log-format", metavar="json|console", help="By default console on a terminal.")
def serve(
    bind: str | None,
    data_dir: str | None,
    database_url: str | None,
    demo: bool | None,
    log_format: str | None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    options = {
        "bind": bind,
        "data_dir": data_dir,
        "database_url": database_url,
        "demo": None if demo is None else str(demo),
        "log_format": log_format,
    }
    settings = load(os.environ, options)
    # Imported late: the other commands need neither the engine nor the web server.
    from switchboard import serving

    serving.serve(settings)
