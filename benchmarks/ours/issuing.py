"""Tokens of Switchboard's people, issued with the server's own keys: ally's last an hour, less than a long sitting."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import trio

from benchmarks.ours.filling import People, Person
from switchboard.engine.clock import Clock
from switchboard.engine.ids import Ids
from switchboard.keys import token_keys
from switchboard.store.memory_tables import MemoryDatabase
from switchboard.web.security import Tokens


async def issue_tokens(data_dir: Path, people: People, folder: Path) -> None:
    """Writes a file of tokens, one a line, for each group of people. (The engine's clock is Trio's.)"""
    await trio.lowlevel.checkpoint()
    keys = token_keys(data_dir)
    # Nothing is revoked, so issuing asks nobody.
    nowhere = MemoryDatabase().revocations
    tokens = Tokens(
        keys=keys, current=next(iter(keys)), revocations=nowhere, clock=Clock(), ids=Ids()
    )

    def write(name: str, some: Iterable[str]) -> None:
        (folder / f"{name}.tokens").write_text("".join(f"{token}\n" for token in some))

    def ally(some: Iterable[Person]) -> Iterable[str]:
        return (tokens.issue(one.account, "ally") for one in some)

    for room, members in people.rooms.items():
        write(f"ally-{room}", ally(members))
    write("ally-pairs", ally(people.pairs))
    write("dropin", (tokens.issue(one.account, "dropin") for one in people.parties))
    company = (
        tokens.issue(one.account, "company", sub=f"User:{one.number}", typ="access")
        for one in people.colleagues
    )
    write("company", company)
