"""What people are told: committed states only, nothing older than what they could know, and no false refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from switchboard.engine.sessions import Address, Command
from switchboard.simulations.cast import Refusal, Rules
from switchboard.simulations.checkers.names import COMMITTED, EFFECT, FALSE
from switchboard.simulations.checkers.shadows import Shadows
from switchboard.simulations.trace import Violation


class Answers:
    """Judges answers and refusals by the states that were committed while the call was under way, and the last one
    before it."""

    def __init__(self, shadows: Shadows, rules: Mapping[str, Rules]) -> None:
        self._shadows = shadows
        self._rules = rules

    def answered(self, began: int, address: Address, command: Command | None, state: Any) -> None:
        """Judges the state that was answered; ``command`` None: a read. Raises: Violation.

        Args:
            began: the tick of the call; -1 if it may be answered with the first answer to its key, however old.
        """
        shadow = self._shadows[address]
        met = shadow.since(began)
        if (None if state is None else shadow.cast.plain(state)) not in met:
            seen = f"{address} answered {state!r}, committed are {met!r}"
            raise Violation(COMMITTED, seen, [address])
        effect = None if command is None else shadow.cast.effects.get(type(command))
        if effect is not None and not effect(state, command):
            raise Violation(EFFECT, f"{command!r} was answered with {state!r}", [address])

    def refused(self, refusal: Refusal) -> None:
        """Judges a refusal. Raises: Violation."""
        for rules in self._rules.values():
            found = rules.refused(refusal)
            if found is None:
                continue
            address, was_true = found
            if not was_true:
                seen = f"{refusal.account} heard {refusal.error!r} to {refusal.command!r}"
                raise Violation(FALSE, seen, [address])
            return
