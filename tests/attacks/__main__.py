"""Prints the attack table: each hazard, what it does to hypercorn and Quart-Trio as released, and what to us.

    make attacks

The exit code is 1 if an attack did harm that is guarded against, or did none where it is known to.
"""

from __future__ import annotations

import sys

from attack import Attack, Outcome
from campaign import ATTACKS, STRIKES, Campaign, Variant, switchboard_target
from real_gigs import data_folder
from server_process import serve

COLUMNS: tuple[tuple[str, Variant], ...] = (
    ("As released", "released"),
    ("On the transport", "guarded"),
    ("`switchboard serve`", "switchboard"),
)


def main() -> int:
    """Runs every attack and prints the table in Markdown."""
    print("attacking; this takes about 20 seconds", file=sys.stderr, flush=True)
    with (
        data_folder() as folder,
        serve(folder) as server,
        Campaign(STRIKES, switchboard_target(server)) as running,
    ):
        outcomes = {name: future.result() for name, future in running.items()}
    titles = ["The client", *(title for title, _ in COLUMNS)]
    print("| " + " | ".join(titles) + " |")
    print("|---" * len(titles) + "|")
    for attack in ATTACKS:
        print(row(attack, outcomes))
    wrong = [
        strike.name
        for strike in STRIKES
        if outcomes[strike.name].struck
        is not (strike.variant == "released" and strike.attack.struck_as_released)
    ]
    print(f"{len(STRIKES)} attacks, {len(wrong)} not as expected", *wrong, file=sys.stderr)
    return 1 if wrong else 0


def row(attack: Attack, outcomes: dict[str, Outcome]) -> str:
    """The line of an attack; where it did harm, in bold."""
    cells = [attack.hazard]
    for _, variant in COLUMNS:
        outcome = outcomes.get(f"{attack.name}-{variant}")
        if outcome is None:
            cells.append("")
        else:
            cells.append(f"**{outcome.seen}**" if outcome.struck else outcome.seen)
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
