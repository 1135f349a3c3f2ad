"""The command ``switchboard``: finds the subcommand, and turns what goes wrong into one line and a status."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from switchboard.admin_channel import NoServer, Refused
from switchboard.engine.errors import StartError
from switchboard.version import VERSION


class Place(NamedTuple):
    """Where a subcommand is, and its line in the help, so that the help imports none of them."""

    module: str
    attribute: str
    help: str


COMMANDS: Mapping[str, Place] = {
    "account": Place("switchboard.commands.people", "account", "Show and approve accounts."),
    "admin": Place("switchboard.commands.people", "admin", "Add administrators."),
    "api-key": Place(
        "switchboard.commands.api_keys", "api_key", "Keys of organizations' own servers."
    ),
    "apps": Place("switchboard.commands.apps", "apps", "Keys of the Pusher protocol's apps."),
    "bank": Place("switchboard.commands.support", "bank", "Accounts of banks (ally)."),
    "bench": Place("switchboard.bench", "bench", "Measure throughput and memory."),
    "crash": Place(
        "switchboard.crash",
        "crash",
        "Kill and freeze servers under load, and check what they kept.",
    ),
    "dealer": Place("switchboard.commands.people", "dealer", "Add dealers."),
    "directory": Place(
        "switchboard.commands.support", "directory", "Import a bank's customers (ally)."
    ),
    "doctor": Place("switchboard.commands.doctor", "doctor", "Say what is amiss."),
    "gig": Place("switchboard.commands.sessions", "gig", "The back office's steps of gigs."),
    "keys": Place("switchboard.commands.keys", "keys", "Rotate the token keys."),
    "migrate": Place("switchboard.commands.migrate", "migrate", "Bring the database's schema up."),
    "openapi": Place("switchboard.commands.openapi", "openapi", "Print the OpenAPI document."),
    "operator": Place("switchboard.commands.people", "operator", "Add operators."),
    "organization": Place("switchboard.commands.people", "organization", "Organizations."),
    "quarantine": Place(
        "switchboard.commands.sessions", "quarantine", "Sessions that crashed too often."
    ),
    "say": Place("switchboard.commands.support", "say", "Write into a support room (ally)."),
    "serve": Place("switchboard.commands.serve", "serve", "Run the server."),
    "sessions": Place("switchboard.commands.sessions", "sessions", "Look at live sessions."),
    "settings": Place("switchboard.commands.settings", "settings", "List all settings."),
    "support-app": Place(
        "switchboard.commands.support", "support_app", "Apps of support desks (ally)."
    ),
    "vehicle": Place("switchboard.commands.people", "vehicle", "Register organizations' cars."),
    "simulate": Place(
        "switchboard.simulations.command", "simulate", "Run people and faults under virtual time."
    ),
}


class Group(click.Group):
    """Imports a subcommand when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, or None."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(importlib.import_module(place.module), place.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the help, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in sorted(COMMANDS)])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the subcommand; what it expects to go wrong becomes one line."""
        try:
            return super().invoke(ctx)
        except (StartError, NoServer, Refused) as error:
            raise Failure(str(error)) from error


class Failure(click.ClickException):
    """One line on stderr, status 1."""

    def show(self, file: Any = None) -> None:
        """Prints it; a reason of several lines (a library's) is shortened to one."""
        click.echo(f"switchboard: {' '.join(self.format_message().split())}", err=True, file=file)


@click.command(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="%(version)s")
def switchboard() -> None:
    """Live sessions between people: supervised actors behind published APIs, durable in Postgres.

    Every setting is an environment variable SWITCHBOARD_*; see `switchboard settings`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point; ends the process."""
    switchboard.main(
        args=sys.argv[1:] if arguments is None else list(arguments), prog_name="switchboard"
    )
