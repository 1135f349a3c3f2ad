"""A support room's machine against an independent model, under virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from room_stories import BEGINNING, opening, says
from stories import Story

from switchboard.engine.errors import NotAllowedInPhase, Rejected, RoomHeld
from switchboard.engine.sessions import Command, fold
from switchboard.engine.sessions.room import (
    HOLDER_TIMEOUT,
    ROOM,
    AddTag,
    CloseIssue,
    CloseRoom,
    FreeRoom,
    HearHolder,
    MessagePosted,
    RemoveTag,
    Room,
    TakeRoom,
)

OPERATORS = st.sampled_from(["ann", "bob", "eve"])
TAGS = st.sampled_from(["vip", "bank", "card"])


@dataclass
class Model:
    """A room as somebody would describe it who has read the contract and not the code."""

    active: bool = True
    holder: str | None = None
    heard: int = 0
    tags: list[str] = field(default_factory=list)
    issues: list[dict[str, object]] = field(default_factory=list)
    messages: list[object] = field(default_factory=list)
    """The issue of each."""

    @property
    def open_issue(self) -> dict[str, object] | None:
        return self.issues[-1] if self.issues and self.issues[-1]["closed_by"] is None else None


class RoomAgainstModel(RuleBasedStateMachine):
    """Every command at any time, by anybody."""

    @initialize()
    def begin(self) -> None:
        self.story: Story[Room] = Story(ROOM, None, BEGINNING)
        self.story.do(opening())
        self.model = Model()

    def expect(self, refused: type[Rejected] | None, command: Command) -> bool:
        """Does it, and whether it was done is as expected."""
        if refused is None:
            self.story.do(command)
            return True
        with pytest.raises(refused) as refusal:
            self.story.do(command)
        assert refusal.type is refused
        return False

    @rule(span=st.sampled_from([1, 60_000, HOLDER_TIMEOUT - 60_000, HOLDER_TIMEOUT]))
    def wait(self, span: int) -> None:
        self.story.wait(span)
        self.story.fire_due()
        if self.model.holder and self.story.now >= self.model.heard + HOLDER_TIMEOUT:
            self.model.holder = None

    @rule()
    def client_writes(self) -> None:
        model, id = self.model, f"issue {len(self.model.issues) + 1}"
        refused = None if model.active else NotAllowedInPhase
        if self.expect(refused, says("client", "client", issue_id=id)):
            if model.open_issue is None:
                model.issues.append(
                    {"id": id, "tags": list(model.tags), "closed_by": None, "answered": False}
                )
            assert model.open_issue is not None
            model.messages.append(model.open_issue["id"])

    @rule(operator=OPERATORS)
    def operator_writes(self, operator: str) -> None:
        model = self.model
        if self.expect(None if model.active else NotAllowedInPhase, says(operator, "staff")):
            model.messages.append(model.open_issue and model.open_issue["id"])
            if model.holder in (None, operator):
                model.holder, model.heard = operator, self.story.now
                if model.open_issue is not None:
                    model.open_issue["answered"] = True

    @rule(operator=OPERATORS)
    def take(self, operator: str) -> None:
        model = self.model
        refused: type[Rejected] | None = None if model.active else NotAllowedInPhase
        if model.active and model.holder not in (None, operator):
            refused = RoomHeld
        if self.expect(refused, TakeRoom(operator=operator)):
            model.holder, model.heard = operator, self.story.now

    @rule(operator=OPERATORS, admin=st.booleans(), closes=st.booleans())
    def free(self, operator: str, admin: bool, closes: bool) -> None:
        model = self.model
        refused = None if model.holder in (None, operator) or admin else RoomHeld
        command = FreeRoom(operator=operator, admin=admin, closes=closes)
        if self.expect(refused, command) and model.holder is not None:
            model.holder = None
            if closes and model.open_issue is not None:
                model.open_issue["closed_by"] = operator

    @rule(operator=OPERATORS)
    def hear(self, operator: str) -> None:
        self.story.do(HearHolder(operator=operator))
        if self.model.holder == operator:
            self.model.heard = self.story.now

    @rule(operator=OPERATORS)
    def close_issue(self, operator: str) -> None:
        model = self.model
        if not model.issues:
            return
        issue = model.open_issue
        refused = None if issue is None or model.holder in (None, operator) else RoomHeld
        command = CloseIssue(issue=str(model.issues[-1]["id"]), operator=operator)
        if self.expect(refused, command) and issue is not None:
            issue["closed_by"] = operator

    @rule(tag=TAGS)
    def tag(self, tag: str) -> None:
        model = self.model
        if (
            self.expect(None if model.active else NotAllowedInPhase, AddTag(tag=tag))
            and tag not in model.tags
        ):
            model.tags.append(tag)
            if model.open_issue is not None and tag not in model.open_issue["tags"]:  # type: ignore[operator]
                model.open_issue["tags"].append(tag)  # type: ignore[attr-defined]

    @rule(tag=TAGS)
    def untag(self, tag: str) -> None:
        model = self.model
        if (
            self.expect(None if model.active else NotAllowedInPhase, RemoveTag(tag=tag))
            and tag in model.tags
        ):
            model.tags.remove(tag)
            if model.open_issue is not None and tag in model.open_issue["tags"]:  # type: ignore[operator]
                model.open_issue["tags"].remove(tag)  # type: ignore[attr-defined]

    @rule(really=st.integers(0, 9))
    def close(self, really: int) -> None:
        """Rarely, because nothing happens afterwards."""
        if really == 0:
            self.story.do(CloseRoom(), by="system:test")
            if self.model.open_issue is not None:
                self.model.open_issue["closed_by"] = "system:test"
            self.model.active, self.model.holder = False, None

    @invariant()
    def the_room_is_what_the_model_says(self) -> None:
        room, model = self.story.state, self.model
        assert (room.phase == "active") == model.active
        assert (room.holder, room.holding == "held") == (model.holder, model.holder is not None)
        assert list(room.tags) == model.tags
        assert (room.messages, room.issues) == (len(model.messages), len(model.issues))
        if room.issue is not None:
            shown = {
                "id": room.issue.id,
                "tags": list(room.issue.tags),
                "closed_by": room.issue.closed_by,
                "answered": room.issue.answered_at is not None,
            }
            assert shown == model.issues[-1]

    @invariant()
    def messages_have_no_gap_and_no_repeat_and_are_their_entries(self) -> None:
        found = [
            (version, event)
            for version, event in enumerate(self.story.journal, 1)
            if isinstance(event, MessagePosted)
        ]
        assert [event.number for _, event in found] == list(range(1, len(found) + 1))
        assert all(version == event.sequence for version, event in found)
        assert [event.issue for _, event in found] == self.model.messages

    @invariant()
    def the_journal_folds_to_the_room_but_for_what_is_volatile(self) -> None:
        folded = fold(ROOM, self.story.journal)
        assert folded is not None
        assert folded.holder == self.story.state.holder
        assert folded.issue == self.story.state.issue
        assert folded.last_message == self.story.state.last_message


RoomAgainstModel.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None
)
TestRoomAgainstModel = RoomAgainstModel.TestCase
