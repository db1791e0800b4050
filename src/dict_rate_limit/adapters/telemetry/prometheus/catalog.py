"""Every metric: name, type, meaning, labels. docs/metrics.md is generated from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

Families = Iterator[Metric]

PREFIX: Final = "dict_rate_limit_"

# 0.2 s is the required response time of the API
SHORT_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# a cycle and the retries of an activity may last as long as an outage
LONG_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class MetricOrigin(StrEnum):
    """Where the value of a metric comes from."""

    STORED = "stored"  # the database at the scrape: equal on every replica, available right after a restart
    PROCESS = "process"  # counted by this process since its start
    SETTINGS = "settings"  # the settings and files of this process


class Type(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"  # its samples end in _total
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One metric. `name` is without prefix and `_total`; `bounds` are the buckets of a histogram, in seconds.

    `bucket_field` names the field of `Bucket` whose value a gauge shows unchanged.

    An unknown value has no series; it is never zero.
    """

    name: str
    type: Type
    text: str
    labels: tuple[str, ...] = ()
    origin: MetricOrigin = MetricOrigin.STORED
    bounds: tuple[float, ...] = ()
    bucket_field: str = ""

    @property
    def family(self) -> str:
        return PREFIX + self.name


_BUCKET: Final = ("participant", "policy")
_SPAN: Final = (*_BUCKET, "bound")
_PARTICIPANT: Final = ("participant",)


def _of(kind: Type, name: str, text: str, *labels: str, origin: MetricOrigin = MetricOrigin.STORED) -> MetricSpec:
    return MetricSpec(name=name, type=kind, text=text, labels=labels, origin=origin)


def _counted(name: str, text: str, *labels: str) -> MetricSpec:
    return MetricSpec(name=name, type=Type.COUNTER, text=text, labels=labels, origin=MetricOrigin.PROCESS)


def _timed(name: str, text: str, *labels: str, bounds: tuple[float, ...] = SHORT_BOUNDS) -> MetricSpec:
    return MetricSpec(
        name=name, type=Type.HISTOGRAM, text=text, labels=labels, origin=MetricOrigin.PROCESS, bounds=bounds
    )


def _raw(field: str, name: str, text: str) -> MetricSpec:
    return MetricSpec(name=name, type=Type.GAUGE, text=text, labels=_BUCKET, bucket_field=field)


_G, _C = Type.GAUGE, Type.COUNTER

