"""What people do about alerts: take one up, silence some for a while, send a test. Each act is audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Acknowledgement
from dict_rate_limit.domain.alerts.transition import acknowledged
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.errors import ConflictError, InvalidValueError, NotFoundError
from dict_rate_limit.domain.timestamps import format_utc
from dict_rate_limit.texts.alert_lines import alert_event

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.stores import AlertRepository

LONGEST_ACKNOWLEDGEMENT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlert:
    """Who takes which alert up, why, until when. `sequence` is that of the alert as the person saw it; None = any."""

    alert_id: UUID
    actor: str
    reason: str
    until: datetime
    sequence: int | None = None


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
