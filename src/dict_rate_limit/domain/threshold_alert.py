"""The THRESHOLD condition of each bucket, with memory so that it does not flap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.domain.alert import Alert, Kind, Severity
from dict_rate_limit.domain.level import Level, level_with_memory
from dict_rate_limit.domain.state import PolicyRule
from dict_rate_limit.domain.transition import Change, Facts, Subject, moved, opened, resolved

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.bucket import Bucket
    from dict_rate_limit.domain.level import Thresholds
    from dict_rate_limit.domain.reading import Snapshot
    from dict_rate_limit.domain.state import ParticipantState


def threshold_changes(
    state: ParticipantState, snapshot: Snapshot, vanished: tuple[str, ...], thresholds: Thresholds
) -> list[Change]:
    """Open, move and resolve, by policy name.

    The alert of a policy that is gone or no longer `enabled` is resolved: nothing holds any more. A bucket without
    capacity or that could not be read is no evidence: its alert stays as it is.
    """
    alerts = {alert.policy_name: alert for alert in state.open_alerts if alert.kind is Kind.THRESHOLD}
    changes = []
    for bucket in sorted(snapshot.buckets, key=lambda b: b.name):
        rule = state.policy_rules.get(bucket.name, PolicyRule())
        effective = thresholds.overridden(rule.warning, rule.critical)
        level = level_with_memory(bucket, effective, _level(alerts.get(bucket.name))) if rule.enabled else Level.OK
        subject = Subject(participant=state.participant, policy_name=bucket.name, kind=Kind.THRESHOLD)
        facts = _facts(snapshot, bucket, effective, level)
        change = _change(subject, alerts.get(bucket.name), level, facts, snapshot.received_at)
        if change is not None:
            changes.append(change)
    gone = (alerts[name] for name in vanished if name in alerts)
    return changes + [resolved(alert, Facts(category=snapshot.category), snapshot.received_at) for alert in gone]


def _level(alert: Alert | None) -> Level:
    return Level.OK if alert is None else Level(alert.severity)


def _change(subject: Subject, alert: Alert | None, level: Level, facts: Facts, now: datetime) -> Change | None:
    if level is Level.UNKNOWN:
        return None
    if level is Level.OK:
        return None if alert is None else resolved(alert, facts, now)
    severity = Severity(level)
    return opened(subject, severity, facts, now) if alert is None else moved(alert, severity, facts, now)


def _facts(snapshot: Snapshot, bucket: Bucket, thresholds: Thresholds, level: Level) -> Facts:
    threshold = thresholds.critical if level is Level.CRITICAL else thresholds.warning
    return Facts(category=snapshot.category, bucket=bucket, threshold=threshold)
