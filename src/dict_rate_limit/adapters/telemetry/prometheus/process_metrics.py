"""Counters and histograms of the process, held by prometheus-client."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

from prometheus_client import Counter, Histogram
from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG, SHORT_BOUNDS, Families, counter, histogram
from dict_rate_limit.ports.cache import CacheStatus
from dict_rate_limit.ports.telemetry import CountMetric, DurationMetric


class ProcessMetrics(Collector):
    """Metrics of the catalog. A family appears with its first use, so that a process shows only what it does."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def declare(self, metric: CountMetric | DurationMetric, *labels: str) -> None:
        if isinstance(metric, CountMetric):
            self._counter(metric, labels)
        else:
            self._histogram(metric, labels)

    def count(self, metric: CountMetric, *labels: str) -> None:
        self._counter(metric, labels).inc()

    def observe(self, metric: DurationMetric, seconds: float, *labels: str) -> None:
        self._histogram(metric, labels).observe(seconds)

    def collect(self) -> Families:
        """Give all families; called in a thread while others count."""
        for metric in (*self._counters.values(), *self._histograms.values()):
            for family in metric.collect():
                # the times of creation would double the series, and no rule or dashboard reads them
                family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
                yield family

    def _counter(self, metric: CountMetric, labels: tuple[str, ...]) -> Counter:
        family = self._counters.get(metric)
        if family is None:
            info = CATALOG[metric]
            family = self._counters[metric] = Counter(info.family, info.text, info.labels, registry=None)
        return family.labels(*labels) if labels else family

    def _histogram(self, metric: DurationMetric, labels: tuple[str, ...]) -> Histogram:
        family = self._histograms.get(metric)
        if family is None:
            info = CATALOG[metric]
            family = Histogram(info.family, info.text, info.labels, registry=None, buckets=info.bounds)
            self._histograms[metric] = family
        return family.labels(*labels) if labels else family


class RouteCounts:
    """The responses of one route. A labelled update of prometheus-client would cost as much as a cached response."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[tuple[str, int], int] = {}
        self.buckets = [0] * (len(SHORT_BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, method: str, status: int, seconds: float) -> None:
        key = (method, status)
        self.statuses[key] = self.statuses.get(key, 0) + 1
        self.buckets[bisect_left(SHORT_BOUNDS, seconds)] += 1
        self.seconds += seconds


class HttpCollector(Collector):
    """All routes. Their number is fixed by the code, never by what is asked for.

    `reads` counts readings by how they were obtained; the handlers add to it.
    """

    def __init__(self) -> None:
        self._routes: dict[str, RouteCounts] = {}
        self.reads = dict.fromkeys(CacheStatus, 0)

    def route(self, name: str) -> RouteCounts:
        return self._routes.setdefault(name, RouteCounts())

    def collect(self) -> Families:
        """Give counts and durations by route, and the readings; scraped in a thread, while others add."""
        requests, durations = counter("http_requests"), histogram("http_request_duration_seconds")
        bounds = [*(str(bound) for bound in SHORT_BOUNDS), "+Inf"]
        for name, route in tuple(self._routes.items()):
            for (method, status), count in tuple(route.statuses.items()):
                requests.add_metric((name, method, str(status)), count)
            counts = list(zip(bounds, accumulate(route.buckets), strict=True))
            durations.add_metric((name,), counts, sum_value=route.seconds)
        reads = counter("cache_reads")
        for result, count in self.reads.items():
            reads.add_metric((result.value,), count)
        yield from (requests, durations, reads)
