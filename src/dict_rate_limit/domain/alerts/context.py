"""The facts of a transition of a bucket's alert: thresholds, consumption, forecast."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dict_rate_limit.domain.alerts.state import NO_OVERRIDE, AlertConfig, ParticipantState
from dict_rate_limit.domain.alerts.transition import AlertContext
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.consumption import Consumption, Observation, measure_consumption
from dict_rate_limit.domain.buckets.forecast import outlook
from dict_rate_limit.domain.buckets.level import Level, Thresholds
from dict_rate_limit.domain.buckets.reading import Snapshot


def thresholds_of(state: ParticipantState, policy_name: str, config: AlertConfig) -> Thresholds:
    """Return the thresholds that apply to a policy."""
    rule = state.policy_overrides.get(policy_name, NO_OVERRIDE)
    return config.thresholds.with_overrides(rule.warning, rule.critical)


def alert_context(
    state: ParticipantState, snapshot: Snapshot, bucket: Bucket, config: AlertConfig, level: Level
) -> AlertContext:
    """Return the facts of a bucket of a new reading. `state` is the one before the reading."""
    thresholds = thresholds_of(state, bucket.name, config)
    return AlertContext(
        category=snapshot.category,
        bucket=bucket,
        outlook=outlook(bucket, consumption_of(state, snapshot, bucket, config), thresholds),
        threshold=thresholds.critical if level is Level.CRITICAL else thresholds.warning,
    )


def consumption_by_policy(
    state: ParticipantState, snapshot: Snapshot, config: AlertConfig
) -> Mapping[str, Consumption]:
    """Return the consumption of each bucket since the reading before; absent where it is unknown."""
    found = ((bucket.name, consumption_of(state, snapshot, bucket, config)) for bucket in snapshot.buckets)
    return MappingProxyType({name: taken for name, taken in found if taken is not None})


def consumption_of(
    state: ParticipantState, snapshot: Snapshot, bucket: Bucket, config: AlertConfig
) -> Consumption | None:
    """Bound the consumption of one bucket since the reading before. `state` is the one before the new reading."""
    before = state.buckets.get(bucket.name)
    if before is None or state.checked_at is None:
        return None
    return measure_consumption(
        Observation(bucket=before, checked_at=state.checked_at, category=state.category),
        Observation(bucket=bucket, checked_at=snapshot.checked_at, category=snapshot.category),
        longest_gap=config.interval * config.unreachable_after,
    )
