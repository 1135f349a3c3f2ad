"""What must hold of every transition table, and of the page that is generated from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from stories import gig_after, no_person

from switchboard.engine.sessions import ImpossibleTransition, Kind, Transitions, diagrams, fold
from switchboard.engine.sessions import gig as gigs
from switchboard.engine.sessions import person as people
from switchboard.engine.sessions import room as rooms
from switchboard.engine.sessions import stream as streams
from switchboard.engine.sessions.gig import GIG, GigStatus
from switchboard.engine.sessions.gig.events import GigVoted
from switchboard.engine.sessions.gig.journeys import JOURNEYS, travel
from switchboard.engine.sessions.gig.machine import FOLDS
from switchboard.engine.sessions.person import PERSON, PersonPhase
from switchboard.engine.sessions.room import ROOM, Holding, IssuePhase, RoomPhase
from switchboard.engine.sessions.room import machine as room_machine
from switchboard.engine.sessions.room.events import RoomOpened
from switchboard.engine.sessions.stream import STREAM, StreamStatus
from switchboard.engine.sessions.stream.machine import FOLDS as STREAM_FOLDS

TABLES: list[Any] = [
    pytest.param(GIG, gigs.TRANSITIONS, get_args(GigStatus), id="gig"),
    pytest.param(STREAM, streams.TRANSITIONS, get_args(StreamStatus), id="stream"),
    pytest.param(PERSON, people.TRANSITIONS, get_args(PersonPhase), id="person"),
]
FINAL = {
    "allOperatorsRejected",
    "compensated",
    "expired",
    "failed",
    "cancelled",
    "customerRejected",
    "terminated",
}
"""The statuses that contracts/dropin.md calls final."""
REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize(("kind", "table", "phases"), TABLES)
def test_every_phase_has_a_row_and_every_event_a_place(
    kind: Kind[Any], table: Transitions[Any], phases: tuple[str, ...]
) -> None:
    assert set(table) == {None, *phases}
    placed = {event for row in table.values() for event in row}
    assert placed == {event for _, event in kind.events.values()} | kind.volatile
    assert {phase for row in table.values() for phase in row.values()} == set(phases)


def test_each_part_of_a_room_has_a_row_for_every_phase_and_every_event_a_place() -> None:
    phases = {
        "phase": get_args(RoomPhase),
        "holding": get_args(Holding),
        "asking": get_args(IssuePhase),
    }
    for part, table in rooms.PARTS.items():
        assert set(table) == {None, *phases[part]}
        assert {phase for row in table.values() for phase in row.values()} == set(phases[part])
    placed = {event for table in rooms.PARTS.values() for row in table.values() for event in row}
    assert placed == {event for _, event in ROOM.events.values()} | ROOM.volatile
    assert set(room_machine.FOLDS) == placed - {RoomOpened}
    assert set(rooms.PARTS) == set(diagrams.ROOM_PARTS)


def test_exactly_the_final_statuses_of_the_contract_have_empty_rows() -> None:
    assert {phase for phase, row in gigs.TRANSITIONS.items() if not row} == FINAL


@pytest.mark.parametrize(
    ("table", "folds"), [(gigs.TRANSITIONS, FOLDS), (streams.TRANSITIONS, STREAM_FOLDS)]
)
def test_every_event_but_the_first_has_its_fold(table: Any, folds: Any) -> None:
    placed = {event for phase, row in table.items() if phase for event in row}
    assert set(folds) == placed


def test_a_stream_that_is_over_takes_no_more_than_notes_and_leads() -> None:
    after: dict[str | None, set[str]] = {
        phase: {event.__name__ for event in row} for phase, row in streams.TRANSITIONS.items()
    }
    assert after["completed"] == {"NoteWritten", "LeadLinked"}
    for final in ("expired", "missed", "missed-offline"):
        assert after[final] == {"LeadLinked"}


def test_an_event_out_of_place_is_a_bug_and_not_a_state() -> None:
    with pytest.raises(ImpossibleTransition):
        GIG.evolve(gig_after(JOURNEYS["expired"]).state, GigVoted(at=0))
    with pytest.raises(ImpossibleTransition):
        GIG.evolve(None, GigVoted(at=0))


def test_a_fold_of_nothing_is_nothing_and_of_a_journey_its_end() -> None:
    assert fold(PERSON, (), no_person().state_or_none) is None
    events = [event for event, _ in travel(JOURNEYS["voted"])]
    assert fold(GIG, events) == gig_after(JOURNEYS["voted"]).state


def test_the_committed_page_of_diagrams_is_what_the_tables_say() -> None:
    committed = (REPOSITORY / "docs/sessions.md").read_text(encoding="utf-8")
    assert committed == diagrams.page(), "run python -m switchboard.engine.sessions.diagrams"


def test_the_page_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "new" / "sessions.md"
    diagrams.main([str(target)])
    assert target.read_text(encoding="utf-8") == diagrams.page()


def test_a_diagram_has_one_arrow_an_event_and_an_end_for_each_final_phase() -> None:
    lines = diagrams.diagram(gigs.TRANSITIONS).splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert "    [*] --> pendingOperator: GigRequested" in lines
    assert {line.split()[0] for line in lines if line.endswith("--> [*]")} == FINAL
    assert len(lines) == 1 + sum(max(len(row), 1) for row in gigs.TRANSITIONS.values())


def test_a_phase_with_a_hyphen_is_drawn_under_a_name_that_mermaid_takes() -> None:
    lines = diagrams.diagram(streams.TRANSITIONS).splitlines()
    assert '    state "missed-offline" as missed_offline' in lines
    assert "    [*] --> missed_offline: NobodyOnline" in lines
