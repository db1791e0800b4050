"""The JSON of the API. Names are frozen: fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from dict_rate_limit.domain.buckets.level import FULL, Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dict_rate_limit.domain.alerts.state import EvaluatedBucket
    from dict_rate_limit.usecases.readings.readings import View


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket.

    `available_tokens` is raw: it may be negative or above the capacity. `utilization_pct` is the used share, null when
    it is unknown. `category` is the participant's, null when the answer had none. A policy that is not `enabled`
    raises no alerts.
    """

    policy_name: str
    participant: str
    category: str | None
    capacity_max: int
    refill_tokens: int
    refill_period_sec: int
    available_tokens: int
    utilization_pct: float | None
    warning_threshold_pct: float
    critical_threshold_pct: float
    status: Level
    exhausted: bool
    enabled: bool
    checked_at: datetime


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the answer that could not be read; `position` counts from 0."""

    position: int
    name: str
    reason: str


class ListHead(msgspec.Struct, frozen=True, kw_only=True):
    """All of the list that stays the same from one snapshot to the next. `total` counts after filters."""

    policies: tuple[Policy, ...]
    total: int
    participant: str
    category: str | None
    source: str
    correlation_id: str | None
    checked_at: datetime
    fetched_at: datetime
    rejected: tuple[Rejected, ...]


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """How old an answer is. `cached` is false when the source was read for it; 0 s of cache life left = stale."""

    age_seconds: int
    cached: bool
    cache_expires_in: int


class PolicyList(ListHead, frozen=True, kw_only=True):
    """The answer to the list."""

    age_seconds: int
    cached: bool
    cache_expires_in: int


class PolicyDetail(Policy, frozen=True, kw_only=True):
    """The answer to one policy."""

    age_seconds: int
    cached: bool
    cache_expires_in: int


def list_head(view: View, selected: Iterable[EvaluatedBucket]) -> ListHead:
    """Put the selected buckets of a view into the list."""
    snapshot = view.snapshot
    policies = tuple(policy(view, evaluated) for evaluated in selected)
    return ListHead(
        policies=policies,
        total=len(policies),
        participant=snapshot.participant,
        category=snapshot.category or None,
        source=snapshot.source,
        correlation_id=snapshot.correlation_id,
        checked_at=snapshot.checked_at.astimezone(UTC),
        fetched_at=view.fetched_at.astimezone(UTC),
        rejected=tuple(Rejected(position=r.position, name=r.name, reason=r.reason) for r in snapshot.rejected),
    )


def policy(view: View, evaluated: EvaluatedBucket) -> Policy:
    """Put one judged bucket into words."""
    bucket = evaluated.bucket
    return Policy(
        policy_name=bucket.name,
        participant=view.snapshot.participant,
        category=view.snapshot.category or None,
        capacity_max=bucket.capacity,
        refill_tokens=bucket.refill_tokens,
        refill_period_sec=bucket.refill_period_sec,
        available_tokens=bucket.available_tokens,
        utilization_pct=bucket.utilization_pct,
        warning_threshold_pct=evaluated.thresholds.warning * 100 / FULL,
        critical_threshold_pct=evaluated.thresholds.critical * 100 / FULL,
        status=evaluated.level,
        exhausted=bucket.exhausted,
        enabled=evaluated.enabled,
        checked_at=view.snapshot.checked_at.astimezone(UTC),
    )
