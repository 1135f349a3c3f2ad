"""Rooms under virtual time, for tests of the pure machine."""

from __future__ import annotations

from typing import Any

from stories import Story

from switchboard.engine.sessions.kind import Command
from switchboard.engine.sessions.room import (
    ROOM,
    CloseIssue,
    CloseRoom,
    FreeRoom,
    Member,
    OpenRoom,
    PostMessage,
    Role,
    Room,
    RoomPurpose,
    TakeRoom,
)

BEGINNING = 1_460_430_612_000
ID = "6a00000000000000000000aa"
APP = "sensetest"
CLIENT, OPERATOR, COLLEAGUE, ADMIN = "client", "operator", "colleague", "admin"
ISSUE = "6a0000000000000000000201"


def opening(purpose: RoomPurpose = "support", **more: Any) -> OpenRoom:
    """The command that makes the room of these tests."""
    fields: dict[str, Any] = {
        "id": ID,
        "realm": "ally",
        "app": APP,
        "key": CLIENT,
        "people": (Member(account=CLIENT, id="m1"),),
    }
    return OpenRoom(purpose=purpose, **(fields | more))


def says(sender: str, role: Role, text: str | None = "hello", **more: Any) -> PostMessage:
    """A message."""
    fields: dict[str, Any] = {"id": f"message of {sender}", "issue_id": ISSUE}
    return PostMessage(sender=sender, role=role, text=text, **(fields | more))


CLIENT_SAYS = says(CLIENT, "client")
OPERATOR_SAYS = says(OPERATOR, "staff")
TAKE = TakeRoom(operator=OPERATOR)
HAND_OVER = FreeRoom(operator=OPERATOR, closes=False)
CLOSE = CloseIssue(issue=ISSUE, operator=ADMIN, admin=True)

WAYS: dict[str, tuple[Command, ...]] = {
    "free, none": (),
    "held, none": (TAKE,),
    "free, open": (CLIENT_SAYS,),
    "held, open": (CLIENT_SAYS, TAKE),
    "free, answered": (CLIENT_SAYS, OPERATOR_SAYS, HAND_OVER),
    "held, answered": (CLIENT_SAYS, OPERATOR_SAYS),
    "free, closed": (CLIENT_SAYS, CLOSE),
    "held, closed": (CLIENT_SAYS, OPERATOR_SAYS, CLOSE),
    "inactive, none": (CloseRoom(),),
    "inactive, closed": (CLIENT_SAYS, CloseRoom()),
}
"""Every state that a support room's parts can be in together -> the shortest way there."""


def room_in(state: str, purpose: RoomPurpose = "support") -> Story[Room]:
    """The story of a room that has come so far."""
    story: Story[Room] = Story(ROOM, None, BEGINNING)
    for command in (opening(purpose), *WAYS[state]):
        story.do(command)
    return story


def state_of(room: Room) -> str:
    """Its parts as ``WAYS`` names them."""
    return f"{room.holding if room.phase == 'active' else 'inactive'}, {room.asking}"
