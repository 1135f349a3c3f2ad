"""Everything that determines a world, and the command that runs it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from switchboard.simulations.faults import drawn
from switchboard.simulations.scenarios import SCENARIOS, STORM


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One world. ``faults`` None: drawn from the seed, as likely as the scenario says."""

    seed: int
    people: int = STORM.people
    hours: float = STORM.hours
    scenario: str = STORM.name
    faults: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    """The kinds of session that live there; None: all."""

    @property
    def active(self) -> tuple[str, ...]:
        """The faults that are on."""
        if self.faults is not None:
            return self.faults
        return drawn(SCENARIOS[self.scenario].faults, self.seed)

    @property
    def command(self) -> str:
        """What runs the same world again."""
        words = ["switchboard", "simulate", "--seed", str(self.seed), "--people", str(self.people)]
        words += ["--hours", _exact(self.hours), "--scenario", self.scenario]
        if self.faults is not None:
            words += ["--faults", ",".join(self.faults) or "none"]
        if self.kinds is not None:
            words += ["--kinds", ",".join(self.kinds)]
        return shlex.join(words)


def _exact(hours: float) -> str:
    """As short as it can be read back to the same number."""
    return repr(hours).removesuffix(".0")
