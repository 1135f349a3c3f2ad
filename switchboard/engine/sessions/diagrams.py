"""Writes docs/sessions.md from the transition tables: ``python -m switchboard.engine.sessions.diagrams [FILE]``.

A test fails while the committed page is not what this writes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from switchboard.engine.sessions import gig, person, room, stream
from switchboard.engine.sessions.gig.journeys import JOURNEYS as GIG_JOURNEYS
from switchboard.engine.sessions.journey import Step
from switchboard.engine.sessions.kind import Kind
from switchboard.engine.sessions.stream.journeys import JOURNEYS as STREAM_JOURNEYS
from switchboard.engine.sessions.transitions import Transitions

PAGE = Path("docs/sessions.md")
"""Where the page lies in the repository, whose root is the working directory of all its tools."""

INTRODUCTION = """\
# The sessions

This page is generated from the transition tables by `python -m switchboard.engine.sessions.diagrams`; do not edit it.

An arrow is an event: what was decided, written to the journal, and folded into the state. A phase with an arrow to the
end is final: nothing happens to such a session any more. *Volatile* events are never written down.
"""

GIG_TEXT = f"""\
From a customer's request to the last step of the back office. The table is `TRANSITIONS` in
`switchboard/engine/sessions/gig/machine.py`; who may cause which event is in `decisions.py` beside it.
The gig engages its parties while it is {", ".join(f"`{phase}`" for phase in gig.TRANSITIONS if phase in gig.LIVE)}.
"""

STREAM_TEXT = """\
From a visitor's request to the note or lead afterwards. The table is `TRANSITIONS` in
`switchboard/engine/sessions/stream/machine.py`; who may cause which event is in `decisions.py` beside it. A stream
engages the dealer to whom it is offered, and the one who streams. While it is `requested` and offered to nobody it
waits for a dealer: the `showroom` workflow offers it to the next one, and every 30 s the stream asks again.
"""

PERSON_TEXT = """\
Whether somebody is available. The table is `TRANSITIONS` in `switchboard/engine/sessions/person/machine.py`.
"""


ROOM_TEXT = """\
Messages in one order between people. Its parts move independently, each by a table of its own in
`switchboard/engine/sessions/room/machine.py`; `decisions.py` and `posting.py` beside it say who may cause which event.
Only support rooms are held and have issues. A message is an event too: it is kept for ever as a row of the messages.
"""

ROOM_PARTS: Mapping[str, str] = {
    "phase": "Whether it takes messages: `STANDING`.",
    "holding": "Whether an operator holds it: `HOLDING`.",
    "asking": "How far its issue is: `ASKING`.",
}


def diagram(table: Transitions[Any]) -> str:
    """The table as a Mermaid state diagram: one arrow an event, in the table's order."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{name}" as {_id(name)}' for name in table if name and name != _id(name)]
    for phase, row in table.items():
        for event, following in row.items():
            lines.append(f"    {_id(phase)} --> {_id(following)}: {event.__name__}")
        if not row:
            lines.append(f"    {_id(phase)} --> [*]")
    return "\n".join(lines)


def _id(phase: str | None) -> str:
    """The phase as Mermaid can name it, whose names have no hyphen."""
    return "[*]" if phase is None else phase.replace("-", "_")


def events_of(kind: Kind[Any]) -> str:
    """A table of the kind's events: name, format, meaning."""
    rows = [
        f"| {name} | {number} | {_says(event)} |" for name, (number, event) in kind.events.items()
    ]
    rows += [
        f"| {event.__name__} | volatile | {_says(event)} |"
        for event in sorted(kind.volatile, key=lambda event: event.__name__)
    ]
    return "\n".join(["| event | format | meaning |", "|---|---|---|", *rows])


def _says(event: type[Any]) -> str:
    """The first sentence of the class's docstring, on one line."""
    paragraph = (event.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(paragraph.split()).replace("``", "`")


def journeys(of: Mapping[Any, tuple[Step, ...]]) -> str:
    """A table of the shortest way to each status."""
    rows = [
        f"| {status} | {' → '.join(_named(step) for step in steps)} |"
        for status, steps in of.items()
    ]
    return "\n".join(["| status | commands |", "|---|---|", *rows])


def _named(step: Step) -> str:
    return "*its deadline*" if step.command is None else type(step.command).__name__


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for title, text, table, kind in (
        ("Gig", GIG_TEXT, gig.TRANSITIONS, gig.GIG),
        ("Stream", STREAM_TEXT, stream.TRANSITIONS, stream.STREAM),
        ("Person", PERSON_TEXT, person.TRANSITIONS, person.PERSON),
    ):
        parts += [f"## {title}\n", text, f"```mermaid\n{diagram(table)}\n```\n"]
        parts += [f"{events_of(kind)}\n"]
    parts += ["## Room\n", ROOM_TEXT]
    for part, meaning in ROOM_PARTS.items():
        parts += [f"{meaning}\n", f"```mermaid\n{diagram(room.PARTS[part])}\n```\n"]
    parts += [f"{events_of(room.ROOM)}\n"]
    parts += ["## The shortest way to each status of a gig\n", f"{journeys(GIG_JOURNEYS)}\n"]
    parts += ["## The shortest way to each status of a stream\n", f"{journeys(STREAM_JOURNEYS)}\n"]
    return "\n".join(parts)


def main(arguments: list[str]) -> None:
    """Writes the page to the file given, else to its place in the repository."""
    path = Path(arguments[0]) if arguments else PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
