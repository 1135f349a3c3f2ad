"""``switchboard`` with the fault that trials must find: it answers before it commits. Run as a program.

Nothing but the negative control of a trial starts this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import trio

from switchboard import command_line
from switchboard.engine.ports import Committed, Outcome, Turn
from switchboard.engine.runtime.draft import Draft
from switchboard.engine.runtime.letter import Letter
from switchboard.store.sessions import PostgresSessions

LATER_SECONDS: Final = 0.05
"""Between an answer and its commit: as long as a commit takes on a very slow disk, so that few kills are enough."""


def _answering(draft: Any) -> Any:
    """A draft's method that decides as the real one does, and answers at once."""

    def decide(self: Draft, letter: Letter) -> None:
        draft(self, letter)
        decided, value, refusal = self.answers[-1]
        if refusal is None:
            decided.answer(value)

    return decide


def _late(commit: Any) -> Any:
    """A store's commit that takes its time."""

    async def later(
        self: PostgresSessions, turn: Turn, adopt: Callable[[Committed], None]
    ) -> Outcome:
        await trio.sleep(LATER_SECONDS)
        outcome: Outcome = await commit(self, turn, adopt)
        return outcome

    return later


def main() -> None:
    """The program."""
    setattr(Draft, "decide", _answering(Draft.decide))  # noqa: B010
    setattr(PostgresSessions, "commit", _late(PostgresSessions.commit))  # noqa: B010
    command_line.main()


if __name__ == "__main__":
    main()
