"""Every hazard of the web server twice: as released, where the attack is known to succeed, and guarded, where it fails.

What one run saw is in docs/security.md; ``make attacks`` prints it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest
from attack import Outcome
from campaign import ATTACKS, STRIKES, Strike

OUTCOME_SECONDS_MOST = 100.0
"""For what was begun before it as well; less than the deadline of a test."""

RELEASED = [one for one in STRIKES if one.variant == "released"]
OURS = [one for one in STRIKES if one.variant != "released"]


@pytest.mark.parametrize("strike", RELEASED, ids=[one.attack.name for one in RELEASED])
def test_the_attack_does_as_released_what_the_table_says(
    strike: Strike, outcomes: Mapping[str, Future[Outcome]]
) -> None:
    outcome = outcomes[strike.name].result(OUTCOME_SECONDS_MOST)
    assert outcome.struck is strike.attack.struck_as_released, outcome.seen


@pytest.mark.parametrize("strike", OURS, ids=[one.name for one in OURS])
def test_the_attack_does_no_harm_where_it_is_guarded_against(
    strike: Strike, outcomes: Mapping[str, Future[Outcome]]
) -> None:
    outcome = outcomes[strike.name].result(OUTCOME_SECONDS_MOST)
    assert not outcome.struck, outcome.seen


def test_no_two_attacks_go_by_one_name() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert len({attack.hazard for attack in ATTACKS}) == len(ATTACKS)


def test_the_page_for_operators_shows_every_attack() -> None:
    page = (Path(__file__).parents[2] / "docs/security.md").read_text()
    assert [attack.hazard for attack in ATTACKS if f"| {attack.hazard} |" not in page] == []
