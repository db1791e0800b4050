"""PromQL queries. Every metric is listed here with its scope, so that a query cannot use an unknown name.

Series from the database are equal on every replica, so their queries take one of them (`max`). Counts of a process
are added up (`sum`).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "dict_rate_limit_"
BUCKET: Final = ("participant", "policy")
PARTICIPANT: Final = ("participant",)


class Scope(Enum):
    """Scope of a metric: the dashboard variables that select its series."""

    BUCKET = ("namespace", "participant", "policy")  # stored, of one bucket
    PARTICIPANT = ("namespace", "participant")  # stored, of one participant
    STORE = ("namespace",)  # stored, of the installation, or settings, equal on every replica
    PROCESS = ("namespace", "instance")  # counted by one process


_NAMES: Final[Mapping[Scope, str]] = {
    Scope.BUCKET: """
        alerts_enabled blind_below_seconds capacity consumption_tokens_per_second critical_threshold_ratio exhausted
        level limit_changes_total own_spending_tokens_per_second refill_tokens_per_second time_to_empty_seconds
        time_to_full_seconds tokens_available utilization_ratio warning_threshold_ratio
    """,
    Scope.PARTICIPANT: """
        alert_transitions_total alerts_open category_info poll_age_seconds polls_total reading_age_seconds
    """,
    Scope.STORE: """
        certificate_expiry_timestamp_seconds notification_oldest_age_seconds notifications outbox_dead
        outbox_oldest_age_seconds outbox_waiting partitions_ahead poll_interval_seconds publisher_info schema_version
        silences_active
    """,
    Scope.PROCESS: """
        activity_duration_seconds_bucket activity_failures_total bridge_calls_total build_info cache_reads_total
        cycle_duration_seconds_bucket cycles_total http_request_duration_seconds_bucket
        http_request_duration_seconds_count http_requests_total notification_attempts_total source_calls_total
        sql_duration_seconds_bucket sql_duration_seconds_count sql_errors_total store_up
    """,
}
METRICS: Final[Mapping[str, Scope]] = {name: scope for scope, names in _NAMES.items() for name in names.split()}


def metric(name: str, *matchers: str) -> str:
    """Select series by the dashboard variables. A matcher of a label replaces its variable."""
    own = {matcher.split("=", 1)[0].rstrip("!") for matcher in matchers}
    chosen = [f'{label}=~"${label}"' for label in METRICS[name].value if label not in {*own, "instance"}]
    return f"{PREFIX}{name}{{{', '.join([*chosen, *matchers])}}}"


def stored(name: str, by: tuple[str, ...] = (), *matchers: str, how: str = "max") -> str:
    """Return stored series once, for any number of replicas. `how` selects one of several."""
    return _grouped(how, by, metric(name, *matchers))


def gained(name: str, by: tuple[str, ...], *matchers: str, window: str = "$__interval") -> str:
    """Return the exact increase of a stored counter in the window.

    Its series begins at the first event, which `increase` misses. A missing series before the window counts as 0.
    A participant that was not monitored before the window has no result.
    """
    series, by = metric(name, *matchers), by if "participant" in by else (*PARTICIPANT, *by)
    now, before = _grouped("max", by, series), _grouped("max", by, f"{series} offset {window}")
    monitored = _grouped("max", PARTICIPANT, f"{metric('poll_age_seconds')} offset {window}")
    return f"clamp_min({now} - ({before} or 0 * {now}), 0) and on (participant) {monitored}"


def over_range(function: str, expr: str, window: str = "$__range") -> str:
    """Apply a range function to an expression, by default over the selected time range."""
    return f"{function}(({expr})[{window}:$__interval])"


def gained_in_range(name: str, by: tuple[str, ...], *matchers: str) -> str:
    """Return the increase of a stored counter in the selected time range."""
    return over_range("sum_over_time", gained(name, by, *matchers))


def rate(name: str, *matchers: str, by: tuple[str, ...] = (), window: str = "$__rate_interval") -> str:
    """Return events per second, summed over all processes."""
    return _grouped("sum", by, f"rate({metric(name, *matchers)}[{window}])")


def quantile(share: float, name: str, by: tuple[str, ...] = (), window: str = "$__rate_interval") -> str:
    """Return the quantile of a histogram."""
    return f"histogram_quantile({share:g}, {rate(f'{name}_bucket', by=('le', *by), window=window)})"


def share_of(part: str, whole: str) -> str:
    """Return the ratio of two rates: 0 if the part has no series yet, no value if the whole is 0."""
    return f"(({part}) or 0 * ({whole})) / ({whole})"


def ours(series: str) -> str:
    """Select the series of the product's targets, whatever their job name."""
    return f"{series} and on (job, instance) {metric('build_info')}"


def counted(condition: str) -> str:
    """Count the series for which a comparison with `bool` is true."""
    return f"sum({condition})"


def _grouped(how: str, by: tuple[str, ...], series: str) -> str:
    return f"{how} by ({', '.join(by)}) ({series})" if by else f"{how}({series})"
