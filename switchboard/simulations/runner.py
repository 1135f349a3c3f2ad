"""Runs many worlds, one after another or in several processes, and gives what came of each, in order."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

from switchboard.simulations.plan import Plan
from switchboard.simulations.report import Report
from switchboard.simulations.trace import Violation
from switchboard.simulations.world import simulate

AHEAD = 4
"""Worlds that wait for each process: enough that none is idle, few enough that a violation stops soon."""

SAME = "the same plan gives the same digest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One world: its report, or the rule that was violated and the story of it."""

    plan: Plan
    report: Report | None = None
    rule: str = ""
    story: str = ""


def outcome(plan: Plan) -> Outcome:
    """Runs one world in this process."""
    try:
        return Outcome(plan=plan, report=simulate(plan))
    except Violation as violation:
        return Outcome(plan=plan, rule=violation.rule, story=str(violation))


def outcomes(plans: Iterable[Plan], *, jobs: int = 1, twice: bool = False) -> Iterator[Outcome]:
    """Runs the worlds.

    Args:
        jobs: processes; 1 is this one.
        twice: each plan is run two times, in whichever process is free, and must give the same digest.
    """
    repeated = (plan for plan in plans for _ in range(2 if twice else 1))
    found = map(outcome, repeated) if jobs == 1 else _in_processes(repeated, jobs)
    for one in found:
        yield _same(one, next(found)) if twice else one


def _same(first: Outcome, second: Outcome) -> Outcome:
    if first.report is None or second.report is None:
        return first if first.report is None else second
    if first.report.digest == second.report.digest:
        return first
    story = f"{SAME}: {first.report.digest} and {second.report.digest}"
    return Outcome(plan=first.plan, rule=SAME, story=story)


def _in_processes(plans: Iterable[Plan], jobs: int) -> Iterator[Outcome]:
    # Spawned, so that no world inherits anything of what ran here.
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[Outcome]] = deque()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent)
    try:
        for plan in plans:
            waiting.append(pool.submit(outcome, plan))
            if len(waiting) >= jobs * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def end_with_parent() -> None:
    """In a process of the pool: sees to it that it ends with the one that started it, however that ends.

    The pool's own pipes do not: each of its processes holds both ends of them, so that one that is killed leaves the
    others waiting for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None, "called only in a process of the pool"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
