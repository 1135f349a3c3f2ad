"""``switchboard sessions|quarantine|gig``: what operators of the server look at and do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

from switchboard.commands.options import (
    ask,
    data_dir_option,
    duration,
    json_option,
    moment,
    show_json,
    show_table,
)

BRIEF_CHARACTERS_MOST = 300
"""Of an event's fields in a timeline: most are shorter, and --json has them whole."""

kind_option = click.option(
    "--kind", default="gig", show_default=True, help="gig, stream or person."
)


@click.group()
def sessions() -> None:
    """Sessions: gigs, streams and people's presence."""


@sessions.command("list")
@kind_option
@click.option("--phase", "phases", multiple=True, help="Only these; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", type=int, help="The serial of the last one of the page before.")
@data_dir_option
@json_option
def sessions_list(
    kind: str,
    phases: tuple[str, ...],
    limit: int,
    after: int | None,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """List sessions, newest first."""
    found = ask(data_dir, "sessions list", kind=kind, phases=phases, limit=limit, after=after)
    if as_json:
        show_json(found)
        return
    columns = ("id", "phase", "version", "updated", "deadline", "in memory", "serial")
    show_table(columns, [_row(one) for one in found])


def _row(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        one["id"],
        one["phase"],
        one["version"],
        moment(one["updated_at"]),
        moment(one["deadline"]),
        "yes" if one["active"] else "no",
        one["serial"],
    )


@sessions.command("show")
@click.argument("id")
@kind_option
@data_dir_option
def sessions_show(id: str, kind: str, data_dir: str | None) -> None:
    """Show a session's present state."""
    show_json(ask(data_dir, "sessions show", kind=kind, id=id))


@sessions.command("timeline")
@click.argument("id")
@kind_option
@data_dir_option
@json_option
def sessions_timeline(id: str, kind: str, data_dir: str | None, as_json: bool) -> None:
    """Show what happened to a session, step by step, with the time between the steps."""
    journal = ask(data_dir, "sessions timeline", kind=kind, id=id)
    if as_json:
        show_json(journal)
    else:
        columns = ("version", "at (UTC)", "after", "event", "by", "fields")
        show_table(columns, _steps(journal))


def _steps(journal: Iterable[Mapping[str, Any]]) -> Iterable[tuple[Any, ...]]:
    before: int | None = None
    for entry in journal:
        waited = "" if before is None else duration(entry["at"] - before)
        before = entry["at"]
        yield (
            entry["version"],
            moment(entry["at"]),
            waited,
            entry["name"],
            entry["by"],
            _brief(entry["body"]),
        )


def _brief(body: Mapping[str, Any]) -> str:
    """The event's fields in a line: what is empty, and the instant that has its own column, left out."""
    told = [
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in body.items()
        if name != "at" and value not in (None, "", [], {})
    ]
    line = " ".join(told)
    if len(line) > BRIEF_CHARACTERS_MOST:
        line = line[:BRIEF_CHARACTERS_MOST] + "..."
    return line


@sessions.command("end")
@click.argument("id")
@kind_option
@data_dir_option
def sessions_end(id: str, kind: str, data_dir: str | None) -> None:
    """End a session for good, out of quarantine if need be."""
    ended = ask(data_dir, "sessions end", kind=kind, id=id)
    click.echo(f"{kind} {id} is {ended['phase']}")


@sessions.command("release")
@click.argument("id")
@kind_option
@data_dir_option
def sessions_release(id: str, kind: str, data_dir: str | None) -> None:
    """Take a session out of quarantine."""
    ask(data_dir, "sessions release", kind=kind, id=id)
    click.echo(f"{kind} {id} runs again")


@click.group()
def quarantine() -> None:
    """Sessions that crashed too often and stand still."""


@quarantine.command("list")
@data_dir_option
@json_option
def quarantine_list(data_dir: str | None, as_json: bool) -> None:
    """List them, oldest first; --json has their tracebacks."""
    found = ask(data_dir, "quarantine list")
    if as_json:
        show_json(found)
        return
    # Grouped by where they crash, the group that began first before the others.
    begun = {one["fingerprint"]: one["at"] for one in reversed(found)}
    found.sort(key=lambda one: (begun[one["fingerprint"]], one["fingerprint"], one["at"]))
    columns = ("kind", "id", "since (UTC)", "message", "incident", "where")
    rows = [
        (
            one["kind"],
            one["id"],
            moment(one["at"]),
            one["message"],
            one["incident"],
            one["fingerprint"],
        )
        for one in found
    ]
    show_table(columns, rows)


@click.group()
def gig() -> None:
    """Gigs in the back office."""


@gig.command("advance")
@click.argument("id")
@click.option("--from", "expected", metavar="STATUS", help="Only if that is its status.")
@data_dir_option
def gig_advance(id: str, expected: str | None, data_dir: str | None) -> None:
    """Take a rated gig a step on: invoiceGenerated, invoiceSent, compensated."""
    advanced = ask(data_dir, "gig advance", id=id, expected=expected)
    click.echo(f"gig {id} is {advanced['status']}")
