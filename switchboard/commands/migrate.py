"""``switchboard migrate``."""

from __future__ import annotations

import os

import click

from switchboard.commands.options import data_dir_option
from switchboard.settings import Settings
from switchboard.settings_loading import load


@click.command()
@data_dir_option
@click.option("--database-url", metavar="URL", help="A Postgres of your own (default: embedded).")
def migrate(data_dir: str | None, database_url: str | None) -> None:
    """Bring the database's schema up to this version, without serving. The server does the same at its start."""
    settings = load(os.environ, {"data_dir": data_dir, "database_url": database_url})
    import trio

    from switchboard import logging_setup
    from switchboard.serving import start_error

    logging_setup.configure(settings.log_format)
    try:
        applied = trio.run(_migrate, settings)
    except BaseExceptionGroup as group:
        raise start_error(group) from None
    click.echo(f"applied {', '.join(applied)}" if applied else "the schema is up to date")


async def _migrate(settings: Settings) -> list[str]:
    """Raises: StartError."""
    from switchboard.store.bridge import Database
    from switchboard.store.migrations import migrate as bring_up
    from switchboard.wiring import database_url

    async with (
        database_url(settings) as url,
        Database.open(url, allow_unsafe=settings.allow_unsafe_database) as database,
    ):
        return await bring_up(database)
