"""The stored state as metrics. It is read at each scrape, so that the series of removed objects disappear."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.adapters.telemetry.prometheus.catalog import Families, counter, gauge, single
from dict_rate_limit.domain.alerts.alert import Kind, Severity
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.errors import Outcome, StoreError
from dict_rate_limit.domain.notifications.routing import Status
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.ports.stores import LatestReading, StoreHealth, Stores, TransitionKey

STORE_TIMEOUT_SEC: Final = 2.0


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
    """The stored state at one scrape. `pending_since` is when the oldest pending notification of a channel was made."""

    latest: Mapping[str, LatestReading]
    polls: Mapping[tuple[str, Outcome], int]
    alerts: Mapping[tuple[str, Kind, Severity], int]
    transitions: Mapping[TransitionKey, int]
    backlog: Backlog
    notifications: Mapping[tuple[str, Status], int]
    pending_since: Mapping[str, datetime]
    silences_active: int


async def read_store(source: StoredSource) -> StoredState | None:
    """Read the stored state; None when the store does not answer within STORE_TIMEOUT_SEC."""
    stores, participants, now = source.stores, source.participants, source.clock.now()
    try:
        async with asyncio.timeout(STORE_TIMEOUT_SEC):
            return StoredState(
                latest=await stores.state.latest(participants),
                polls=await stores.state.poll_counts(participants),
                alerts=await stores.state.open_alert_counts(participants),
                transitions=await stores.state.transition_counts(participants),
                backlog=await stores.outbox.backlog(),
                notifications=await stores.notifications.notification_counts(),
                pending_since=await stores.notifications.oldest_pending(),
                silences_active=sum(silence.active_at(now) for silence in await stores.silences.current(now)),
            )
    except (StoreError, TimeoutError):
        return None


async def read_store_health(store: StoreHealth, now: datetime) -> Mapping[str, int | None]:
    """Read the state of the store itself, by metric: an outdated schema answers nothing else.

    None is what it does not answer within STORE_TIMEOUT_SEC.
    """
    version = await _value_or_none(store.schema_version())
    ahead = None if version is None else await _value_or_none(store.partitions_ahead(now))
    return {"partitions_ahead": ahead, "schema_version": version}


async def _value_or_none(answer: Awaitable[int | None]) -> int | None:
    try:
        async with asyncio.timeout(STORE_TIMEOUT_SEC):
            return await answer
    except (StoreError, TimeoutError):
        return None


def state_metrics(state: StoredState | None, now: datetime) -> Families:
    """Return whether the store answered and, if so, its state without that of buckets.

    An unknown value has no series; it is never zero.
    """
    yield single("store_up", 0 if state is None else 1)
    if state is not None:
        yield from _readings(state, now)
        yield from _alerts(state)
        yield from _delivery(state, now)


def _readings(state: StoredState, now: datetime) -> Families:
    poll_age, reading_age = gauge("poll_age_seconds"), gauge("reading_age_seconds")
    last, category, polls = gauge("last_reading_timestamp_seconds"), gauge("category_info"), counter("polls")
    for known in state.latest.values():
        names = (known.participant,)
        poll_age.add_metric(names, (now - known.last_poll_at).total_seconds())
        if known.snapshot is not None:
            reading_age.add_metric(names, (now - known.snapshot.received_at).total_seconds())
            last.add_metric(names, known.snapshot.received_at.timestamp())
            category.add_metric((*names, known.snapshot.category), 1)
    for (participant, outcome), count in state.polls.items():
        polls.add_metric((participant, outcome.value), count)
    yield from (poll_age, reading_age, last, category, polls)


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


def _delivery(state: StoredState, now: datetime) -> Families:
    yield single("outbox_waiting", state.backlog.waiting)
    if state.backlog.oldest_at is not None:
        yield single("outbox_oldest_age_seconds", (now - state.backlog.oldest_at).total_seconds())
    yield single("outbox_dead", state.backlog.dead)
    counts = gauge("notifications")
    for (channel, status), count in state.notifications.items():
        counts.add_metric((channel, status.value), count)
    yield counts
    ages = gauge("notification_oldest_age_seconds")
    for channel, since in state.pending_since.items():
        ages.add_metric((channel,), (now - since).total_seconds())
    yield ages
    yield single("silences_active", state.silences_active)
