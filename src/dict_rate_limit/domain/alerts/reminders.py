"""Reminders: an open alert is reported again, unless an operator has acknowledged it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from dict_rate_limit.domain.alerts.alert import Alert, Kind
from dict_rate_limit.domain.alerts.context import alert_context
from dict_rate_limit.domain.alerts.state import AlertConfig, ParticipantState
from dict_rate_limit.domain.alerts.transition import AlertContext, Change, reminded
from dict_rate_limit.domain.buckets.level import Level
from dict_rate_limit.domain.buckets.reading import Poll, Snapshot


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
            changes.append(reminded(alert, _context(state, alert, poll, snapshot, config), poll.received_at))
    return changes


def _context(
    state: ParticipantState, alert: Alert, poll: Poll, snapshot: Snapshot | None, config: AlertConfig
) -> AlertContext:
    buckets = () if snapshot is None else snapshot.buckets
    bucket = next((bucket for bucket in buckets if bucket.name == alert.policy_name), None)
    if snapshot is None or bucket is None:
        return AlertContext(category=poll.category if isinstance(poll, Snapshot) else "", current=poll.outcome.value)
    return alert_context(state, snapshot, bucket, config, Level(alert.severity))
