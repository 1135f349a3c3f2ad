"""What several subcommands share: their options, the way to the server, and how answers are shown."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from switchboard.admin_channel import ask_server
from switchboard.settings_loading import load

F = TypeVar("F", bound=Callable[..., Any])

PIPED_WIDTH = 1000
"""Columns of a table that goes to a file or a program: nothing is cut off."""

data_dir_option = click.option(
    "--data-dir", metavar="DIR", help="The server's data folder (SWITCHBOARD_DATA_DIR; .data)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def ask(data_dir: str | None, command: str, **arguments: Any) -> Any:
    """The running server's answer. Raises: StartError: a wrong setting. NoServer; Refused."""
    folder: Path = load(os.environ, {"data_dir": data_dir}).data_dir
    return ask_server(folder, command, **arguments)


def show_json(answer: Any) -> None:
    """As JSON, for programs."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """As a table, for people."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text of strangers must not be read as markup.
        table.add_row(*(_escaped(cell) for cell in row))
    console.print(table)


def _escaped(cell: Any) -> str:
    from rich.markup import escape

    return escape("" if cell is None else str(cell))


def moment(instant: int | None) -> str:
    """An instant as people read it, in UTC."""
    if instant is None:
        return ""
    at = datetime.datetime.fromtimestamp(instant / 1000, datetime.UTC)
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{instant % 1000:03d}"


def duration(milliseconds: int) -> str:
    """A time between two steps, in the unit that suits it."""
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.3f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02d} min {seconds:02d} s"
        if hours
        else f"{minutes} min {seconds:02d} s"
    )
