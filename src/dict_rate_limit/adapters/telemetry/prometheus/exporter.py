"""One scrape: read the stores, then write the text."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.bucket_metrics import BucketSeries
from dict_rate_limit.adapters.telemetry.prometheus.catalog import Given, single
from dict_rate_limit.adapters.telemetry.prometheus.store_metrics import (
    StoredSource,
    read_store,
    read_store_health,
    state_metrics,
)

__all__ = ["Collector", "Exporter", "Given", "StoredSource", "single"]


class Exporter:
    """All metrics of a process. Those that it counts itself are shown even when the store does not answer."""

    def __init__(self, version: str, stored: StoredSource | None = None, counted: Sequence[Collector] = ()) -> None:
        self._version = version
        self._stored = stored
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        for collector in counted:
            self._registry.register(collector)

    async def scrape(self) -> bytes:
        """Return the metrics in Prometheus' text format 0.0.4."""
        own = CollectorRegistry(auto_describe=False)
        own.register(Given([single("build_info", 1, self._version)]))
        if self._stored is None:
            return await asyncio.to_thread(lambda: generate_latest(own) + generate_latest(self._registry))
        now = self._stored.clock.now()
        with _without_gc():
            state, condition = await asyncio.gather(
                read_store(self._stored), read_store_health(self._stored.stores.health, now)
            )
            own.register(Given(state_metrics(state, now)))
            own.register(Given(single(name, value) for name, value in condition.items() if value is not None))
            latest = () if state is None else state.latest.values()
            buckets = BucketSeries(self._stored.thresholds, self._stored.interval)
            # in a thread: the text of a thousand participants would block the event loop
            return await asyncio.to_thread(
                lambda: generate_latest(own) + buckets.text(latest) + generate_latest(self._registry)
            )


@contextmanager
def _without_gc() -> Iterator[None]:
    # A scrape makes a million objects and no cycles, and the collector's search takes a third of its time. The switch
    # is of the whole process: other tasks go without the collector for the two seconds of a scrape at most, and
    # whichever of two overlapping scrapes ends first switches it on again.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
