"""Every metric by name: what it is, of what kind, by which labels. docs/metrics.md is written from this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "dict_rate_limit_"

# 0.2 s is the required response time of the API
SHORT_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# a cycle and the retries of an activity may last as long as an outage
LONG_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class MetricOrigin(StrEnum):
    """Where a figure comes from."""

    STORED = "stored"  # the database at the moment of the scrape: equal on every replica, there right after a restart
    PROCESS = "process"  # counted by this process since it began
    SETTINGS = "settings"  # what this process was told


class Type(StrEnum):
    """What Prometheus makes of it."""

    GAUGE = "gauge"
    COUNTER = "counter"  # its samples end in _total
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One metric. `name` is without prefix and `_total`; `bounds` are the buckets of a histogram, in seconds.

    An unknown value has no series; it is never zero.
    """

    name: str
    type: Type
    text: str
    labels: tuple[str, ...] = ()
    origin: MetricOrigin = MetricOrigin.STORED
    bounds: tuple[float, ...] = ()

    @property
    def family(self) -> str:
        """The full name of its family."""
        return PREFIX + self.name


_BUCKET: Final = ("participant", "policy")
_SPAN: Final = (*_BUCKET, "bound")
_PARTICIPANT: Final = ("participant",)


def _of(kind: Type, name: str, text: str, *labels: str, origin: MetricOrigin = MetricOrigin.STORED) -> MetricSpec:
    return MetricSpec(name=name, type=kind, text=text, labels=labels, origin=origin)


def _timed(name: str, text: str, *labels: str, bounds: tuple[float, ...] = SHORT_BOUNDS) -> MetricSpec:
    return MetricSpec(
        name=name, type=Type.HISTOGRAM, text=text, labels=labels, origin=MetricOrigin.PROCESS, bounds=bounds
    )


_G, _C = Type.GAUGE, Type.COUNTER

