"""Makes Switchboard's people and rooms, in a process of its own: ``python -m benchmarks.ours.filling``.

Reads a ``Filling`` as JSON from stdin and writes ``People`` as JSON to stdout. It runs the engine in the data folder
and database of the server that will be measured, which must not run meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import trio

from benchmarks.workloads import LIVES_AT_ONCE, PAIRS, REST_CONNECTIONS, SIZES, USERS, large_room
from switchboard.bench.quiet import log_to_stderr
from switchboard.engine.records import Account
from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.accounts import Registration
from switchboard.engine.workflows.room_requests import NewRoom, key_of, pair, support
from switchboard.settings_loading import load
from switchboard.web.services import Services
from switchboard.wiring import running

AT_ONCE = 64
"""Commands under way: a batch of the committer's that is worth its name."""

T = TypeVar("T")


class Filling(msgspec.Struct, frozen=True):
    """Where to make them."""

    data_dir: str
    database_url: str
    folder: str
    """For the files with the rooms' names."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who is given tokens."""

    account: str
    number: int = 0
    """company's people are numbered."""


class People(msgspec.Struct, frozen=True):
    """Who was made: user *n* of a workload is number n-1 of its list."""

    rooms: dict[int, list[Person]]
    """Large room -> the people of the app in which it is."""
    pairs: list[Person]
    colleagues: list[Person]
    parties: list[Person]


class Filler:
    """Makes everything through the engine, as the dialects would."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services = services
        self._folder = folder

    async def run(self) -> People:
        """Everybody that the workloads need."""
        return People(
            rooms={large_room(size): await self._large(size) for size in SIZES},
            pairs=await self._pairs(),
            colleagues=await self._colleagues(),
            parties=await self._parties(),
        )

    async def _large(self, members: int) -> list[Person]:
        """A client's support room, heard by its client and by the whole desk of its app."""
        code = f"room{members}"
        app = await self._services.support.apps.create(code, code)
        client = await self._account(self._client(app.id, f"{code}-client"))
        desk = [
            Registration(
                realm="ally", identities=(("username", f"{code}-{n}"),), app=app.id, type="staff"
            )
            for n in range(1, members)
        ]

        async def operator(registration: Registration) -> Account:
            return await self._account(registration, operator="approved")

        staff = await _each(desk, operator)
        room, _ = await self._services.rooms.open(support("ally", app.id, client.id), by=client.id)
        self._write_rooms(f"ally-{large_room(members)}", {large_room(members): room.id})
        return [Person(client.id), *(Person(one.id) for one in staff)]

    async def _pairs(self) -> list[Person]:
        """Clients of one app, each with another one."""
        app = await self._services.support.apps.create("pairs", "pairs")
        aliases = [self._client(app.id, f"user{number}") for number in range(1, USERS + 1)]
        clients = await _each(aliases, self._account)

        async def meet(number: int) -> Room:
            one, other = clients[2 * number - 2 : 2 * number]
            return await self._open(pair("ally", one.id, other.id, app=app.id), one)

        rooms = await _each(range(1, PAIRS + 1), meet)
        self._write_rooms("ally-pairs", {n: room.id for n, room in enumerate(rooms, 1)})
        return [Person(one.id) for one in clients]

    async def _colleagues(self) -> list[Person]:
        """company's people, two in a conversation; and a widget's room for each two, for dowell."""
        registrations = [
            Registration(
                realm="company",
                first_name=f"colleague{number}",
                identities=(("email", f"colleague{number}@example.test"),),
                numbered=True,
            )
            for number in range(2 * REST_CONNECTIONS)
        ]
        people = await _each(registrations, self._account)
        conversations: dict[int, int | None] = {}
        widgets: dict[int, str] = {}
        for number in range(1, REST_CONNECTIONS + 1):
            one, other = people[2 * number - 2 : 2 * number]
            talk = await self._open(pair("company", one.id, other.id, numbered=True), one)
            conversations[number] = talk.serial
            details = {
                "user_id": f"user{number}",
                "org_id": "benchmark",
                "portfolio_name": "benchmark",
                "product_name": "LOGIN",
            }
            widget = NewRoom(
                realm="dowell",
                purpose="widget",
                key=key_of(*details.values()),
                app="benchmark",
                shelf=key_of("benchmark", "LOGIN"),
                details=msgspec.json.encode(details).decode(),
            )
            widgets[number] = (await self._open(widget, one)).id
        self._write_rooms("company", conversations)
        self._write_rooms("dowell", widgets)
        return [Person(one.id, one.number or 0) for one in people]

    async def _parties(self) -> list[Person]:
        """dropin's people, a customer and an operator in turn."""

        async def party(number: int) -> Account:
            registration = Registration(
                first_name=f"party{number}",
                identities=(("email", f"party{number}@example.test"),),
            )
            return await self._account(registration, operator="none" if number % 2 else "approved")

        return [Person(one.id) for one in await _each(range(1, 2 * LIVES_AT_ONCE + 1), party)]

    @staticmethod
    def _client(app: str, alias: str) -> Registration:
        return Registration(realm="ally", identities=(("alias", alias),), app=app, type="client")

    async def _account(self, registration: Registration, **roles: Any) -> Account:
        return await self._services.desk.create(registration, **roles)

    async def _open(self, new: NewRoom, by: Account) -> Room:
        room, _ = await self._services.rooms.open(new, by=by.id)
        return room

    def _write_rooms(self, name: str, rooms: dict[int, Any]) -> None:
        lines = (f"{number} {room}\n" for number, room in rooms.items())
        (self._folder / f"{name}.rooms").write_text("".join(lines))


async def _each(items: Sequence[Any], make: Callable[[Any], Awaitable[T]]) -> list[T]:
    """What each item becomes, in their order, so many at once."""
    made: dict[int, T] = {}

    async def some(first: int) -> None:
        for place in range(first, len(items), AT_ONCE):
            made[place] = await make(items[place])

    async with trio.open_nursery() as nursery:
        for first in range(AT_ONCE):
            nursery.start_soon(some, first)
    return [made[place] for place in range(len(items))]


async def fill(filling: Filling) -> People:
    """Starts the engine, makes everybody, stops it."""
    options = {"data_dir": filling.data_dir, "database_url": filling.database_url}
    async with running(load({}, options)) as application:
        return await Filler(application.services, Path(filling.folder)).run()


def main() -> None:
    """The program."""
    log_to_stderr()
    filling = msgspec.json.decode(sys.stdin.buffer.read(), type=Filling)
    sys.stdout.buffer.write(msgspec.json.encode(trio.run(fill, filling)))


if __name__ == "__main__":
    main()
