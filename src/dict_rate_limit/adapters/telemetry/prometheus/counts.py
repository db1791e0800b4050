"""One counter of the catalogue, with plain integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import counter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric


class Counts(Collector):
    """How often something happened, by labels in the catalogue's order."""

    def __init__(self, name: str, known: Iterable[tuple[str, ...]] = ()) -> None:
        """Begin at zero with the labels known beforehand: their first event is an increase Prometheus can see."""
        self._name = name
        self._counts = dict.fromkeys(known, 0)

    def add(self, *labels: str) -> None:
        """Count one."""
        self._counts[labels] = self._counts.get(labels, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Give the counts; scraped in a thread, while others add."""
        family = counter(self._name)
        for labels, count in tuple(self._counts.items()):
            family.add_metric(labels, count)
        yield family
