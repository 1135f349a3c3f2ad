"""What an operation costs when few and when many sessions are live, and when many are stored.

For each size there is a process with an engine and a Postgres of its own; they do the same operations turn about, so
that what else the machine does meets all of them alike. What counts is CPU, and the ratio to the smallest size.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec

from switchboard.bench.growing import Growing, Spent, Task
from switchboard.bench.growth_world import GIG_STEPS, Sizes

START: Final = "start"

ACTIVATED: Final = 50

COUNTS: Final[Mapping[str, int]] = {
    "command to a gig": 200,
    "message in a room": 400,
    "lifecycle of a gig": 64,
    "search for operators": 400,
    "operator goes and comes": 100,
    "gig read": 10_000,
    "room read": 10_000,
    "page of gigs": 200,
    "page of messages": 200,
    "gig activated": ACTIVATED,
    "room activated": ACTIVATED,
    "look at the alarms": 100,
    "a second of rest": 1,
    "collection of all garbage": 1,
}
"""How often each is done in one measurement: some tenths of a second. At the smallest size they add a few hundred to
the sessions in memory."""

WARMING: Final = 4
"""Of what is measured, such a part is done before: plans are made, pages are read."""


class Size(NamedTuple):
    """Of one of the databases."""

    live: int
    """In memory, unfinished."""
    stored: int
    """Beside them, in the tables alone: finished gigs and rooms where nobody writes."""


class Cost(msgspec.Struct, frozen=True):
    """One repetition of one operation at one size; microseconds of one operation."""

    operation: str
    live: int
    stored: int
    count: int
    """Done in this repetition."""
    process_microseconds: float
    postgres_microseconds: float
    """Both of CPU."""
    microseconds: float
    """From the beginning to the end of all of them, by the clock, divided by their number: several were under way."""
    pause_milliseconds: float
    """The longest that the collector of cycles stopped the process meanwhile."""


def sizes(live: Sequence[int], stored: int, repetitions: int) -> list[Size]:
    """The databases, the smallest first and the one with many stored last, if there are to be more than have to be."""
    few = 2 * ACTIVATED * (repetitions + 1)
    many = [Size(live[0], stored)] if stored > few else []
    return [*(Size(one, few) for one in live), *many]


def steps(all_sizes: Sequence[Size]) -> int:
    """The sessions that have to be made and to be loaded."""
    return sum(2 * size.live + size.stored for size in all_sizes)


def measurements(all_sizes: Sequence[Size], repetitions: int) -> int:
    """How many there will be, those that warm up included."""
    return len(all_sizes) * len(COUNTS) * (repetitions + 1)


@contextmanager
def growing(
    folder: Path, all_sizes: Sequence[Size], progress: Callable[[int], None]
) -> Iterator[list[Grown]]:
    """The processes, filled one after the other and ready. Raises: RuntimeError if one fails."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(_grown(folder / f"size{number}", size, progress))
            for number, size in enumerate(all_sizes)
        ]


def measure(grown: Sequence[Grown], repetitions: int, progress: Callable[[], None]) -> list[Cost]:
    """All operations at all sizes, turn about. Raises: RuntimeError if one fails."""
    costs = [_cost(START, one.size, one.start) for one in grown]
    smallest = Sizes(grown[0].size.live, 0).live_gigs
    for repetition in range(repetitions + 1):
        # There and back, so that none is always the first after another operation.
        order = list(grown) if repetition % 2 else list(reversed(grown))
        for operation, most in COUNTS.items():
            count = min(most, grown[0].size.live)
            if operation == "command to a gig":
                count = min(count, smallest * GIG_STEPS // (repetitions + 1))
            if not repetition:
                count = -(-count // WARMING)
            done = [(one.size, one.do(Task(operation, count))) for one in order]
            progress_each(progress, len(done))
            if repetition:
                costs += [_cost(operation, size, spent) for size, spent in done]
    return costs


def progress_each(progress: Callable[[], None], count: int) -> None:
    """Tells of so many."""
    for _ in range(count):
        progress()


def _cost(operation: str, size: Size, spent: Spent) -> Cost:
    each = 1e6 / spent.count
    return Cost(
        operation=operation,
        live=size.live,
        stored=size.stored,
        count=spent.count,
        process_microseconds=spent.process_seconds * each,
        postgres_microseconds=spent.postgres_seconds * each,
        microseconds=spent.seconds * each,
        pause_milliseconds=spent.pause_seconds * 1000,
    )


class Grown:
    """A process that has been filled."""

    def __init__(self, size: Size, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self.size = size
        self._process = process
        self._errors = errors
        self.start = Spent(1, 0.0, 0.0, 0.0, 0.0)

    def fill(self, folder: Path, progress: Callable[[int], None]) -> None:
        """Follows it until it is ready. Raises: RuntimeError."""
        self._tell(Growing(str(folder), self.size.live, self.size.stored))
        while not isinstance(told := self._told(), Spent):
            progress(told)
        self.start = told

    def do(self, task: Task) -> Spent:
        """Has it do that. Raises: RuntimeError."""
        self._tell(task)
        spent = self._told()
        assert isinstance(spent, Spent)
        return spent

    def end(self) -> None:
        """Lets it come to its end. Raises: RuntimeError."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait():
            raise self._failure()

    def _tell(self, what: Growing | Task) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(what) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def _told(self) -> int | Spent:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return msgspec.json.decode(line, type=int | Spent)

    def _failure(self) -> RuntimeError:
        self._process.wait()
        self._errors.seek(0)
        return RuntimeError(f"{self.size}:\n{self._errors.read().decode()[-2000:]}")


@contextmanager
def _grown(folder: Path, size: Size, progress: Callable[[int], None]) -> Iterator[Grown]:
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "switchboard.bench.growing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        with process:
            grown = Grown(size, process, errors)
            try:
                grown.fill(folder, progress)
                yield grown
                grown.end()
            except BaseException:
                # As Ctrl-C does, upon which it ends its database; a terminal's own goes to us alone.
                process.send_signal(signal.SIGINT)
                raise
