"""The state of the store as metrics: read anew at each scrape, so that series of what is gone are gone too."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from dict_rate_limit.adapters.prometheus.delivery import delivery_metrics, look_at_delivery
from dict_rate_limit.domain.errors import StoreError
from dict_rate_limit.domain.judge import judged_buckets
from dict_rate_limit.domain.level import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from prometheus_client import Metric

    from dict_rate_limit.adapters.prometheus.delivery import DeliverySource, DeliveryState
    from dict_rate_limit.domain.alert import Kind, Severity
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.level import Thresholds
    from dict_rate_limit.domain.state import JudgedBucket
    from dict_rate_limit.ports import Clock, Latest, StateStore

PATIENCE: Final = 2.0
_PREFIX: Final = "dict_rate_limit_"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """Where stored state is read, and by which thresholds it is judged where a policy has none of its own."""

    store: StateStore
    delivery: DeliverySource
    participants: Sequence[str]
    thresholds: Thresholds
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """One look into the store."""

    latest: Mapping[str, Latest]
    polls: Mapping[tuple[str, Outcome], int]
    alerts: Mapping[tuple[str, Kind, Severity], int]
    delivery: DeliveryState


async def look(source: StoredSource) -> StoredState | None:
    """Read what the metrics need; None when the store does not answer within two seconds."""
    store, participants = source.store, source.participants
    try:
        async with asyncio.timeout(PATIENCE):
            return StoredState(
                latest=await store.latest(participants),
                polls=await store.poll_counts(participants),
                alerts=await store.open_alert_counts(participants),
                delivery=await look_at_delivery(source.delivery, source.clock.now()),
            )
    except (StoreError, TimeoutError):
        return None


class StoredStateCollector(Collector):
    """Metrics of one look. What is unknown has no series; zero is never a stand-in."""

    def __init__(self, state: StoredState | None, thresholds: Thresholds, now: datetime) -> None:
        """Take a look's result, None where there was no answer."""
        self._state = state
        self._thresholds = thresholds
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Give whether the store answered and, if so, what it holds."""
        up = _gauge("store_up", "1 when the database answered this scrape.", ())
        up.add_metric((), 0 if self._state is None else 1)
        yield up
        if self._state is not None:
            yield from self._buckets(self._state.latest.values())
            yield from self._polls(self._state)
            alerts = _gauge("alerts_open", "Open alerts.", ("participant", "kind", "severity"))
            for key, count in self._state.alerts.items():
                alerts.add_metric(key, count)
            yield alerts
            yield from delivery_metrics(self._state.delivery, self._now)

    def _buckets(self, latest: Iterable[Latest]) -> Iterator[Metric]:
        labels = ("participant", "policy")
        tokens = _gauge("tokens_available", "Tokens in the bucket, raw: may be negative.", labels)
        capacity = _gauge("capacity", "Tokens the bucket can hold.", labels)
        used = _gauge("utilization_ratio", "Used share of the capacity, 0 to 1; absent when unknown.", labels)
        level = _gauge("level", "1 for the level the bucket is at, 0 for the others.", (*labels, "level"))
        for known in latest:
            for judged in self._judged(known):
                names = (known.participant, judged.bucket.name)
                tokens.add_metric(names, judged.bucket.available_tokens)
                capacity.add_metric(names, judged.bucket.capacity)
                hundredths = judged.bucket.utilization_hundredths
                if hundredths is not None:
                    used.add_metric(names, hundredths / 10_000)
                for one in Level:
                    level.add_metric((*names, one.value), int(judged.level is one))
        yield from (tokens, capacity, used, level)

    def _judged(self, known: Latest) -> tuple[JudgedBucket, ...]:
        if known.snapshot is None:
            return ()
        return judged_buckets(known.snapshot.buckets, known.policy_rules, self._thresholds)

    def _polls(self, state: StoredState) -> Iterator[Metric]:
        labels = ("participant",)
        poll_age = _gauge("poll_age_seconds", "Time since the last poll, good or not.", labels)
        reading_age = _gauge("reading_age_seconds", "Time since the last new reading; absent before the first.", labels)
        category = _gauge("category_info", "The participant's category, as DICT wrote it.", ("participant", "category"))
        for known in state.latest.values():
            names = (known.participant,)
            poll_age.add_metric(names, (self._now - known.last_poll_at).total_seconds())
            if known.snapshot is not None:
                reading_age.add_metric(names, (self._now - known.snapshot.received_at).total_seconds())
                category.add_metric((*names, known.snapshot.category), 1)
        yield from (poll_age, reading_age, category)
        polls = CounterMetricFamily(
            _PREFIX + "polls", "Polls ever recorded, by how they ended.", labels=("participant", "outcome")
        )
        for (participant, outcome), count in state.polls.items():
            polls.add_metric((participant, outcome.value), count)
        yield polls


def _gauge(name: str, text: str, labels: Sequence[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, text, labels=labels)
