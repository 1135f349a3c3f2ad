"""What any version has written to a disk is read by this one: tests/golden has the bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from switchboard.engine.sessions import Codec, Kind, UnknownFormat
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.room import ROOM
from switchboard.engine.sessions.stream import STREAM

KINDS: list[Kind[Any]] = [GIG, PERSON, ROOM, STREAM]


def golden(kind: Kind[Any]) -> dict[str, list[dict[str, Any]]]:
    """Journal -> its lines in order."""
    journals: dict[str, list[dict[str, Any]]] = {}
    text = (Path(__file__).parent / f"{kind.name}.jsonl").read_text(encoding="utf-8")
    for line in text.splitlines():
        fields = json.loads(line)
        journals.setdefault(fields["journal"], []).append(fields)
    return journals


JOURNALS = [
    pytest.param(kind, lines, id=f"{kind.name}-{journal}")
    for kind in KINDS
    for journal, lines in golden(kind).items()
]


@pytest.mark.parametrize(("kind", "lines"), JOURNALS)
def test_a_shipped_journal_folds_to_its_shipped_snapshot(
    kind: Kind[Any], lines: list[dict[str, Any]]
) -> None:
    codec, state = Codec(kind), None
    for line in lines:
        body = line["body"].encode()
        if "name" in line:
            state = kind.evolve(state, codec.decode_event(line["name"], line["format"], body))
        else:
            assert codec.decode_state(line["snapshot"], body) == state


@pytest.mark.parametrize(("kind", "lines"), JOURNALS)
def test_what_is_written_today_has_the_bytes_that_were_shipped(
    kind: Kind[Any], lines: list[dict[str, Any]]
) -> None:
    codec = Codec(kind)
    for line in lines:
        body = line["body"].encode()
        if "name" in line and kind.events[line["name"]][0] == line["format"]:
            event = codec.decode_event(line["name"], line["format"], body)
            assert codec.encode_event(event) == (line["name"], line["format"], body)
        elif line.get("snapshot") == kind.state_format:
            assert codec.encode_state(codec.decode_state(kind.state_format, body)) == body


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_shipped_event_and_snapshot_format_has_a_golden_line(kind: Kind[Any]) -> None:
    lines = [line for journal in golden(kind).values() for line in journal]
    recorded = {(line["name"], line["format"]) for line in lines if "name" in line}
    shipped = {(name, number) for name, (number, _) in kind.events.items()}
    assert recorded == shipped | set(kind.upcasters)
    snapshots = {line["snapshot"] for line in lines if "snapshot" in line}
    assert snapshots == {kind.state_format, *kind.state_upcasters}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_durable_event_is_written_under_its_class_name(kind: Kind[Any]) -> None:
    assert {name: event.__name__ for name, (_, event) in kind.events.items()} == {
        name: name for name in kind.events
    }
    assert kind.volatile.isdisjoint(event for _, event in kind.events.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_bytes_of_a_newer_version_are_refused_not_guessed(kind: Kind[Any]) -> None:
    codec = Codec(kind)
    name = next(iter(kind.events))
    with pytest.raises(UnknownFormat):
        codec.decode_event(name, 999, b"{}")
    with pytest.raises(UnknownFormat):
        codec.decode_state(999, b"{}")
