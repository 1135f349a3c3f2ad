"""Somebody who types the subcommands beside a running engine over the memory store."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio
from click.testing import CliRunner, Result
from structlog.testing import CapturingLogger
from web_worlds import WebWorld, web_world

from switchboard.admin_channel import AdminChannel
from switchboard.administration import Administration
from switchboard.command_line import switchboard
from switchboard.settings_loading import load


class Terminal:
    """Somebody who types commands beside a running server."""

    def __init__(self, world: WebWorld, data_dir: Path) -> None:
        self.world = world
        self._data_dir = data_dir

    async def type(self, *words: str, stdin: str | None = None) -> Result:
        """What the command answers; it blocks, so it runs in a thread."""
        arguments = [*words, "--data-dir", str(self._data_dir)]
        with trio.fail_after(20):
            return await trio.to_thread.run_sync(
                partial(CliRunner().invoke, switchboard, arguments, input=stdin)
            )

    async def shown(self, *words: str) -> str:
        """The output of a command that succeeds."""
        result = await self.type(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    async def read(self, *words: str) -> Any:
        """The same, of a command that answers in JSON."""
        return json.loads(await self.shown(*words))

    async def refused(self, *words: str) -> str:
        """The one line of a command that fails."""
        result = await self.type(*words)
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("switchboard: ").strip()


@asynccontextmanager
async def terminal(data_dir: Path, **settings: str) -> AsyncIterator[Terminal]:
    """A terminal beside a server for the length of the block."""
    async with web_world() as world, trio.open_nursery() as nursery:
        administration = Administration(world.services, load(settings))
        await nursery.start(
            AdminChannel(data_dir, administration.commands(), CapturingLogger()).run
        )
        yield Terminal(world, data_dir)
        nursery.cancel_scope.cancel()
