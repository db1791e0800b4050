"""What the command line shows of the API's documents; fields it does not show are not asked for."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Who has taken an alert up."""

    actor: str
    reason: str
    until: datetime


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert."""

    alert_id: str
    participant: str
    policy_name: str
    kind: str
    severity: str
    exhausted: bool
    sequence: int
    opened_at: datetime
    resolved_at: datetime | None
    acknowledgement: Acknowledgement | None


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts."""

    alerts: tuple[Alert, ...]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One transition."""

    sequence: int
    transition: str
    detected_at: datetime
    message_en: str
    published: bool
    dead: bool
    routed: bool


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try."""

    at: datetime
    text: str


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One transition for one channel."""

    sequence: int
    transition: str
    channel: str
    status: str
    next_try_at: datetime | None
    silence_id: str | None
    attempts: tuple[Attempt, ...]


class AlertDetail(Alert, frozen=True, kw_only=True):
    """One alert with all that happened."""

    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Hours on days."""

    days: tuple[str, ...]
    start: str
    end: str
    time_zone: str


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """One silence."""

    silence_id: str
    purpose: str
    policy: str
    kind: str
    severity: str
    participant: str
    starts_at: datetime
    ends_at: datetime
    recurrence: Recurrence | None
    reason: str
    actor: str
    ended_at: datetime | None
    ended_by: str | None
    active: bool


class Silences(msgspec.Struct, frozen=True, kw_only=True):
    """The silences."""

    silences: tuple[Silence, ...]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    at: datetime
    actor: str
    act: str
    subject_id: str
    detail: str
    reason: str


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The acts."""

    entries: tuple[AuditEntry, ...]


class LastDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel was last to be told."""

    channel: str
    transition: str
    status: str
    at: datetime | None
    text: str | None


class ExplainedAlert(Alert, frozen=True, kw_only=True):
    """An open alert and who is told of it."""

    silenced_by: tuple[str, ...]
    next_reminder_at: datetime | None
    last_deliveries: tuple[LastDelivery, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a policy is told as it is."""

    participant: str
    policy_name: str
    now: datetime
    checked_at: datetime
    status: str
    alert_level: str
    exhausted: bool
    enabled: bool
    available_tokens: int
    capacity_max: int
    utilization_pct: float | None
    warning_threshold_pct: float
    critical_threshold_pct: float
    warns_at_tokens: int | None
    clears_above_tokens: int | None
    alerts: tuple[ExplainedAlert, ...]
    silences: tuple[Silence, ...]


class LastAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel last answered, to whatever message."""

    channel: str
    at: datetime
    ok: bool
    text: str


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """How far a test alert has come."""

    alert_id: str
    published: bool
    routed: bool
    done: bool
    good: bool
    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    last_answers: tuple[LastAnswer, ...]
