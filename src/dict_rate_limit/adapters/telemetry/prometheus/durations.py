"""Durations in classes, with plain integers: a labelled prometheus_client update costs as much as a cached answer."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client.core import HistogramMetricFamily

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the classes of what is over at once, in seconds; 0.2 is the customer's limit for an answer."""

LONG_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the classes of what may last as long as an outage, in seconds."""


class Durations:
    """How often something lasted how long."""

    __slots__ = ("_bounds", "_classes", "_seconds")

    def __init__(self, bounds: Sequence[float] = BOUNDS) -> None:
        """Begin at zero."""
        self._bounds = bounds
        self._classes = [0] * (len(bounds) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._classes[bisect_left(self._bounds, seconds)] += 1
        self._seconds += seconds

    def write(self, family: HistogramMetricFamily, *labels: str) -> None:
        """Add what was counted to the family."""
        bounds = [*(str(bound) for bound in self._bounds), "+Inf"]
        counts = list(zip(bounds, accumulate(self._classes), strict=True))
        family.add_metric(labels, counts, sum_value=self._seconds)
