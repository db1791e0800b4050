"""Counters and histograms of the process, held by prometheus-client."""

from __future__ import annotations

from prometheus_client import Counter, Histogram
from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG, Families
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
