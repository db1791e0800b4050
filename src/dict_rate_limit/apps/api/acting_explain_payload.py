"""The JSON of explanations and drills. Names are frozen: fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from dict_rate_limit.apps.api.acting_payload import (
    Alert,
    Notification,
    Transition,
    alert,
    notifications,
    transitions,
    utc,
)
from dict_rate_limit.apps.api.acting_silence_payload import Silence, silence
from dict_rate_limit.domain.alerts.alert import TransitionKind
from dict_rate_limit.domain.buckets.level import FULL, Level
from dict_rate_limit.domain.notifications.routing import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.ports.notifications import LedgerEntry
    from dict_rate_limit.usecases import explain
    from dict_rate_limit.usecases.drill import DrillResult


class LastDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel was last to be told of an alert, and what it last answered; nulls: not tried yet."""

    channel: str
    transition: TransitionKind
    status: Status
    at: datetime | None
    text: str | None


class ExplainedAlert(Alert, frozen=True, kw_only=True):
    """An open alert. `silenced_by` are the silences that hold it back now; `next_reminder_at` null = there is none."""

    silenced_by: tuple[UUID, ...]
    next_reminder_at: datetime | None
    last_deliveries: tuple[LastDelivery, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One policy as the monitor last judged it, and all that decides who is told.

    `status` is the level by itself, `alert_level` that of its open alert, which steps down once the bucket holds more
    than `clears_above_tokens`. A new alert opens at or below `warns_at_tokens`. `silences` are those that are or will
    be in force and could hold an alert of this policy back.
    """

    participant: str
    policy_name: str
    now: datetime
    checked_at: datetime
    status: Level
    alert_level: Level
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
    """What a channel last answered, to whatever message; a test alert waits behind one that it does not take."""

    channel: str
    at: datetime
    ok: bool
    text: str


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """How far a test alert has come. `done`: nothing more will happen; `good`: all of it arrived."""

    alert_id: UUID
    participant: str
    actor: str
    reason: str
    sent_at: datetime
    published: bool
    routed: bool
    done: bool
    good: bool
    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    last_answers: tuple[LastAnswer, ...]


def explanation(one: explain.Explanation) -> Explanation:
    """Put an explanation into words."""
    bucket, thresholds = one.evaluated.bucket, one.evaluated.thresholds
    return Explanation(
        participant=one.participant,
        policy_name=one.policy_name,
        now=utc(one.now),
        checked_at=utc(one.checked_at),
        status=one.evaluated.level,
        alert_level=one.alert_level,
        exhausted=bucket.exhausted,
        enabled=one.evaluated.enabled,
        available_tokens=bucket.available_tokens,
        capacity_max=bucket.capacity,
        utilization_pct=bucket.utilization_pct,
        warning_threshold_pct=thresholds.warning * 100 / FULL,
        critical_threshold_pct=thresholds.critical * 100 / FULL,
        warns_at_tokens=one.warns_at_tokens,
        clears_above_tokens=one.clears_above_tokens,
        alerts=tuple(_explained(each) for each in one.alerts),
        silences=tuple(silence(each, one.now) for each in one.silences),
    )


def drill(result: DrillResult) -> Drill:
    """Put a test alert's way into words."""
    sent = result.history.alert
    sender = sent.acknowledgement
    return Drill(
        alert_id=sent.alert_id,
        participant=sent.participant,
        actor="" if sender is None else sender.actor,
        reason="" if sender is None else sender.reason,
        sent_at=utc(sent.opened_at),
        published=result.published,
        routed=result.routed,
        done=result.done,
        good=result.good,
        transitions=transitions(result.history),
        notifications=notifications(result.ledger),
        last_answers=tuple(
            LastAnswer(channel=name, at=utc(last.at), ok=last.answer.ok, text=last.answer.text)
            for name, last in sorted(result.last.items())
        ),
    )


def _explained(one: explain.ExplainedAlert) -> ExplainedAlert:
    return ExplainedAlert(
        **msgspec.structs.asdict(alert(one.alert)),
        silenced_by=tuple(each.silence_id for each in one.silences),
        next_reminder_at=utc(one.next_reminder),
        last_deliveries=_last_deliveries(one.ledger),
    )


def _last_deliveries(ledger: Sequence[LedgerEntry]) -> tuple[LastDelivery, ...]:
    last = {entry.notification.channel: entry for entry in ledger}
    return tuple(
        LastDelivery(
            channel=channel,
            transition=entry.notification.event.transition,
            status=entry.notification.status,
            at=utc(entry.attempts[-1].at) if entry.attempts else None,
            text=entry.attempts[-1].answer.text if entry.attempts else None,
        )
        for channel, entry in sorted(last.items())
    )
