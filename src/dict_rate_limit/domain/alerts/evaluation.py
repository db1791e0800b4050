"""The alert state machine: what one poll changes in the known state. Pure: it sends and stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from dict_rate_limit.domain.alerts.alert import Alert
from dict_rate_limit.domain.alerts.conditions import consumption_by_policy, reminders, source_changes, threshold_changes
from dict_rate_limit.domain.alerts.notices import notices, vanished_names
from dict_rate_limit.domain.alerts.state import (
    NO_OVERRIDE,
    AlertConfig,
    EvaluatedBucket,
    Evaluation,
    ParticipantState,
    PolicyOverride,
)
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.level import Thresholds, level_of
from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
from dict_rate_limit.domain.errors import Outcome


def evaluate_poll(state: ParticipantState, poll: Poll, config: AlertConfig) -> tuple[ParticipantState, Evaluation]:
    """Evaluate one poll: return the state after it and what a store must save.

    A reading that is not new (empty, or its time repeats or runs backwards) counts as a poll and changes no bucket.
    """
    snapshot = poll if isinstance(poll, Snapshot) and _advances(state, poll) else None
    changes = source_changes(state, poll, config, is_new_reading=snapshot is not None)
    vanished: tuple[str, ...] = ()
    if snapshot is not None:
        vanished = vanished_names(state, snapshot)
        changes += notices(state, snapshot, vanished)
        changes += threshold_changes(state, snapshot, vanished, config)
    changed_keys = {change.alert.key for change in changes}
    changes += reminders(state, poll, config, changed_keys, is_new_reading=snapshot is not None)
    evaluation = Evaluation(
        poll=poll,
        is_new_reading=snapshot is not None,
        vanished=vanished,
        changes=tuple(changes),
        consumption=MappingProxyType({}) if snapshot is None else consumption_by_policy(state, snapshot, config),
    )
    first = state.first_polled_at
    known = replace(
        state,
        first_polled_at=poll.received_at if first is None else min(first, poll.received_at),
        open_alerts=_still_open(state.open_alerts, evaluation.alerts),
    )
    return (known if snapshot is None else _with_reading(known, snapshot, vanished)), evaluation


def evaluate_buckets(
    buckets: Iterable[Bucket], policy_overrides: Mapping[str, PolicyOverride], thresholds: Thresholds
) -> tuple[EvaluatedBucket, ...]:
    """Return each bucket with the thresholds of its policy and its level, in the given order."""
    evaluated = []
    for bucket in buckets:
        rule = policy_overrides.get(bucket.name, NO_OVERRIDE)
        effective = thresholds.with_overrides(rule.warning, rule.critical)
        evaluated.append(
            EvaluatedBucket(
                bucket=bucket, thresholds=effective, level=level_of(bucket, effective), enabled=rule.enabled
            )
        )
    return tuple(evaluated)


def _advances(state: ParticipantState, snapshot: Snapshot) -> bool:
    if snapshot.outcome is not Outcome.OK:
        return False
    if state.checked_at is None or state.last_good_at is None:
        return True
    if snapshot.received_at <= state.last_good_at or snapshot.checked_at == state.checked_at:
        return False
    # A reading stamped with a future time must not hide the right ones until that time has come.
    return snapshot.checked_at > state.checked_at or state.checked_at > snapshot.received_at


def _with_reading(state: ParticipantState, snapshot: Snapshot, vanished: tuple[str, ...]) -> ParticipantState:
    buckets = {name: bucket for name, bucket in state.buckets.items() if name not in vanished}
    buckets.update((bucket.name, bucket) for bucket in snapshot.buckets)
    return replace(
        state,
        last_good_at=snapshot.received_at,
        checked_at=snapshot.checked_at,
        category=snapshot.category if snapshot.category.strip() else state.category,
        buckets=MappingProxyType(buckets),
    )


def _still_open(before: tuple[Alert, ...], changed: tuple[Alert, ...]) -> tuple[Alert, ...]:
    alerts = {alert.key: alert for alert in before}
    for alert in changed:
        if alert.resolved_at is None:
            alerts[alert.key] = alert
        else:
            alerts.pop(alert.key, None)
    return tuple(alerts[key] for key in sorted(alerts))
