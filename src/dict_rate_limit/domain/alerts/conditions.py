"""Conditions that last: the level of each bucket with hysteresis, the source itself, and reminders of both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Alert, Kind, Severity
from dict_rate_limit.domain.alerts.state import NO_OVERRIDE, AlertConfig, ParticipantState
from dict_rate_limit.domain.alerts.transition import (
    AlertContext,
    Change,
    Subject,
    change_severity,
    opened,
    reminded,
    resolved,
)
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.forecast import Consumption, Observation, measure_consumption, outlook
from dict_rate_limit.domain.buckets.level import Level, Thresholds, level_with_hysteresis
from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
from dict_rate_limit.domain.errors import Outcome


def threshold_changes(
    state: ParticipantState, snapshot: Snapshot, vanished: tuple[str, ...], config: AlertConfig
) -> list[Change]:
    """Open, change and resolve the alerts of buckets, by policy name.

    The alert of a policy that vanished or is no longer `enabled` is resolved.
    """
    alerts = {alert.policy_name: alert for alert in state.open_alerts if alert.kind is Kind.THRESHOLD}
    changes = []
    for bucket in sorted(snapshot.buckets, key=lambda b: b.name):
        alert = alerts.get(bucket.name)
        level = _evaluated(state, bucket, alert, config)
        # A bucket without capacity is no evidence. Its alert does not change.
        if level is Level.UNKNOWN or (level is Level.OK and alert is None):
            continue
        context = alert_context(state, snapshot, bucket, config, level)
        subject = Subject(participant=state.participant, policy_name=bucket.name, kind=Kind.THRESHOLD)
        change = _change(subject, alert, level, context, snapshot.received_at)
        if change is not None:
            changes.append(change)
    gone = (alerts[name] for name in vanished if name in alerts)
    return changes + [resolved(alert, AlertContext(category=snapshot.category), snapshot.received_at) for alert in gone]


def _evaluated(state: ParticipantState, bucket: Bucket, alert: Alert | None, config: AlertConfig) -> Level:
    if not state.policy_overrides.get(bucket.name, NO_OVERRIDE).enabled:
        return Level.OK
    before = Level.OK if alert is None else Level(alert.severity)
    return level_with_hysteresis(bucket, thresholds_of(state, bucket.name, config), before)


def _change(subject: Subject, alert: Alert | None, level: Level, context: AlertContext, now: datetime) -> Change | None:
    if alert is None:
        return opened(subject, Severity(level), context, now)
    return resolved(alert, context, now) if level is Level.OK else change_severity(alert, Severity(level), context, now)


def source_changes(state: ParticipantState, poll: Poll, config: AlertConfig, *, is_new_reading: bool) -> list[Change]:
    """Evaluate both conditions of the source. `current` is the outcome of the poll."""
    changes = []
    limited = _open(state, Kind.RATE_LIMITED)
    if poll.outcome is Outcome.RATE_LIMITED and limited is None:
        changes.append(_opened(state, Kind.RATE_LIMITED, poll))
    # An answer without a new reading shows that DICT accepts our calls. The levels are as unknown as before.
    elif isinstance(poll, Snapshot) and limited is not None:
        changes.append(resolved(limited, _poll_context(poll), poll.received_at))
    unreachable = _open(state, Kind.SOURCE_UNREACHABLE)
    if is_new_reading and unreachable is not None:
        changes.append(resolved(unreachable, _poll_context(poll), poll.received_at))
    elif not is_new_reading and unreachable is None and _has_no_data(state, poll, config):
        changes.append(_opened(state, Kind.SOURCE_UNREACHABLE, poll))
    return changes


def _has_no_data(state: ParticipantState, poll: Poll, config: AlertConfig) -> bool:
    since = state.last_good_at or state.first_polled_at or poll.received_at
    return poll.received_at - since >= config.interval * config.unreachable_after


def _open(state: ParticipantState, kind: Kind) -> Alert | None:
    return next((alert for alert in state.open_alerts if alert.key == (ANY_POLICY, kind)), None)


def _opened(state: ParticipantState, kind: Kind, poll: Poll) -> Change:
    subject = Subject(participant=state.participant, policy_name=ANY_POLICY, kind=kind)
    return opened(subject, kind.info.severity, _poll_context(poll), poll.received_at)


def next_reminder(alert: Alert, every: timedelta | None) -> datetime | None:
    """Return when an unchanged open alert is reported again: after `every`, not before an acknowledgement expires."""
    if every is None or alert.resolved_at is not None:
        return None
    due = alert.updated_at + every
    return due if alert.acknowledgement is None else max(due, alert.acknowledgement.until)


def reminders(
    state: ParticipantState,
    poll: Poll,
    config: AlertConfig,
    changed_keys: Collection[tuple[str, Kind]],
    *,
    is_new_reading: bool,
) -> list[Change]:
    """Return a reminder of every open alert that is due and that this poll did not change, by Alert.key order."""
    changes = []
    for alert in state.open_alerts:
        due = next_reminder(alert, config.remind_every)
        if due is not None and due <= poll.received_at and alert.key not in changed_keys:
            snapshot = poll if is_new_reading and isinstance(poll, Snapshot) else None
            changes.append(reminded(alert, _reminder_context(state, alert, poll, snapshot, config), poll.received_at))
    return changes


def _reminder_context(
    state: ParticipantState, alert: Alert, poll: Poll, snapshot: Snapshot | None, config: AlertConfig
) -> AlertContext:
    buckets = () if snapshot is None else snapshot.buckets
    bucket = next((bucket for bucket in buckets if bucket.name == alert.policy_name), None)
    if snapshot is None or bucket is None:
        return _poll_context(poll)
    return alert_context(state, snapshot, bucket, config, Level(alert.severity))


def _poll_context(poll: Poll) -> AlertContext:
    return AlertContext(category=poll.category if isinstance(poll, Snapshot) else "", current=poll.outcome.value)


def thresholds_of(state: ParticipantState, policy_name: str, config: AlertConfig) -> Thresholds:
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
