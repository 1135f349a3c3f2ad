"""What is measured: five kinds of work, the same for every server.

- **W1** one room of N members; K messages outstanding, each until all members, the sender too, have received it.
- **W2** 500 rooms of two, one message outstanding in each.
- **W3** messages by HTTP on 16 keep-alive connections.
- **W4** lifecycles by HTTP, eight requests each, 32 at once on 32 connections.
- **W5** 2,000 idle websockets: what one weighs.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["W1", "W2", "W3", "W4", "W5"]

PAIRS = 1000
"""Rooms 1 to 1000 have two members each: room r the users 2r-1 and 2r."""

USERS = 2 * PAIRS

SIZES = (2, 100, 500)
"""Members of the large rooms: room 5000+N has the users 1 to N."""

REST_CONNECTIONS = 16
LIVES_AT_ONCE = 32


def large_room(members: int) -> int:
    """The number of the room with so many members."""
    return 5000 + members


class Workload(NamedTuple):
    """One row of the table of results."""

    label: str
    kind: Kind
    arguments: tuple[str, ...]
    """The load generator's, but for times and the server's own."""
    members: int = 2
    """Of each room."""
    first_room: int = 1
    seconds_least: float = 0.0
    """It is measured for so long at least: 500 rooms answer in waves."""

    @property
    def fresh(self) -> bool:
        """Whether it needs a server that has just been started."""
        return self.kind == "W5"


def _room(members: int, outstanding: int) -> Workload:
    first = large_room(members)
    return Workload(
        f"W1 N={members} K={outstanding}",
        "W1",
        _chat("chat", 1, members, first, outstanding),
        members,
        first,
    )


def _chat(mode: str, rooms: int, members: int, first: int, outstanding: int) -> tuple[str, ...]:
    numbers = {
        "--rooms": rooms,
        "--members": members,
        "--first-room": first,
        "--outstanding": outstanding,
    }
    return (mode, *(word for name, number in numbers.items() for word in (name, str(number))))


ALL: tuple[Workload, ...] = (
    *(_room(members, outstanding) for members in SIZES for outstanding in (4, 64)),
    Workload("W2 500x2", "W2", _chat("chat", 500, 2, 1, 1), seconds_least=2.5),
    Workload("W3 REST 16", "W3", ("rest", "--outstanding", str(REST_CONNECTIONS))),
    Workload("W4 lifecycle 32", "W4", ("life", "--outstanding", str(LIVES_AT_ONCE))),
    Workload("W5 idle 2000", "W5", (*_chat("idle", PAIRS, 2, 1, 1), "--settle", "3")),
)

QUICK = tuple(one for one in ALL if not one.label.endswith("K=4"))
"""Those of daily use."""


def named(names: tuple[str, ...], among: tuple[Workload, ...] = ALL) -> tuple[Workload, ...]:
    """Those whose kind or label is named, all if none is. Raises: KeyError, with a name that is none."""
    for name in names:
        if not any(name in (one.kind, one.label) for one in ALL):
            raise KeyError(name)
    return tuple(
        one for one in (ALL if names else among) if not names or {one.kind, one.label} & {*names}
    )
