"""Acknowledge an alert. The action is written to the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import Acknowledgement, Alert
from dict_rate_limit.domain.alerts.transition import acknowledged
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.errors import ConflictError, InvalidValueError, NotFoundError
from dict_rate_limit.domain.timestamps import format_utc
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.stores import AlertRepository
from dict_rate_limit.texts.alert_lines import alert_event

LONGEST_ACKNOWLEDGEMENT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlert:
    """A command. `sequence` is that of the alert as the operator saw it; None = any."""

    alert_id: UUID
    actor: str
    reason: str
    until: datetime
    sequence: int | None = None


async def acknowledge(alerts: AlertRepository, clock: Clock, command: AcknowledgeAlert) -> Alert:
    """Acknowledge an alert: it sends no reminders until `until`, or until it escalates.

    Raises:
        InvalidValueError: `until` is in the past or too far in the future, or the reason is missing.
        NotFoundError: there is no such alert.
        ConflictError: it is resolved, has changed since the operator saw it, or another operator acknowledged it.
    """
    now = clock.now()
    acknowledgement = Acknowledgement(actor=command.actor, reason=command.reason, at=now, until=command.until)
    if command.until - now > LONGEST_ACKNOWLEDGEMENT:
        message = f"until: {command.until.isoformat()}, expected within {LONGEST_ACKNOWLEDGEMENT.days} days"
        raise InvalidValueError(message)
    history = await alerts.alert(command.alert_id)
    if history is None:
        raise _unknown_alert(command.alert_id)
    async with alerts.unit_of_work(history.alert.participant) as unit:
        # The alert may have changed since, and is locked only from here on.
        alert = await unit.alert(command.alert_id)
        if alert is None:
            raise _unknown_alert(command.alert_id)
        _reject_conflicts(alert, command.sequence, now)
        change = acknowledged(alert, acknowledgement)
        detail = f"{alert.policy_name} {alert.kind} until {format_utc(command.until)}"
        entry = AuditEntry(
            at=now,
            actor=command.actor,
            act=AuditAction.ALERT_ACKNOWLEDGED,
            subject_id=alert.alert_id,
            detail=detail,
            reason=command.reason,
        )
        await unit.save(change.alert, [alert_event(change)], entry)
    return change.alert


def _reject_conflicts(alert: Alert, seen: int | None, now: datetime) -> None:
    if alert.resolved_at is not None:
        message = f"alert: {alert.alert_id}, expected an open one: it was resolved at {format_utc(alert.resolved_at)}"
        raise ConflictError(message)
    if seen is not None and seen != alert.sequence:
        message = f"sequence: {seen}, expected {alert.sequence}: the alert has changed, read it again"
        raise ConflictError(message)
    # A known sequence shows that the operator saw the current acknowledgement and wants to replace it.
    current = alert.acknowledgement
    if seen is None and current is not None and current.until > now:
        message = (
            f"alert: {alert.alert_id}, expected one without an acknowledgement: {current.actor} acknowledged it until "
            f"{format_utc(current.until)}; send sequence {alert.sequence} to replace it"
        )
        raise ConflictError(message)


def _unknown_alert(alert_id: UUID) -> NotFoundError:
    return NotFoundError(f"alert: {alert_id}, expected the id of an alert")