_METRICS: Final = (
    _raw("available_tokens", "tokens_available", "Tokens in the bucket as DICT reports them; may be negative."),
    _raw("capacity", "capacity", "Capacity of the bucket in tokens."),
    _of(
        _G,
        "refill_tokens_per_second",
        "Tokens the bucket regains each second; absent without a refill period.",
        *_BUCKET,
    ),
    _of(_G, "utilization_ratio", "Used share of the capacity, from 0 to 1; absent without a capacity.", *_BUCKET),
    _of(_G, "level", "0 OK, 1 WARNING, 2 CRITICAL; absent when UNKNOWN.", *_BUCKET),
    _of(_G, "exhausted", "1 when no token is available; absent without a capacity.", *_BUCKET),
    _of(
        _G,
        "warning_threshold_ratio",
        "Available share of the capacity at or below which the level is WARNING.",
        *_BUCKET,
    ),
    _of(
        _G,
        "critical_threshold_ratio",
        "Available share of the capacity at or below which the level is CRITICAL.",
        *_BUCKET,
    ),
    _of(_G, "alerts_enabled", "1 when the policy raises alerts.", *_BUCKET),
    _of(
        _G,
        "time_to_full_seconds",
        "Time until the bucket is full without consumption: pro rata (lower), in whole refill periods (upper).",
        *_SPAN,
    ),
    _of(
        _G,
        "time_to_empty_seconds",
        "Time until the bucket is empty at the last consumption; +Inf is never; absent when unknown.",
        *_SPAN,
    ),
    _of(
        _G,
        "consumption_tokens_per_second",
        "Consumption between the last two readings, net of refunds; absent when unknown.",
        *_SPAN,
    ),
    _of(
        _G,
        "blind_below_seconds",
        "Time from empty to full if shorter than the poll interval: polls can miss that the bucket was empty.",
        *_BUCKET,
    ),
    _of(_G, "own_spending_tokens_per_second", "Consumption of POLICIES_LIST by the planned polls.", *_BUCKET),
    _of(_G, "poll_age_seconds", "Time since the last poll, successful or not.", *_PARTICIPANT),
    _of(_G, "reading_age_seconds", "Time since the last new reading; absent before the first.", *_PARTICIPANT),
    _of(_G, "last_reading_timestamp_seconds", "Time of the last new reading; absent before the first.", *_PARTICIPANT),
    _of(_G, "category_info", "Category of the participant as DICT reports it.", "participant", "category"),
    _of(_C, "polls", "Polls recorded, by outcome.", "participant", "outcome"),
    _of(_G, "alerts_open", "Open alerts.", "participant", "kind", "severity"),
    _of(_C, "alert_transitions", "Transitions of alerts.", "participant", "kind", "transition"),
    _of(_C, "limit_changes", "Changes of a policy's limits by BACEN.", *_BUCKET),
    _of(_G, "store_up", "1 when the database answered this scrape."),
    _of(_G, "outbox_waiting", "Transitions that are not yet published."),
    _of(
        _G,
        "outbox_oldest_age_seconds",
        "Time since the oldest unpublished transition was detected; absent without one.",
    ),
    _of(_G, "outbox_dead", "Transitions that the broker has rejected finally."),
    _of(_G, "notifications", "Notifications by status.", "channel", "status"),
    _of(
        _G,
        "notification_oldest_age_seconds",
        "Time since the oldest pending notification of a channel was created.",
        "channel",
    ),
    _of(_G, "silences_active", "Active silences and maintenance windows."),
    _of(_G, "partitions_ahead", "Monthly partitions that exist beyond the current month."),
    _of(_G, "schema_version", "Newest applied migration."),
    _of(_G, "schema_version_expected", "Newest migration of this version.", origin=MetricOrigin.SETTINGS),
    _of(_G, "build_info", "Version of the process.", "version", origin=MetricOrigin.SETTINGS),
    _of(
        _G, "publisher_info", "Where transitions of alerts are published.", "destination", origin=MetricOrigin.SETTINGS
    ),
    _of(_G, "poll_interval_seconds", "Longest planned time between two polls.", origin=MetricOrigin.SETTINGS),
    _of(
        _G,
        "certificate_expiry_timestamp_seconds",
        "Expiry of the first certificate of a file; absent when the file cannot be read.",
        "certificate",
        origin=MetricOrigin.SETTINGS,
    ),
    _counted(
        "cycles", "Monitoring cycles that have ended; good: new readings, and all transitions published.", "result"
    ),
    _timed(
        "cycle_duration_seconds",
        "Time from the start of a cycle until its transitions are published.",
        bounds=LONG_BOUNDS,
    ),
    _timed("activity_duration_seconds", "Duration of one attempt of an activity.", "activity", bounds=LONG_BOUNDS),
    _counted("activity_failures", "Failed attempts of activities.", "activity"),
    _counted("notification_attempts", "Attempts to send a message.", "channel", "result"),
    _counted("source_calls", "Source calls for readers of the API.", "participant", "outcome"),
    _counted("bridge_calls", "Calls of the Bridge, by gRPC method and code.", "method", "code"),
    _timed("sql_duration_seconds", "Duration of a statement by its name.", "query"),
    _counted("sql_errors", "Failed statements.", "query"),
    _counted("cache_reads", "Readings served, by their origin.", "result"),
    _counted("http_requests", "HTTP responses.", "route", "method", "status"),
    _timed("http_request_duration_seconds", "Time from request to response.", "route"),
)

CATALOG: Final[Mapping[str, MetricSpec]] = {metric.name: metric for metric in _METRICS}


class Given(Collector):
    """Families that are already made, or made when the collector is read."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Families:
        yield from self._families


def single(name: str, value: float, *labels: str) -> GaugeMetricFamily:
    """Return a gauge of the catalog with one series."""
    family = gauge(name)
    family.add_metric(labels, value)
    return family


def gauge(name: str) -> GaugeMetricFamily:
    metric = CATALOG[name]
    return GaugeMetricFamily(metric.family, metric.text, labels=metric.labels)


def counter(name: str) -> CounterMetricFamily:
    metric = CATALOG[name]
    return CounterMetricFamily(metric.family, metric.text, labels=metric.labels)


def histogram(name: str) -> HistogramMetricFamily:
    metric = CATALOG[name]
    return HistogramMetricFamily(metric.family, metric.text, labels=metric.labels)
