"""The delivery of alerts as metrics: the outbox, notifications, silences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import Families, gauge
from dict_rate_limit.domain.notifications.routing import Status
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.ports.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryState:
    """The delivery at one scrape. `pending_since` is the time of the oldest pending notification of each channel."""

    backlog: Backlog
    notifications: Mapping[tuple[str, Status], int]
    pending_since: Mapping[str, datetime]
    silences_active: int


async def read_delivery(stores: Stores, now: datetime) -> DeliveryState:
    """Read the state of the delivery.

    Raises:
        StoreError: the store does not answer.
    """
    return DeliveryState(
        backlog=await stores.outbox.backlog(),
        notifications=await stores.notifications.notification_counts(),
        pending_since=await stores.notifications.oldest_pending(),
        silences_active=sum(silence.active_at(now) for silence in await stores.silences.current(now)),
    )


def delivery_metrics(state: DeliveryState, now: datetime) -> Families:
    """Return what is pending and since when; there is no age if nothing is pending."""
    yield _single("outbox_waiting", state.backlog.waiting)
    if state.backlog.oldest_at is not None:
        age = (now - state.backlog.oldest_at).total_seconds()
        yield _single("outbox_oldest_age_seconds", age)
    yield _single("outbox_dead", state.backlog.dead)
    counts = gauge("notifications")
    for (channel, status), count in state.notifications.items():
        counts.add_metric((channel, status.value), count)
    yield counts
    ages = gauge("notification_oldest_age_seconds")
    for channel, since in state.pending_since.items():
        ages.add_metric((channel,), (now - since).total_seconds())
    yield ages
    yield _single("silences_active", state.silences_active)


class PublisherInfo(Collector):
    """Where this process publishes events. It is shown without the store."""

    def __init__(self, destination: Literal["log", "pulsar"]) -> None:
        self._destination = destination

    def collect(self) -> Families:
        family = gauge("publisher_info")
        family.add_metric((self._destination,), 1)
        yield family


def _single(name: str, value: float) -> GaugeMetricFamily:
    family = gauge(name)
    family.add_metric((), value)
    return family
