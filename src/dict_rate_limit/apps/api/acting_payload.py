"""The JSON of alerts and of what was told of them. Names are frozen: fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, overload
from uuid import UUID

import msgspec

from dict_rate_limit.domain.alerts.alert import Kind, Severity, TransitionKind
from dict_rate_limit.domain.buckets.outlook import plain
from dict_rate_limit.domain.notifications.routing import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain.alerts import alert as domain
    from dict_rate_limit.domain.notifications import routing as telling
    from dict_rate_limit.ports.notifications import LedgerEntry
    from dict_rate_limit.ports.stores import AlertHistory


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Who has taken the alert up, why, and until when nobody is reminded of it; `until` may be over."""

    actor: str
    reason: str
    at: datetime
    until: datetime


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it stands. `policy_name` is `*` where the whole participant is concerned.

    `sequence` counts its transitions: send it along when you act on what you saw.
    """

    alert_id: UUID
    participant: str
    policy_name: str
    kind: Kind
    severity: Severity
    exhausted: bool
    open: bool
    sequence: int
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    acknowledgement: Acknowledgement | None


class AlertList(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts, the last opened first; `total` counts those in this answer."""

    alerts: tuple[Alert, ...]
    total: int


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One transition.

    `published`: the broker has it, or the log where there is none; `dead`: given up after refusals. `routed`: it is
    settled which channels are told. `outlook` holds spans as [earliest, latest] in seconds, null in one = never.
    """

    event_id: UUID
    sequence: int
    transition: TransitionKind
    severity: Severity
    exhausted: bool
    available_tokens: int | None
    capacity_max: int | None
    utilization_pct: float | None
    previous: str | None
    current: str | None
    detected_at: datetime
    message: str
    message_en: str
    outlook: dict[str, object] | None
    published: bool
    dead: bool
    routed: bool


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try. `refused`: this very message, for what it is. `text` is what the channel answered."""

    at: datetime
    message_id: UUID
    ok: bool
    refused: bool
    text: str


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One transition for one channel. `silence_id` names what suppressed it; `next_try_at` is null unless PENDING."""

    notification_id: UUID
    sequence: int
    transition: TransitionKind
    channel: str
    status: Status
    created_at: datetime
    next_try_at: datetime | None
    silence_id: UUID | None
    attempts: tuple[Attempt, ...]


class AlertDetail(Alert, frozen=True, kw_only=True):
    """One alert, its transitions, and each notification with what was tried, both in order."""

    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]


@overload
def utc(moment: datetime) -> datetime: ...


@overload
def utc(moment: datetime | None) -> datetime | None: ...


def utc(moment: datetime | None) -> datetime | None:
    """Write a moment in UTC, so that it ends with Z."""
    return None if moment is None else moment.astimezone(UTC)


def alert(one: domain.Alert) -> Alert:
    """Put an alert into words."""
    taken = one.acknowledgement
    return Alert(
        alert_id=one.alert_id,
        participant=one.participant,
        policy_name=one.policy_name,
        kind=one.kind,
        severity=one.severity,
        exhausted=one.exhausted,
        open=one.resolved_at is None,
        sequence=one.sequence,
        opened_at=utc(one.opened_at),
        updated_at=utc(one.updated_at),
        resolved_at=utc(one.resolved_at),
        acknowledgement=None
        if taken is None
        else Acknowledgement(actor=taken.actor, reason=taken.reason, at=utc(taken.at), until=utc(taken.until)),
    )


def alert_list(alerts: Sequence[domain.Alert]) -> AlertList:
    """Put alerts into words."""
    return AlertList(alerts=tuple(alert(one) for one in alerts), total=len(alerts))


def alert_detail(history: AlertHistory, ledger: Sequence[LedgerEntry]) -> AlertDetail:
    """Put an alert with all that happened into words."""
    return AlertDetail(
        **msgspec.structs.asdict(alert(history.alert)),
        transitions=transitions(history),
        notifications=notifications(ledger),
    )


def transitions(history: AlertHistory) -> tuple[Transition, ...]:
    """Put transitions into words, and how far each has come."""
    return tuple(
        Transition(
            event_id=event.event_id,
            sequence=event.sequence,
            transition=event.transition,
            severity=event.severity,
            exhausted=event.exhausted,
            available_tokens=event.available_tokens,
            capacity_max=event.capacity_max,
            utilization_pct=event.utilization_pct,
            previous=event.previous,
            current=event.current,
            detected_at=utc(event.detected_at),
            message=event.message,
            message_en=event.message_en,
            outlook=None if event.outlook is None else plain(event.outlook),
            published=event.event_id in history.published,
            dead=event.event_id in history.dead,
            routed=event.event_id in history.routed,
        )
        for event in history.events
    )


def notifications(ledger: Sequence[LedgerEntry]) -> tuple[Notification, ...]:
    """Put the ledger into words."""
    return tuple(
        Notification(
            notification_id=entry.notification.notification_id,
            sequence=entry.notification.event.sequence,
            transition=entry.notification.event.transition,
            channel=entry.notification.channel,
            status=entry.notification.status,
            created_at=utc(entry.notification.created_at),
            next_try_at=utc(entry.notification.next_try_at) if entry.notification.status is Status.PENDING else None,
            silence_id=entry.notification.silence_id,
            attempts=tuple(_attempt(one) for one in entry.attempts),
        )
        for entry in ledger
    )


def _attempt(one: telling.Attempt) -> Attempt:
    answer = one.answer
    return Attempt(at=utc(one.at), message_id=one.message_id, ok=answer.ok, refused=answer.refused, text=answer.text)
