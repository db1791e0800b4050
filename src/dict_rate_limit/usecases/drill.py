"""Send a test alert and read its progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Acknowledgement, Alert, Kind
from dict_rate_limit.domain.alerts.transition import Subject, drilled
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.errors import NotFoundError
from dict_rate_limit.domain.notifications.routing import Attempt, Status
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.notifications import LedgerEntry
from dict_rate_limit.ports.stores import AlertHistory, AlertRepository, Stores
from dict_rate_limit.texts.alert_lines import alert_events

_ACKNOWLEDGED_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """The progress of a test alert.

    published  every transition was sent to the broker, or written to the log when there is no broker
    routed     the channels of every transition are decided
    ledger     the notifications of each channel and their delivery attempts
    last       by channel: its last attempt for any alert, which explains why a test alert waits behind others
    """

    history: AlertHistory
    published: bool
    routed: bool
    ledger: Sequence[LedgerEntry]
    last: Mapping[str, Attempt]

    @property
    def done(self) -> bool:
        """Nothing is pending; a failure was dead-lettered."""
        history = self.history
        settled = {event.event_id for event in history.events} <= history.published | history.dead
        waiting = any(entry.notification.status is Status.PENDING for entry in self.ledger)
        return settled and self.routed and not waiting

    @property
    def good(self) -> bool:
        """Every step and every channel succeeded."""
        delivered = all(entry.notification.status is Status.DELIVERED for entry in self.ledger)
        return self.published and self.routed and delivered


async def send_drill(alerts: AlertRepository, clock: Clock, participant: str, actor: str, reason: str) -> Alert:
    """Send a test alert, opened and resolved at once, through every step of a real one.

    Raises:
        InvalidValueError: the reason is missing.
    """
    now = clock.now()
    sender = Acknowledgement(actor=actor, reason=reason, at=now, until=now + _ACKNOWLEDGED_FOR)
    changes = drilled(Subject(participant=participant, policy_name=ANY_POLICY, kind=Kind.DRILL), sender)
    ended = changes[-1].alert
    entry = AuditEntry(
        at=now, actor=actor, act=AuditAction.DRILL_SENT, subject_id=ended.alert_id, detail=participant, reason=reason
    )
    async with alerts.unit_of_work(participant) as unit:
        await unit.save(ended, alert_events(changes), entry)
    return ended


async def drill_result(stores: Stores, alert_id: UUID) -> DrillResult:
    """Return the progress of a test alert.

    Raises:
        NotFoundError: there is no such test alert.
    """
    history = await stores.alerts.alert(alert_id)
    if history is None or history.alert.kind is not Kind.DRILL:
        message = f"drill: {alert_id}, expected the id of a test alert"
        raise NotFoundError(message)
    ids = {event.event_id for event in history.events}
    ledger = await stores.notifications.ledger(alert_id)
    channels = {entry.notification.channel for entry in ledger}
    last = await stores.notifications.last_attempts()
    return DrillResult(
        history=history,
        published=ids <= history.published,
        routed=ids <= history.routed,
        ledger=ledger,
        last={name: attempt for name, attempt in last.items() if name in channels},
    )
