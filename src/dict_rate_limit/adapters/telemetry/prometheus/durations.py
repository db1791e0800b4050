"""A histogram of plain integers: a labelled prometheus-client update costs as much as a cached response."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.telemetry.prometheus.catalog import SHORT_BOUNDS

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily


class Durations:
    """Counts durations in the buckets of `SHORT_BOUNDS`."""

    __slots__ = ("_buckets", "_seconds")

    def __init__(self) -> None:
        self._buckets = [0] * (len(SHORT_BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        self._buckets[bisect_left(SHORT_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def write(self, family: HistogramMetricFamily, *labels: str) -> None:
        """Add the series to the family."""
        bounds = [*(str(bound) for bound in SHORT_BOUNDS), "+Inf"]
        counts = list(zip(bounds, accumulate(self._buckets), strict=True))
        family.add_metric(labels, counts, sum_value=self._seconds)