_METRICS: Final = (
    _of(_G, "tokens_available", "Tokens in the bucket, raw: may be negative.", *_BUCKET),
    _of(_G, "capacity", "Tokens the bucket can hold.", *_BUCKET),
    _of(_G, "refill_tokens_per_second", "Tokens the bucket regains; absent without a period.", *_BUCKET),
    _of(_G, "utilization_ratio", "Used share of the capacity, 0 to 1; absent without a capacity.", *_BUCKET),
    _of(_G, "level", "0 OK, 1 WARNING, 2 CRITICAL; absent when UNKNOWN.", *_BUCKET),
    _of(_G, "exhausted", "1 when no token is left; absent without a capacity.", *_BUCKET),
    _of(_G, "warning_threshold_ratio", "Left share at and below which the bucket is in WARNING.", *_BUCKET),
    _of(_G, "critical_threshold_ratio", "Left share at and below which the bucket is CRITICAL.", *_BUCKET),
    _of(_G, "alerts_enabled", "1 when the policy raises alerts.", *_BUCKET),
    _of(
        _G,
        "time_to_full_seconds",
        "Until full if nobody takes any: pro rata (lower), by whole periods (upper).",
        *_SPAN,
    ),
    _of(
        _G,
        "time_to_empty_seconds",
        "Until empty at the pace of the last two readings; +Inf = never; absent when unknown.",
        *_SPAN,
    ),
    _of(
        _G,
        "consumption_tokens_per_second",
        "Taken between the last two readings, net of credits; absent when unknown.",
        *_SPAN,
    ),
    _of(
        _G,
        "blind_below_seconds",
        "From empty to full; only where a poll comes less often: such a bucket cannot be seen empty.",
        *_BUCKET,
    ),
    _of(_G, "own_spending_tokens_per_second", "What our own polls take of POLICIES_LIST, by plan.", *_BUCKET),
    _of(_G, "poll_age_seconds", "Time since the last poll, good or not.", *_PARTICIPANT),
    _of(_G, "reading_age_seconds", "Time since the last new reading; absent before the first.", *_PARTICIPANT),
    _of(
        _G, "last_reading_timestamp_seconds", "When the last new reading came; absent before the first.", *_PARTICIPANT
    ),
    _of(_G, "category_info", "The participant's category, as DICT wrote it.", "participant", "category"),
    _of(_C, "polls", "Polls ever recorded, by how they ended.", "participant", "outcome"),
    _of(_G, "alerts_open", "Open alerts.", "participant", "kind", "severity"),
    _of(_C, "alert_transitions", "What ever happened to alerts.", "participant", "kind", "transition"),
    _of(_C, "limit_changes", "How often BACEN changed a policy's limits.", *_BUCKET),
    _of(_G, "store_up", "1 when the database answered this scrape."),
    _of(_G, "outbox_waiting", "Transitions that wait to be published."),
    _of(
        _G,
        "outbox_oldest_age_seconds",
        "Time since the oldest waiting transition was detected; absent when none waits.",
    ),
    _of(_G, "outbox_dead", "Transitions the broker refused for good."),
    _of(_G, "notifications", "Notifications, by where they stand.", "channel", "status"),
    _of(_G, "notification_oldest_age_seconds", "Time since a channel's oldest pending one was made.", "channel"),
    _of(_G, "silences_active", "Silences and maintenance windows in force."),
    _of(_G, "partitions_ahead", "Months of history that are made beyond the current one."),
    _of(_G, "schema_version", "The newest migration in force."),
    _of(_G, "schema_version_expected", "The newest migration this program knows.", origin=MetricOrigin.SETTINGS),
    _of(_G, "build_info", "The running version.", "version", origin=MetricOrigin.SETTINGS),
    _of(_G, "publisher_info", "Where transitions of alerts go.", "destination", origin=MetricOrigin.SETTINGS),
    _of(_G, "poll_interval_seconds", "Longest time between two polls, by plan.", origin=MetricOrigin.SETTINGS),
    _of(
        _G,
        "certificate_expiry_timestamp_seconds",
        "When a certificate file's first certificate ends; absent when it cannot be read.",
        "certificate",
        origin=MetricOrigin.SETTINGS,
    ),
    _of(
        _C,
        "cycles",
        "Monitoring cycles that reached their end; good = new readings, all told.",
        "result",
        origin=MetricOrigin.PROCESS,
    ),
    _timed("cycle_duration_seconds", "From a cycle's begin until it is published.", bounds=LONG_BOUNDS),
    _timed("activity_duration_seconds", "One attempt of an activity.", "activity", bounds=LONG_BOUNDS),
    _of(_C, "activity_failures", "Attempts of activities that failed.", "activity", origin=MetricOrigin.PROCESS),
    _of(_C, "notification_attempts", "Messages tried.", "channel", "result", origin=MetricOrigin.PROCESS),
    _of(_C, "source_calls", "Source calls made for readers.", "participant", "outcome", origin=MetricOrigin.PROCESS),
    _of(
        _C,
        "bridge_calls",
        "Calls of the Bridge, by gRPC method and code.",
        "method",
        "code",
        origin=MetricOrigin.PROCESS,
    ),
    _timed("sql_duration_seconds", "Time a statement took, by its name.", "query"),
    _of(_C, "sql_errors", "Statements that failed.", "query", origin=MetricOrigin.PROCESS),
    _of(_C, "cache_reads", "Readings answered with, by where they came from.", "result", origin=MetricOrigin.PROCESS),
    _of(_C, "http_requests", "HTTP requests answered.", "route", "method", "status", origin=MetricOrigin.PROCESS),
    _timed("http_request_duration_seconds", "Time from request to answer.", "route"),
)

CATALOG: Final[Mapping[str, MetricSpec]] = {metric.name: metric for metric in _METRICS}


def gauge(name: str) -> GaugeMetricFamily:
    """Begin a gauge of the catalogue."""
    metric = CATALOG[name]
    return GaugeMetricFamily(metric.family, metric.text, labels=metric.labels)


def counter(name: str) -> CounterMetricFamily:
    """Begin a counter of the catalogue."""
    metric = CATALOG[name]
    return CounterMetricFamily(metric.family, metric.text, labels=metric.labels)


def histogram(name: str) -> HistogramMetricFamily:
    """Begin a histogram of the catalogue."""
    metric = CATALOG[name]
    return HistogramMetricFamily(metric.family, metric.text, labels=metric.labels)
