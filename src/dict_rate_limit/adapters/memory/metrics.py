"""Metrics in memory, for tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dict_rate_limit.ports.telemetry import CountMetric, DurationMetric


@dataclass(slots=True)
class MemoryMetrics:
    """Counts as (metric, *labels), durations as (metric, seconds, labels) in order."""

    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    durations: list[tuple[DurationMetric, float, tuple[str, ...]]] = field(default_factory=list)

    def declare(self, metric: CountMetric | DurationMetric, *labels: str) -> None:
        """Ignore it: what is absent is zero."""

    def count(self, metric: CountMetric, *labels: str) -> None:
        self.counts[metric, *labels] += 1

    def observe(self, metric: DurationMetric, seconds: float, *labels: str) -> None:
        self.durations.append((metric, seconds, labels))
