"""Medians, ranges and ratios of what was measured, and the files in which it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparisons import a_sitting, measured

from benchmarks.load import Load
from benchmarks.measures import TARGETS, Target, memory, rate, total_cpu
from benchmarks.results import Measured, Results, Spread, read, write

WORK = "W1 N=2 K=4"


def test_a_spread_has_the_lowest_the_median_and_the_highest() -> None:
    results = Results([measured("express", WORK, n, r) for n, r in enumerate((30.0, 10.0, 20.0))])
    assert results.of(WORK, "express", rate) == Spread(10.0, 20.0, 30.0)


def test_noisy_repetitions_do_not_count_where_three_are_quiet() -> None:
    loads = [measured("express", WORK, n, 100.0 + n) for n in range(3)]
    results = Results([*loads, measured("express", WORK, 3, 1.0, others=1.5)])
    assert results.of(WORK, "express", rate) == Spread(100.0, 101.0, 102.0)
    assert not results.noisy(WORK, "express")


def test_noisy_repetitions_count_where_too_few_are_quiet_and_it_is_said() -> None:
    loads = [measured("express", WORK, n, 100.0) for n in range(2)]
    results = Results([*loads, measured("express", WORK, 2, 40.0, others=0.5)])
    assert results.of(WORK, "express", rate) == Spread(40.0, 100.0, 100.0)
    assert results.noisy(WORK, "express")


def test_a_ratio_compares_loads_of_the_same_repetition() -> None:
    results = Results(
        [
            measured("switchboard", WORK, 0, 100.0),
            measured("express", WORK, 0, 50.0),
            measured("switchboard", WORK, 1, 10.0),
            measured("express", WORK, 1, 10.0),
        ]
    )
    assert results.ratio(WORK, "switchboard", "express", rate) == Spread(1.0, 1.5, 2.0)


def test_without_a_common_repetition_a_ratio_is_as_wide_as_it_can_be() -> None:
    results = Results([measured("switchboard", WORK, 0, 100.0), measured("express", WORK, 1, 50.0)])
    assert results.ratio(WORK, "switchboard", "express", rate) == Spread(2.0, 2.0, 2.0)
    assert results.ratio(WORK, "switchboard", "fastapi", rate) is None


def test_a_load_that_failed_is_kept_and_counts_for_nothing() -> None:
    failed = Measured(
        server="express", title="Express", workload=WORK, repetition=0, failed="no answer"
    )
    results = Results([failed])
    assert results.of(WORK, "express", rate) is None
    assert results.failures(WORK, "express") == ["no answer"]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    file, results = tmp_path / "results.jsonl", a_sitting()
    write(file, results)
    assert read(file) == results
    assert len(file.read_text().splitlines()) == len(results)


def test_total_cpu_is_that_of_the_server_and_of_postgres() -> None:
    load = Load(server_cpu_s_per_1k=0.2, pg_cpu_s_per_1k=0.05)
    assert total_cpu(load) == pytest.approx(250)


def test_a_target_is_reached_by_the_median() -> None:
    results = Results(a_sitting())
    ahead = Target("W3 REST 16", "throughput", rate, "express", 1.3, None, True)
    found = ahead.reached(results)
    assert found is not None
    assert found[1]
    light = Target("W5 idle 2000", "memory", memory, None, None, 45.0, False)
    assert light.reached(results) == (Spread(44.0, 44.0, 44.0), True)
    assert light._replace(most=20.0).reached(results) == (Spread(44.0, 44.0, 44.0), False)
    assert light._replace(workload="W9").reached(results) is None


def test_every_target_names_a_workload_and_a_server_that_there_are() -> None:
    from benchmarks.servers import servers
    from benchmarks.workloads import ALL

    labels = {one.label for one in ALL}
    assert {one.workload for one in TARGETS} <= labels
    assert {one.against for one in TARGETS} - {None} <= set(servers())
