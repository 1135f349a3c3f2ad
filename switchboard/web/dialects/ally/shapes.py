"""ally's JSON, both ways. Source: contracts/ally.md and its seed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from switchboard.engine.clock import Instant
from switchboard.engine.queries.issues import Day
from switchboard.engine.queries.rooms import Membership, ReadMarker
from switchboard.engine.records import Account, Device
from switchboard.engine.sessions.room import Issue, Room
from switchboard.engine.workflows.issues import FoundAnswer, IssueView
from switchboard.engine.workflows.messages import Message
from switchboard.engine.workflows.room_lists import RoomView
from switchboard.engine.workflows.support_people import StaffMember
from switchboard.web.reading import Reader

Json = dict[str, Any]

URL_LENGTH_MOST = 2000
WORD_LENGTH_MOST = 200
PASSWORD_LENGTH_MOST = 1000
"""Nobody's is longer, and Argon2 would hash megabytes."""

DEVICE_FIELDS = ("os_version", "device_type", "app_version", "tzoffset", "geolocation")
"""What a user's device says of itself; shown to the desk."""

PROFILE_FIELDS = ("name", "avatar_url", *DEVICE_FIELDS, "parse_id")


def seconds(at: Instant | None) -> float | None:
    """ally's times are seconds with a fraction."""
    return None if at is None else at / 1000


# -- what is sent -------------------------------------------------------------------------------------------------


def profile(reader: Reader) -> Json:
    """What is said of a user; what is not said is left out, ``null`` and nothing take it away."""
    said: Json = {}
    for name in PROFILE_FIELDS:
        if reader.given(name):
            said[name] = url(reader, name) if name == "avatar_url" else _word(reader, name)
    return said


def _word(reader: Reader, name: str) -> str | None:
    return reader.text(name, most=WORD_LENGTH_MOST) or None


def url(reader: Reader, name: str) -> str | None:
    """A web address."""
    given = reader.text(name, most=URL_LENGTH_MOST) or None
    if given is not None and not given.lower().startswith(("http://", "https://")):
        reader.complain(name, "must be an http or https URL")
    return given


def staff_member(reader: Reader) -> StaffMember:
    """What is said of an operator."""
    return StaffMember(
        login=reader.text("login", most=WORD_LENGTH_MOST) or None,
        password=reader.text("password", most=PASSWORD_LENGTH_MOST) or None,
        is_admin=reader.flag("is_admin"),
        alias=reader.text("alias", most=WORD_LENGTH_MOST) or None,
        avatar_url=url(reader, "avatar_url"),
    )


# -- people -------------------------------------------------------------------------------------------------------


def alias_of(account: Account) -> str | None:
    """What the app calls the account."""
    return next((one.shown for one in account.identities if one.type == "alias"), None)


def listed_user_shape(account: Account) -> Json:
    """A user in a list: its picture only if it has one."""
    shape: Json = {"alias": alias_of(account), "id": account.id}
    avatar = account.profile.get("avatar_url")
    return shape if avatar is None else {**shape, "avatar_url": avatar}


def known_user_shape(account: Account) -> Json:
    """A user as everybody of the app sees it."""
    return {
        "id": account.id,
        "alias": alias_of(account),
        "name": account.first_name or None,
        "avatar_url": account.profile.get("avatar_url"),
    }


def user_shape(account: Account) -> Json:
    """A user as itself and the desk see it: with the operators' keys."""
    return {**known_user_shape(account), **operator_shape(account)}


def operator_shape(account: Account) -> Json:
    """The seed's 11 keys; ``login`` is null for clients."""
    login = next((one.shown for one in account.identities if one.type == "username"), None)
    return {
        **{name: account.profile.get(name) for name in DEVICE_FIELDS},
        "is_admin": account.admin,
        "is_operator": account.operator == "approved",
        "id": account.id,
        "alias": alias_of(account),
        "avatar_url": account.profile.get("avatar_url"),
        "login": login,
    }


