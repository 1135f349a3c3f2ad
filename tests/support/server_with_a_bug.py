"""``switchboard`` with a bug planted in gigs: a confirm whose payment nonce is ``boom`` raises. Run as a program."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from switchboard import command_line, wiring
from switchboard.engine.sessions.gig import GIG, ConfirmGig


def decide(gig: Any, command: Any, context: Any) -> Any:
    """The gig's own decision, but for the bug."""
    if isinstance(command, ConfirmGig) and command.payment_nonce == "boom":
        raise ZeroDivisionError("a planted bug")
    return GIG.decide(gig, command, context)


if __name__ == "__main__":
    vars(wiring)["GIG"] = replace(GIG, decide=decide)
    command_line.main()
