"""Who takes part in a comparison, and who is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from benchmarks.comparison import FULL, QUICK, Comparison, Told, loads_of, prepared
from benchmarks.load import Load
from benchmarks.peers.common import Peer
from benchmarks.peers.table import DJANGO, EXPRESS, EXPRESS_ORDERED, FASTAPI
from benchmarks.postgres import Postgres
from benchmarks.results import Measured
from benchmarks.server import ADAPTERS, NotPrepared, Running, Server, Sitting
from benchmarks.servers import QUICK as QUICK_SERVERS
from benchmarks.servers import servers
from benchmarks.tools import load_generator
from benchmarks.workloads import ALL, Workload, named
from benchmarks.workloads import QUICK as QUICK_WORKLOADS


class Broken(Peer):
    """A peer that cannot be installed."""

    def install(self, sitting: Sitting) -> None:
        """Raises: NotPrepared."""
        raise NotPrepared("pip failed")

    @contextmanager
    def running(self, sitting: Sitting) -> Iterator[Running]:
        """Is never started."""
        raise AssertionError
        yield


class Ears:
    """Hears of a sitting's progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @property
    def told(self) -> Told:
        """As a sitting takes it."""
        return Told(
            left_out=self.lines.append, begins=lambda _what: None, measured=lambda _one: None
        )


def nowhere(tmp_path: Path) -> Sitting:
    """A sitting whose Postgres nobody may ask."""
    return Sitting(tmp_path, tmp_path, cast(Postgres, None))


def test_who_lacks_a_program_is_left_out_with_one_line(tmp_path: Path) -> None:
    ears = Ears()
    lacking = Broken(name="a", title="A peer", programs=("sh", "no-such-program"))
    assert prepared([lacking], nowhere(tmp_path), ears.told) == []
    assert ears.lines == ["A peer is left out: no-such-program is missing"]


def test_who_cannot_be_installed_is_left_out_with_one_line(tmp_path: Path) -> None:
    ears = Ears()
    assert prepared([Broken(name="b", title="B")], nowhere(tmp_path), ears.told) == []
    assert ears.lines == ["B is left out: pip failed"]


class Scripted(Comparison):
    """A comparison whose loads are as noisy as told, by server and repetition."""

    noise: Mapping[str, Sequence[float]]

    def _measure(
        self,
        work: Workload,
        server: Server,
        running: Callable[[Server], Running] | None,
        repetition: int,
    ) -> tuple[Load | None, str]:
        return Load(other_cores=self.noise[server.name][repetition]), ""


def test_who_was_disturbed_is_measured_again_and_nobody_else(tmp_path: Path) -> None:
    measured: list[Measured] = []
    told = Told(left_out=pytest.fail, begins=lambda _what: None, measured=measured.append)
    (work,) = named(("W3",))
    comparison = Scripted(FULL, [work], told, nowhere(tmp_path), tmp_path)
    comparison.noise = {"a": (0.0, 0.0, 0.0), "b": (0.0, 1.0, 0.0, 1.0, 0.0)}
    peers = [Broken(name="a", title="A"), Broken(name="b", title="B")]
    comparison._repeat(work, peers, None)
    order = [(one.server, one.repetition) for one in measured]
    assert order == [*((name, n) for n in range(3) for name in "ab"), ("b", 3), ("b", 4)]


def test_it_is_not_measured_again_for_ever(tmp_path: Path) -> None:
    measured: list[Measured] = []
    told = Told(left_out=pytest.fail, begins=lambda _what: None, measured=measured.append)
    (work,) = named(("W3",))
    comparison = Scripted(FULL, [work], told, nowhere(tmp_path), tmp_path)
    comparison.noise = {"a": (1.0,) * 10}
    comparison._repeat(work, [Broken(name="a", title="A")], None)
    assert len(measured) == FULL.repetitions + FULL.extra


def test_without_a_compiler_nothing_can_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.tools.COMPILER", "no-such-compiler")
    with pytest.raises(NotPrepared, match="no-such-compiler is missing"):
        load_generator(tmp_path)


def test_names_of_servers_are_unique_and_those_of_daily_use_are_there() -> None:
    known = servers()
    assert set(QUICK_SERVERS) <= set(known)
    assert all(name == one.name for name, one in known.items())
    assert len({one.title for one in known.values()}) == len(known)


def test_the_ordered_variant_takes_part_where_order_can_differ() -> None:
    labels = {one.label for one in ALL if EXPRESS_ORDERED.measures(one)}
    assert labels == {"W1 N=2 K=4", "W1 N=2 K=64", "W2 500x2"}


@pytest.mark.parametrize("peer", [EXPRESS, FASTAPI, DJANGO], ids=lambda peer: peer.name)
def test_a_peer_takes_part_in_everything(peer: Server) -> None:
    assert all(peer.measures(one) for one in ALL)


def test_every_server_has_an_adapter_that_is_there(tmp_path: Path) -> None:
    for peer in (EXPRESS, FASTAPI, DJANGO):
        for work in ALL:
            assert peer.inputs(work, nowhere(tmp_path)).adapter.parent == ADAPTERS
            assert peer.inputs(work, nowhere(tmp_path)).adapter.exists()


def test_the_quick_plan_measures_less_of_everything() -> None:
    some = list(servers().values())
    quick, full = loads_of(QUICK, some, QUICK_WORKLOADS), loads_of(FULL, some, ALL)
    assert quick < full / 2
    assert {one.kind for one in QUICK_WORKLOADS} == {one.kind for one in ALL}


def test_workloads_are_named_by_kind_or_label() -> None:
    assert {one.kind for one in named(("W1",))} == {"W1"}
    assert [one.label for one in named(("W3 REST 16",))] == ["W3 REST 16"]
    assert named(()) == ALL
    with pytest.raises(KeyError, match="W9"):
        named(("W9",))


def test_waves_are_measured_for_longer_than_a_wave_takes() -> None:
    (waves,) = named(("W2",))
    times = QUICK.times(waves, 0)
    assert float(times[times.index("--secs") + 1]) >= waves.seconds_least > QUICK.seconds