def device_shape(device: Device) -> Json:
    """A device that pushes go to."""
    return {"id": device.id, "device_token": device.address, "device_type": device.type}


def user_room_shape(membership: Membership, marker: ReadMarker | None) -> Json:
    """How far somebody has read one of its rooms."""
    return {
        "user_id": membership.account,
        "room_id": membership.room,
        "id": membership.id,
        "last_read_message_id": None if marker is None else marker.message,
    }


# -- rooms --------------------------------------------------------------------------------------------------------


def message_shape(message: Message) -> Json:
    """A message."""
    return {
        "room": message.room,
        "created_at": seconds(message.at),
        "file": message.file,
        "message": message.text,
        "issue": message.issue,
        "id": message.id,
        "sender": message.sender,
    }


def _or_null(message: Message | None) -> Json | None:
    return None if message is None else message_shape(message)


def room_shape(view: RoomView, members: Sequence[Membership]) -> Json:
    """A room as its reader sees it."""
    room = view.room
    shape: Json = {
        "id": room.id,
        "status": 0 if room.holder is None else 1,
        "is_support": room.purpose == "support",
        "users": [{"id": member.account} for member in members],
        "tags": list(room.tags),
        "first_message": _or_null(view.first_message),
        "last_message": _or_null(view.last_message),
        "last_issue": _last_issue(room, view),
        "active_operator": room.holder,
    }
    if view.marker is not None:
        shape["last_read_message_id"] = view.marker.message
    return shape


def _last_issue(room: Room, view: RoomView) -> Json | None:
    if room.issue is None:
        return None
    return last_issue_shape(room.id, room.issue, view.issue_first_message, view.issue_last_message)


def last_issue_shape(room: str, issue: Issue, first: Message | None, last: Message | None) -> Json:
    """The issue of a room as the room itself remembers it."""
    return {
        "id": issue.id,
        "room": room,
        "is_open": issue.closed_at is None,
        "tags": list(issue.tags),
        "created_at": seconds(issue.opened_at),
        "answered_at": seconds(issue.answered_at),
        "closed_at": seconds(issue.closed_at),
        "closed_by": issue.closed_by,
        "first_message": _or_null(first),
        "last_message": _or_null(last),
    }


# -- issues -------------------------------------------------------------------------------------------------------


def issue_shape(view: IssueView) -> Json:
    """An issue; ``position`` in the queue stands in lists, of those that wait."""
    record = view.record
    shape: Json = {
        "id": record.id,
        "room": record.room,
        "is_open": record.closed_at is None,
        "tags": list(record.tags),
        "created_at": seconds(record.opened_at),
        "answered_at": seconds(record.answered_at),
        "closed_at": seconds(record.closed_at),
        "closed_by": record.closed_by,
        "first_message": _or_null(view.first_message),
        "last_message": _or_null(view.last_message),
    }
    return shape if record.position is None else {**shape, "position": record.position}


def answer_shape(found: FoundAnswer) -> Json:
    """What was answered to a question that is like the present one."""
    return {
        "message": found.message.text,
        "issue": found.message.issue,
        "room": found.message.room,
        "question": found.question.text,
        "score": round(found.score, 4),
    }


def day_shape(day: Day, offset: int) -> Json:
    """One day of the statistics; ``offset``: milliseconds by which its zone is ahead of UTC."""
    begins = datetime.datetime.fromtimestamp((day.begins + offset) / 1000, datetime.UTC)
    median = day.answered_median
    return {
        "date": begins.date().isoformat(),
        "count": day.opened,
        "opened": day.opened,
        "closed": day.closed,
        "answered_in_seconds_median": None if median is None else median / 1000,
    }


def tags_shape(tags: Iterable[str]) -> list[Mapping[str, str]]:
    """The words that the app's desk sorts by."""
    return [{"tag": tag} for tag in tags]
