"""The transitions of an alert: each function returns the alert after it and the facts it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dict_rate_limit.domain.alerts.alert import (
    Acknowledgement,
    Alert,
    AlertEvent,
    Kind,
    Severity,
    TransitionKind,
    new_alert_id,
    new_event_id,
)
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.forecast import Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertContext:
    """The facts of a transition. `threshold` is in basis points; `previous` and `current` are a changed value."""

    category: str
    bucket: Bucket | None = None
    outlook: Outlook | None = None
    threshold: int | None = None
    previous: str | None = None
    current: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One transition: the alert after it, what happened, and the facts it rests on. `texts` makes the event of it."""

    alert: Alert
    transition: TransitionKind
    context: AlertContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    participant: str
    policy_name: str
    kind: Kind


def opened(subject: Subject, severity: Severity, context: AlertContext, now: datetime) -> Change:
    return Change(alert=_new_alert(subject, severity, context, now), transition=TransitionKind.OPENED, context=context)


def noticed(subject: Subject, context: AlertContext, now: datetime) -> Change:
    """Report a change without a duration: an alert that is resolved when it is opened."""
    alert = _new_alert(subject, subject.kind.info.severity, context, now)
    born = replace(alert, resolved_at=now, exhausted=False)
    return Change(alert=born, transition=TransitionKind.NOTICED, context=context)


def change_severity(alert: Alert, severity: Severity, context: AlertContext, now: datetime) -> Change | None:
    """Escalate or de-escalate an alert; None when neither severity nor exhaustion changes."""
    is_empty = context.bucket is not None and context.bucket.exhausted
    # A bucket that refills token by token must not escalate its alert again with every call that DICT rejects.
    exhausted = severity is Severity.CRITICAL and (alert.exhausted or is_empty)
    before, after = alert.severity.rank(exhausted=alert.exhausted), severity.rank(exhausted=exhausted)
    if before == after:
        return None
    kind = TransitionKind.ESCALATED if after > before else TransitionKind.DEESCALATED
    step = replace(alert, severity=severity, exhausted=exhausted, sequence=alert.sequence + 1, updated_at=now)
    # An operator acknowledged a milder alert than this one.
    if kind is TransitionKind.ESCALATED:
        step = replace(step, acknowledgement=None)
    return Change(alert=step, transition=kind, context=context)


def reminded(alert: Alert, context: AlertContext, now: datetime) -> Change:
    return Change(
        alert=replace(alert, sequence=alert.sequence + 1, updated_at=now),
        transition=TransitionKind.REMINDED,
        context=context,
    )


def acknowledged(alert: Alert, acknowledgement: Acknowledgement) -> Change:
    step = replace(alert, sequence=alert.sequence + 1, updated_at=acknowledgement.at, acknowledgement=acknowledgement)
    return Change(alert=step, transition=TransitionKind.ACKNOWLEDGED, context=AlertContext(category=""))


def resolved(alert: Alert, context: AlertContext, now: datetime) -> Change:
    """Resolve an alert. Its severity remains the last one."""
    ended = replace(alert, sequence=alert.sequence + 1, updated_at=now, resolved_at=now)
    return Change(alert=ended, transition=TransitionKind.RESOLVED, context=context)


def drilled(subject: Subject, sender: Acknowledgement) -> list[Change]:
    """Open and resolve a test alert at once. `sender` says who sent it and why."""
    born = replace(
        _new_alert(subject, subject.kind.info.severity, AlertContext(category=""), sender.at), acknowledgement=sender
    )
    return [
        Change(alert=born, transition=TransitionKind.OPENED, context=AlertContext(category="")),
        resolved(born, AlertContext(category=""), sender.at),
    ]


def _new_alert(subject: Subject, severity: Severity, context: AlertContext, now: datetime) -> Alert:
    return Alert(
        alert_id=new_alert_id(subject.participant, subject.policy_name, subject.kind, now),
        participant=subject.participant,
        policy_name=subject.policy_name,
        kind=subject.kind,
        severity=severity,
        exhausted=context.bucket is not None and context.bucket.exhausted,
        sequence=1,
        opened_at=now,
        updated_at=now,
    )


def new_event(change: Change, *, message: str, message_en: str) -> AlertEvent:
    """Return the outbox row of a change. Only `texts` knows the messages: nothing is stored without them."""
    alert, context, bucket = change.alert, change.context, change.context.bucket
    return AlertEvent(
        event_id=new_event_id(alert.alert_id, alert.sequence),
        alert_id=alert.alert_id,
        sequence=alert.sequence,
        participant=alert.participant,
        policy_name=alert.policy_name,
        kind=alert.kind,
        transition=change.transition,
        severity=alert.severity,
        exhausted=alert.exhausted,
        category=context.category,
        available_tokens=None if bucket is None else bucket.available_tokens,
        capacity_max=None if bucket is None else bucket.capacity,
        utilization_pct=None if bucket is None else bucket.utilization_pct,
        previous=context.previous,
        current=context.current,
        opened_at=alert.opened_at,
        detected_at=alert.updated_at,
        message=message,
        message_en=message_en,
        outlook=context.outlook,
        acknowledgement=alert.acknowledgement if change.transition is TransitionKind.ACKNOWLEDGED else None,
    )
