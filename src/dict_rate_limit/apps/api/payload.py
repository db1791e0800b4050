"""The JSON of the API."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from dict_rate_limit.contract.policies import ListHead, Policy, Rejected
from dict_rate_limit.domain.buckets.level import FULL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dict_rate_limit.domain.alerts.state import EvaluatedBucket
    from dict_rate_limit.usecases.readings.readings import View


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
