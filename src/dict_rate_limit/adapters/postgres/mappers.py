"""Rows of the database as our values. The SQL says in what order their parts come."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dict_rate_limit.adapters.postgres.alert_rows import alerts
from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.consumption import Consumption
from dict_rate_limit.domain.buckets.reading import RejectedItem, Snapshot
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.ports.stores import LatestReading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.adapters.postgres.alert_rows import Row

Arrays = list[list[Any]] | None
"""What json_agg gives: None when there was no row."""


def participant_state(participant: str, row: Row) -> ParticipantState:
    """Read a row of `load`."""
    return ParticipantState(
        participant=participant,
        first_polled_at=row["first_polled_at"],
        last_good_at=row["last_good_at"],
        checked_at=row["checked_at"],
        category=row["category"],
        buckets=MappingProxyType({bucket.name: bucket for bucket in buckets(row["buckets"])}),
        policy_overrides=policy_overrides(row["policy_rules"]),
        open_alerts=tuple(sorted(alerts(row["open_alerts"]), key=lambda alert: alert.key)),
    )


def latest(row: Row) -> LatestReading:
    """Read a row of `latest`."""
    return LatestReading(
        participant=row["participant"],
        snapshot=None if row["received_at"] is None else _snapshot(row),
        policy_overrides=policy_overrides(row["policy_rules"]),
        last_poll_at=row["last_poll_at"],
        last_outcome=Outcome(row["last_outcome"]),
        consumption=_paces(row["paces"]),
    )


def buckets(rows: Arrays) -> tuple[Bucket, ...]:
    """Read buckets in their order."""
    return tuple(
        Bucket(
            name=name,
            available_tokens=available,
            capacity=capacity,
            refill_tokens=refill,
            refill_period_sec=period,
            raw_category=category,
        )
        for name, available, capacity, refill, period, category in rows or ()
    )


def policy_overrides(rows: Arrays) -> Mapping[str, PolicyOverride]:
    """Read what operators set; percent become hundredths of a percent."""
    return MappingProxyType(
        {
            name: PolicyOverride(warning=_basis_points(warning), critical=_basis_points(critical), enabled=enabled)
            for name, warning, critical, enabled in rows or ()
        }
    )


def _paces(rows: Arrays) -> Mapping[str, Consumption]:
    return MappingProxyType(
        {
            name: Consumption(low=low, high=high, seconds=seconds, censored=censored)
            for name, low, high, seconds, censored in rows or ()
        }
    )


def _snapshot(row: Row) -> Snapshot:
    return Snapshot(
        participant=row["participant"],
        source=row["source"],
        response_time=row["response_time"],
        received_at=row["received_at"],
        category=row["category"],
        correlation_id=row["correlation_id"],
        buckets=buckets(row["buckets"]),
        rejected=tuple(RejectedItem(**item) for item in row["rejected"] or ()),
    )


def _basis_points(percent: float | None) -> int | None:
    return None if percent is None else round(percent * 100)
