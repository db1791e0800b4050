"""The THRESHOLD condition of each bucket, with hysteresis."""

from __future__ import annotations

from datetime import datetime

from dict_rate_limit.domain.alerts.alert import Alert, Kind, Severity
from dict_rate_limit.domain.alerts.context import alert_context, thresholds_of
from dict_rate_limit.domain.alerts.state import NO_OVERRIDE, AlertConfig, ParticipantState
from dict_rate_limit.domain.alerts.transition import AlertContext, Change, Subject, change_severity, opened, resolved
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.level import Level, level_with_hysteresis
from dict_rate_limit.domain.buckets.reading import Snapshot


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
