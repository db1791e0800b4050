"""The stored state as metrics. It is read at each scrape, so that the series of removed objects disappear."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import Families, counter, gauge
from dict_rate_limit.adapters.telemetry.prometheus.delivery import DeliveryState, delivery_metrics, read_delivery
from dict_rate_limit.adapters.telemetry.prometheus.store_health import STORE_TIMEOUT_SEC
from dict_rate_limit.domain.alerts.alert import Kind, Severity
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.errors import Outcome, StoreError
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.stores import LatestReading, Stores, TransitionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """The stores to read, the thresholds of policies without their own, and the interval of the polls."""

    stores: Stores
    participants: Sequence[str]
    thresholds: Thresholds
    interval: timedelta
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """The stored state at one scrape."""

    latest: Mapping[str, LatestReading]
    polls: Mapping[tuple[str, Outcome], int]
    alerts: Mapping[tuple[str, Kind, Severity], int]
    transitions: Mapping[TransitionKey, int]
    delivery: DeliveryState


async def read_store(source: StoredSource) -> StoredState | None:
    """Read the stored state; None when the store does not answer within STORE_TIMEOUT_SEC."""
    stores, participants = source.stores, source.participants
    try:
        async with asyncio.timeout(STORE_TIMEOUT_SEC):
            return StoredState(
                latest=await stores.state.latest(participants),
                polls=await stores.state.poll_counts(participants),
                alerts=await stores.state.open_alert_counts(participants),
                transitions=await stores.state.transition_counts(participants),
                delivery=await read_delivery(stores, source.clock.now()),
            )
    except (StoreError, TimeoutError):
        return None


class StoredStateCollector(Collector):
    """The metrics of one scrape without those of buckets. An unknown value has no series; it is never zero."""

    def __init__(self, state: StoredState | None, now: datetime) -> None:
        self._state = state
        self._now = now

    def collect(self) -> Families:
        """Return whether the store answered and, if so, its state."""
        up = gauge("store_up")
        up.add_metric((), 0 if self._state is None else 1)
        yield up
        if self._state is not None:
            yield from self._readings(self._state)
            yield from self._alerts(self._state)
            yield from delivery_metrics(self._state.delivery, self._now)

    def _readings(self, state: StoredState) -> Families:
        poll_age, reading_age = gauge("poll_age_seconds"), gauge("reading_age_seconds")
        last, category, polls = gauge("last_reading_timestamp_seconds"), gauge("category_info"), counter("polls")
        for known in state.latest.values():
            names = (known.participant,)
            poll_age.add_metric(names, (self._now - known.last_poll_at).total_seconds())
            if known.snapshot is not None:
                reading_age.add_metric(names, (self._now - known.snapshot.received_at).total_seconds())
                last.add_metric(names, known.snapshot.received_at.timestamp())
                category.add_metric((*names, known.snapshot.category), 1)
        for (participant, outcome), count in state.polls.items():
            polls.add_metric((participant, outcome.value), count)
        yield from (poll_age, reading_age, last, category, polls)

    @staticmethod
    def _alerts(state: StoredState) -> Families:
        alerts, transitions, changes = gauge("alerts_open"), counter("alert_transitions"), counter("limit_changes")
        for key, count in state.alerts.items():
            alerts.add_metric(key, count)
        by_kind: Counter[tuple[str, str, str]] = Counter()
        for (participant, policy, kind, transition), count in state.transitions.items():
            by_kind[participant, kind.value, transition.value] += count
            if kind is Kind.LIMITS_CHANGED:
                changes.add_metric((participant, policy), count)
        for labels, count in by_kind.items():
            transitions.add_metric(labels, count)
        yield from (alerts, transitions, changes)
