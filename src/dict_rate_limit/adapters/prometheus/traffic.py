"""Requests counted with plain integers: a labelled prometheus_client update costs as much as a whole cached answer."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.prometheus.catalog import counter, histogram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the duration's classes, in seconds."""


class RouteTraffic:
    """What one route answered. `add` is all that the fast path pays."""

    __slots__ = ("classes", "seconds", "statuses")

    def __init__(self) -> None:
        """Begin at zero."""
        self.statuses: dict[tuple[str, int], int] = {}
        self.classes = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method, status)
        self.statuses[key] = self.statuses.get(key, 0) + 1
        self.classes[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Traffic(Collector):
    """All routes. Their number is fixed by the code, never by what is asked for."""

    def __init__(self) -> None:
        """Begin without routes."""
        self._routes: dict[str, RouteTraffic] = {}

    def route(self, name: str) -> RouteTraffic:
        """Return the counters of a route."""
        return self._routes.setdefault(name, RouteTraffic())

    def collect(self) -> Iterator[Metric]:
        """Give counts and durations by route."""
        requests, durations = counter("http_requests"), histogram("http_request_duration_seconds")
        for name, route in self._routes.items():
            for (method, status), count in route.statuses.items():
                requests.add_metric((name, method, str(status)), count)
            bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
            durations.add_metric(
                (name,), list(zip(bounds, accumulate(route.classes), strict=True)), sum_value=route.seconds
            )
        yield requests
        yield durations
