"""Counts for Prometheus: requests by dialect, route and status, and whatever the engine counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0)
"""From an answer out of memory to the deadline of a request."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Statistics(Collector):
    """Reads a ``statistics()`` at each scrape, so that counting costs nothing in between."""

    def __init__(self, prefix: str, statistics: Callable[[], Mapping[str, float]]) -> None:
        self._prefix = prefix
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        """One gauge a name."""
        for name, value in self._statistics().items():
            yield GaugeMetricFamily(
                f"{self._prefix}_{name}", f"{name} of the {self._prefix}", value
            )


class Metrics:
    """The metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "switchboard_requests",
            "Requests by dialect, route and status.",
            ("dialect", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "switchboard_request_seconds",
            "Time from the request's head to its answer.",
            ("dialect",),
            buckets=SECONDS_BUCKETS,
            registry=self._registry,
        )
        # Finding a child by its labels costs more than counting; there are few.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def add(self, prefix: str, statistics: Callable[[], Mapping[str, float]]) -> None:
        """Shows what ``statistics`` returns as gauges named ``<prefix>_<name>``."""
        self._registry.register(_Statistics(prefix, statistics))

    def count(self, dialect: str, route: str, status: int, seconds: float) -> None:
        """Counts one answered request. ``route`` is the pattern, never the path: labels must stay few."""
        labels = (dialect, route, status)
        counter = self._counters.get(labels)
        if counter is None:
            counter = self._counters[labels] = self._requests.labels(dialect, route, str(status))
        counter.inc()
        histogram = self._histograms.get(dialect)
        if histogram is None:
            histogram = self._histograms[dialect] = self._seconds.labels(dialect)
        histogram.observe(seconds)

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
