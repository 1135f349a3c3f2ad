"""What an attack is, and how its outcome is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from target import Target

Profile: TypeAlias = Literal["hasty", "pinging", "patient"]


class Outcome(NamedTuple):
    """What an attack did."""

    struck: bool
    """Whether it did the harm that it was made for."""
    seen: str
    """What was seen, for the table: the server's doing, in a few words."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One way to harm a web server, driven against a running one."""

    hazard: str
    """What the client does."""
    run: Callable[[Target], Outcome]
    struck_as_released: bool = True
    """Whether hypercorn and Quart-Trio as released suffer it; if not, the attack is here to keep it so."""
    alone: bool = False
    """It may take the whole server with it: it gets one of its own."""
    profile: Profile = "hasty"
    """Of the victim that it needs (tests/support/victim.py); one that is not hasty is ``alone``."""
    on_switchboard: bool = False
    """It needs no handler of the victim's: ``switchboard serve`` is attacked with it as well."""

    @property
    def name(self) -> str:
        """Of the test."""
        return self.run.__name__


def fate(target: Target, closed: bool) -> str:
    """For the table: whether the connection was closed."""
    return "closed" if closed else f"still open after {target.patience:g} s"
