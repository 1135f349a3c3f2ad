"""What must be true of rooms beyond what is true of every kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from switchboard.engine.errors import NotAllowedInPhase, NotFound, RoomHeld
from switchboard.engine.sessions import Address, Event, ImpossibleTransition, next_phase
from switchboard.engine.sessions.room import ROOM, Room
from switchboard.engine.sessions.room.events import (
    HolderTimedOut,
    IssueClosed,
    IssueOpened,
    MemberAdded,
    MemberRemoved,
    MessagePosted,
    RoomOpened,
    RoomTaken,
)
from switchboard.engine.sessions.room.machine import PARTS, PLACED
from switchboard.simulations.cast import Refusal, Rules
from switchboard.simulations.checkers.names import (
    EARLY,
    LEGAL,
    MARKERS,
    ONCE,
    ONE_HOLDER,
    ONE_ISSUE,
    ONE_ROOM,
    SEQUENCE,
    TOLD,
)
from switchboard.simulations.checkers.shadows import Shadow, Shadows
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase


class RoomRules(Rules):
    """One world's rooms."""

    def __init__(self, shadows: Shadows) -> None:
        super().__init__(shadows)
        self._keys: dict[tuple[str, str, str], Address] = {}
        """(realm, purpose, key) -> the active room that has it."""
        self._messages: dict[Address, list[str]] = {}
        """The ids of a room's messages, in their order."""
        self._said: set[tuple[Address, str, str]] = set()
        """(room, sender, the client's own id) of every message that has one."""
        self._ids: set[str] = set()
        self._issues: dict[Address, str] = {}
        """The open issue."""
        self._members: dict[Address, set[str]] = {}
        self._counts = Counter[str]()

    # -- commits ------------------------------------------------------------------------------------------------

    def event(self, address: Address, before: Any, event: Event) -> None:
        """See ``Rules``."""
        self._legal(address, before, event)
        self._counts[type(event).__name__] += 1
        match event:
            case RoomOpened():
                self._members[address] = {one.account for one in event.people}
                first = self._keys.setdefault((event.realm, event.purpose, event.key), address)
                if first != address:
                    seen = f"{event.key} is {first.id} and {address.id}"
                    raise Violation(ONE_ROOM, seen, [address, first])
            case MessagePosted():
                self._posted(address, event)
            case RoomTaken(operator=operator):
                if before.holder is not None:
                    seen = f"{operator} takes {address.id} from {before.holder}"
                    raise Violation(ONE_HOLDER, seen, [address])
            case HolderTimedOut():
                early = before.held_since + before.holder_timeout - event.at
                if early > 0 or before.holder != event.operator:
                    seen = f"{event.operator} lost {address.id} {early} ms early"
                    raise Violation(EARLY, seen, [address])
            case IssueOpened(issue=issue):
                if address in self._issues:
                    seen = f"{address.id} has {self._issues[address]} and opens {issue}"
                    raise Violation(ONE_ISSUE, seen, [address])
                self._issues[address] = issue
            case IssueClosed():
                self._issues.pop(address, None)
            case MemberAdded(member=member):
                self._members[address].add(member.account)
            case MemberRemoved(account=account):
                self._members[address].discard(account)

    def _legal(self, address: Address, before: Any, event: Event) -> None:
        """By the table of each part that the event is the business of."""
        try:
            for part, table in PARTS.items():
                if part in PLACED[type(event)]:
                    next_phase(table, None if before is None else getattr(before, part), event)
        except ImpossibleTransition as error:
            raise Violation(LEGAL, f"{address}: {error}", [address]) from error

    def _posted(self, address: Address, event: MessagePosted) -> None:
        messages = self._messages.setdefault(address, [])
        version = self.shadows[address].version + 1
        if (event.number, event.sequence) != (len(messages) + 1, version):
            seen = (
                f"{address.id} has {len(messages)} messages in {version - 1} versions, then {event}"
            )
            raise Violation(SEQUENCE, seen, [address])
        if event.id in self._ids:
            raise Violation(ONCE, f"message {event.id} was stored twice", [address])
        self._ids.add(event.id)
        messages.append(event.id)
        if event.client_id is not None:
            said = (address, event.sender, event.client_id)
            if said in self._said:
                seen = f"{event.sender} said {event.client_id} in {address.id} twice"
                raise Violation(ONCE, seen, [address])
            self._said.add(said)
        if event.issue != self._issues.get(address):
            seen = f"{address.id} is at issue {self._issues.get(address)}, the message at {event.issue}"
            raise Violation(ONE_ISSUE, seen, [address])

    def committed(self, shadow: Shadow) -> None:
        """See ``Rules``."""
        address, room = shadow.address, shadow.state
        assert isinstance(room, Room)
        if room.phase == "inactive":
            self._keys.pop((room.realm, room.purpose, room.key), None)
            if room.holder is not None or room.open_issue is not None:
                raise Violation(ONE_HOLDER, f"{address.id} is inactive and held", [address])

    # -- refusals -----------------------------------------------------------------------------------------------

    def refused(self, refusal: Refusal) -> tuple[Address, bool] | None:
        """See ``Rules``."""
        address, began = refusal.address, refusal.began
        if address.kind != ROOM.name:
            return None
        match refusal.error:
            case RoomHeld(holder=holder):
                held = self._was(began, address, lambda one: one.holder == holder)
                return address, held and holder != refusal.account
            case NotAllowedInPhase(phase=phase):
                return address, self._was(began, address, lambda one: one.phase == phase)
            case NotFound(what="room"):
                return address, None in self.shadows[address].since(began)
            case _:
                return None

    def _was(self, began: int, address: Address, holds: Callable[[Room], bool]) -> bool:
        met = self.shadows[address].since(began)
        return any(one is not None and holds(one) for one in met)

    # -- the end ------------------------------------------------------------------------------------------------

    def rests(self, database: MemoryDatabase) -> None:
        """The tables of rooms say what the journals say."""
        tables = database.rooms
        for address, expected in self._messages.items():
            rows = [tables.by_id[one] for one in expected if one in tables.by_id]
            if tables.messages.get(address.id, []) != rows or len(rows) != len(expected):
                raise Violation(SEQUENCE, f"the messages of {address.id} are others", [address])
        for address, members in self._members.items():
            if set(tables.members.get(address.id, {})) != members:
                raise Violation(TOLD, f"the members of {address.id} are others", [address])
        open_issues: dict[str, list[str]] = {}
        for issue in tables.issues.values():
            if issue.closed_at is None:
                open_issues.setdefault(issue.room, []).append(issue.id)
        expected_issues = {address.id: [issue] for address, issue in self._issues.items()}
        if open_issues != expected_issues:
            raise Violation(ONE_ISSUE, f"open are {open_issues}, expected {expected_issues}")
        for (room, reader), marker in tables.markers.items():
            address = Address(ROOM.name, room)
            if self._messages[address][marker.number - 1] != marker.message:
                raise Violation(MARKERS, f"{reader} in {room} is at {marker}", [address])

    def counts(self) -> Mapping[str, int]:
        """What happened in rooms."""
        names = {
            "rooms": "RoomOpened",
            "rooms closed": "RoomClosed",
            "messages": "MessagePosted",
            "issues": "IssueOpened",
            "issues closed": "IssueClosed",
            "holders": "RoomTaken",
            "holders timed out": "HolderTimedOut",
        }
        return {shown: self._counts[name] for shown, name in names.items()}
