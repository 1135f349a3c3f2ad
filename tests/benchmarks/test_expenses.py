"""What a profile says is most expensive."""

from __future__ import annotations

import cProfile
import pstats

from benchmarks.expenses import expenses, parts
from benchmarks.micro.pure import gig_claim


def profile() -> pstats.Stats:
    """Of a hundred claims."""
    run, profiler = gig_claim(), cProfile.Profile()
    profiler.enable()
    for _ in range(100):
        run()
    profiler.disable()
    return pstats.Stats(profiler)


def test_shares_sum_up_and_calls_are_those_of_one_request() -> None:
    found = expenses(profile(), 100)
    assert abs(sum(one.share for one in found) - 1) < 1e-9
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    (decide,) = (one for one in found if one.name.endswith(" decide"))
    assert decide.name.startswith("switchboard/engine/sessions/gig/")
    assert decide.calls == 1


def test_parts_are_packages_and_of_ours_what_is_two_levels_below() -> None:
    found = dict(parts(profile()))
    assert abs(sum(found.values()) - 1) < 1e-9
    assert "switchboard/engine/sessions" in found
    assert "built-in functions" in found
