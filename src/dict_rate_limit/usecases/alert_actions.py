"""What people do about alerts: take one up, silence some for a while, send a test. Each act is audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Acknowledgement, Kind, Severity
from dict_rate_limit.domain.alerts.transition import Subject, acknowledged, drilled
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.errors import ConflictError, InvalidValueError, NotFoundError
from dict_rate_limit.domain.notifications.silence import Silence
from dict_rate_limit.domain.text import require_reason
from dict_rate_limit.domain.timestamps import format_utc, require_timezone
from dict_rate_limit.texts.alert_lines import alert_event, alert_events

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Recurrence
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.stores import AlertRepository, SilenceRepository

LONGEST_ACKNOWLEDGEMENT: Final = timedelta(days=30)
_DRILL_TAKEN_UP: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlert:
    """Who takes which alert up, why, until when. `sequence` is that of the alert as the person saw it; None = any."""

    alert_id: UUID
    actor: str
    reason: str
    until: datetime
    sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSilence:
    """Who silences what, why, from when (None = now) until when."""

    purpose: Purpose
    matchers: Matchers
    ends_at: datetime
    actor: str
    reason: str
    starts_at: datetime | None = None
    recurrence: Recurrence | None = None


async def acknowledge(alerts: AlertRepository, clock: Clock, order: AcknowledgeAlert) -> Alert:
    """Take an alert up: nobody is reminded of it until then, or until it gets worse.

    Of two people at once the first has it; the second is told so, unless it is the acknowledged alert they saw.

    Raises:
        InvalidValueError: `until` is past or too far, no reason.
        NotFoundError: there is no such alert.
        ConflictError: it is resolved, has moved on since it was seen, or somebody has it already.
    """
    now = clock.now()
    taken_up = Acknowledgement(actor=order.actor, reason=order.reason, at=now, until=order.until)
    if order.until - now > LONGEST_ACKNOWLEDGEMENT:
        message = f"until: {order.until.isoformat()}, expected within {LONGEST_ACKNOWLEDGEMENT.days} days"
        raise InvalidValueError(message)
    history = await alerts.alert(order.alert_id)
    if history is None:
        raise _unknown_alert(order.alert_id)
    async with alerts.unit_of_work(history.alert.participant) as unit:
        alert = await unit.alert(order.alert_id)
        if alert is None:
            raise _unknown_alert(order.alert_id)
        _refuse_what_moved(alert, order.sequence, now)
        change = acknowledged(alert, taken_up)
        detail = f"{alert.policy_name} {alert.kind} until {format_utc(order.until)}"
        entry = AuditEntry(
            at=now,
            actor=order.actor,
            act=AuditAction.ALERT_ACKNOWLEDGED,
            subject_id=alert.alert_id,
            detail=detail,
            reason=order.reason,
        )
        await unit.save(change.alert, [alert_event(change)], entry)
    return change.alert


async def create_silence(silences: SilenceRepository, clock: Clock, order: NewSilence) -> Silence:
    """Silence alerts for a while, never back in time.

    Raises:
        InvalidValueError: the end is past, too far or before the beginning, no reason, no such kind or severity.
    """
    _refuse_what_matches_nothing(order.matchers)
    now = clock.now()
    require_timezone("starts_at", order.starts_at)
    silence = Silence(
        silence_id=uuid4(),
        purpose=order.purpose,
        matchers=order.matchers,
        starts_at=max(order.starts_at or now, now),
        ends_at=order.ends_at,
        recurrence=order.recurrence,
        actor=order.actor,
        reason=order.reason,
        created_at=now,
    )
    detail = f"{order.purpose} {described(order.matchers)} until {format_utc(order.ends_at)}"
    entry = AuditEntry(
        at=now,
        actor=order.actor,
        act=AuditAction.SILENCE_CREATED,
        subject_id=silence.silence_id,
        detail=detail,
        reason=order.reason,
    )
    await silences.add(silence, entry)
    return silence


async def end_silence(silences: SilenceRepository, clock: Clock, silence_id: UUID, actor: str, reason: str) -> Silence:
    """End a silence now.

    Raises:
        InvalidValueError: no reason.
        NotFoundError: there is none of this id that has not ended.
    """
    require_reason(reason)
    now = clock.now()
    entry = AuditEntry(
        at=now, actor=actor, act=AuditAction.SILENCE_ENDED, subject_id=silence_id, detail="ended by hand", reason=reason
    )
    ended = await silences.end(silence_id, actor, now, entry)
    if ended is None:
        message = f"silence: {silence_id}, expected one that has not ended"
        raise NotFoundError(message)
    return ended


async def send_drill(alerts: AlertRepository, clock: Clock, participant: str, actor: str, reason: str) -> Alert:
    """Send a test alert, opened and resolved at once, the way of every alert: broker, then every channel.

    Raises:
        InvalidValueError: no reason.
    """
    now = clock.now()
    sender = Acknowledgement(actor=actor, reason=reason, at=now, until=now + _DRILL_TAKEN_UP)
    changes = drilled(Subject(participant=participant, policy_name=ANY_POLICY, kind=Kind.DRILL), sender)
    ended = changes[-1].alert
    entry = AuditEntry(
        at=now, actor=actor, act=AuditAction.DRILL_SENT, subject_id=ended.alert_id, detail=participant, reason=reason
    )
    async with alerts.unit_of_work(participant) as unit:
        await unit.save(ended, alert_events(changes), entry)
    return ended


def described(matchers: Matchers) -> str:
    """Write matchers on one line, without those that match everything."""
    pairs = (
        ("policy", matchers.policy),
        ("kind", matchers.kind),
        ("severity", matchers.severity),
        ("participant", matchers.participant),
    )
    return ", ".join(f"{name}={glob}" for name, glob in pairs if glob != "*") or "everything"


def _refuse_what_matches_nothing(matchers: Matchers) -> None:
    """Kinds and severities are known; what policies and participants there will be is not."""
    for field, glob, words in (("kind", matchers.kind, Kind), ("severity", matchers.severity, Severity)):
        if not any(fnmatchcase(word, glob) for word in words):
            message = f"{field}: {glob!r}, expected a glob that matches one of {', '.join(words)}"
            raise InvalidValueError(message)


def _refuse_what_moved(alert: Alert, seen: int | None, now: datetime) -> None:
    if alert.resolved_at is not None:
        message = f"alert: {alert.alert_id}, expected an open one: it was resolved at {format_utc(alert.resolved_at)}"
        raise ConflictError(message)
    if seen is not None and seen != alert.sequence:
        message = f"sequence: {seen}, expected {alert.sequence}: the alert has moved on, look at it again"
        raise ConflictError(message)
    taken = alert.acknowledgement
    if seen is None and taken is not None and taken.until > now:
        message = (
            f"alert: {alert.alert_id}, expected one that nobody has: {taken.actor} has it until "
            f"{format_utc(taken.until)}; send sequence {alert.sequence} to take it over"
        )
        raise ConflictError(message)


def _unknown_alert(alert_id: UUID) -> NotFoundError:
    return NotFoundError(f"alert: {alert_id}, expected the id of an alert")
