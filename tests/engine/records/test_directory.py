"""The directory remembers accounts and never shows an old one after a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import trio

from switchboard.engine.errors import Conflict
from switchboard.engine.records import Account
from switchboard.engine.records.directory import Directory
from switchboard.store.memory_records import MemoryAccounts


def account(id: str = "a" * 24) -> Account:
    """Somebody."""
    return Account(id=id, realm="people", first_name="Ninh", created_at=1, updated_at=1)


class Watched(MemoryAccounts):
    """Counts loads, and holds them on demand after they have read."""

    def __init__(self) -> None:
        super().__init__()
        self.loads = 0
        self.held: trio.Event | None = None
        self.fail_update = False

    async def get(self, id: str) -> Account | None:
        """See ``Accounts``."""
        self.loads += 1
        found = await super().get(id)
        if self.held is not None:
            await self.held.wait()
        return found

    async def many(self, ids: Sequence[str]) -> Mapping[str, Account]:
        """See ``Accounts``."""
        self.loads += 1
        return await super().many(ids)

    async def update(self, account: Account, **changes: Any) -> Account:
        """See ``Accounts``; may take effect and say that it did not."""
        changed = await super().update(account, **changes)
        if self.fail_update:
            raise ConnectionError
        return changed


async def test_an_account_is_loaded_once() -> None:
    """By either way in."""
    accounts = Watched()
    await accounts.add(account())
    directory = Directory(accounts)
    for _ in range(3):
        assert await directory.get("a" * 24) == account()
        assert await directory.many(["a" * 24, "b" * 24]) == {"a" * 24: account()}
    assert accounts.loads == 1 + 3  # The missing one is looked for each time.


async def test_a_change_is_seen_at_once() -> None:
    """By whoever asks next."""
    directory = Directory(Watched())
    await directory.add(account())
    changed = await directory.update(account(), first_name="Hoa")
    assert (changed.first_name, changed.version) == ("Hoa", 2)
    assert await directory.get("a" * 24) == changed


async def test_a_refused_change_is_loaded_afresh() -> None:
    """What was remembered may have been the stale one."""
    accounts = Watched()
    directory = Directory(accounts)
    await directory.add(account())
    await accounts.update(account(), first_name="Hoa")
    with pytest.raises(Conflict):
        await directory.update(account(), first_name="Duc")
    found = await directory.get("a" * 24)
    assert found is not None
    assert found.first_name == "Hoa"


async def test_a_change_whose_answer_was_lost_is_loaded_afresh() -> None:
    """It may have happened."""
    accounts = Watched()
    directory = Directory(accounts)
    await directory.add(account())
    accounts.fail_update = True
    with pytest.raises(ConnectionError):
        await directory.update(account(), first_name="Hoa")
    found = await directory.get("a" * 24)
    assert found is not None
    assert found.first_name == "Hoa"


async def test_a_load_that_a_change_overtook_is_not_remembered() -> None:
    """It read the old account before the change and returns after it."""
    accounts = Watched()
    await accounts.add(account())
    directory = Directory(accounts, remembered_most=1)
    accounts.held = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(directory.get, "a" * 24)
        await trio.testing.wait_all_tasks_blocked()
        await directory.update(account(), first_name="Hoa")
        await directory.add(account("b" * 24))  # Pushes the changed one out of the memory.
        accounts.held.set()
    accounts.held = None
    found = await directory.get("a" * 24)
    assert found is not None
    assert found.first_name == "Hoa"


async def test_the_memory_is_bounded() -> None:
    """The longest unused go first."""
    accounts = Watched()
    directory = Directory(accounts, remembered_most=2)
    for name in "abc":
        await directory.add(account(name * 24))
    await directory.get("c" * 24)
    assert accounts.loads == 0
    await directory.get("a" * 24)
    assert accounts.loads == 1
