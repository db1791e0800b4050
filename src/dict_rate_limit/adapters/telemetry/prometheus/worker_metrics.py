"""What the worker did: cycles, and attempts of activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import counter, histogram
from dict_rate_limit.adapters.telemetry.prometheus.durations import LONG_BOUNDS, Durations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric


class _Attempts:
    """The attempts of one activity."""

    __slots__ = ("durations", "failures")

    def __init__(self) -> None:
        self.durations = Durations(LONG_BOUNDS)
        self.failures = 0


class Work(Collector):
    """An observer of work that tells Prometheus. Series are there from the start: a first failure is an increase."""

    def __init__(self, activities: Iterable[str]) -> None:
        """Begin at zero with the activities there are."""
        self._attempts = {name: _Attempts() for name in activities}
        self._cycles = {"good": 0, "bad": 0}
        self._cycle_durations = Durations(LONG_BOUNDS)

    def attempted(self, activity: str, seconds: float, *, failed: bool) -> None:
        """Count an attempt."""
        attempts = self._attempts.setdefault(activity, _Attempts())
        attempts.durations.add(seconds)
        attempts.failures += failed

    def cycle_ended(self, seconds: float, *, good: bool) -> None:
        """Count a cycle."""
        self._cycles["good" if good else "bad"] += 1
        self._cycle_durations.add(seconds)

    def collect(self) -> Iterator[Metric]:
        """Give counts and durations; scraped in a thread, while others add."""
        cycles, lasted = counter("cycles"), histogram("cycle_duration_seconds")
        failures, durations = counter("activity_failures"), histogram("activity_duration_seconds")
        for result, count in self._cycles.items():
            cycles.add_metric((result,), count)
        self._cycle_durations.write(lasted)
        for activity, attempts in tuple(self._attempts.items()):
            attempts.durations.write(durations, activity)
            failures.add_metric((activity,), attempts.failures)
        yield from (cycles, lasted, durations, failures)
