"""The JSON of alerts, their transitions and their notifications. Fields are added, never renamed or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from dict_rate_limit.contract.fields import Duration, Moment, Reason, document, end_time
from dict_rate_limit.domain.alerts import alert as domain
from dict_rate_limit.domain.alerts.alert import Kind, Severity, TransitionKind
from dict_rate_limit.domain.notifications import routing
from dict_rate_limit.domain.notifications.routing import Status
from dict_rate_limit.domain.timestamps import to_utc


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Who acknowledged the alert, why, and until when it sends no reminders; `until` may be in the past."""

    actor: str
    reason: str
    at: datetime
    until: datetime


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert in its current state. `policy_name` is `*` when the alert concerns the whole participant.

    `sequence` counts its transitions. Send it with an acknowledgement to reject a stale view.
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
    """Alerts, the last opened first. `total` counts the alerts in this response."""

    alerts: tuple[Alert, ...]
    total: int


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One transition.

    `published`: sent to the broker, or written to the log when there is no broker. `dead`: dead-lettered after
    rejections. `routed`: its channels are decided. `outlook` holds time ranges as [earliest, latest] in seconds; null
    in a range = never.
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
    """One delivery attempt. `refused`: the channel rejected the message itself. `text` is the channel's answer."""

    at: datetime
    message_id: UUID
    ok: bool
    refused: bool
    text: str


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One transition for one channel. `silence_id` is the silence that suppressed it.

    `next_try_at` is null unless the status is PENDING.
    """

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
    """One alert, its transitions, and each notification with its delivery attempts, in order."""

    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]


class NewAcknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acknowledge an alert until a time or for a duration: exactly one of the two.

    `sequence` is that of the alert as the client saw it. If the alert has changed since, the request is rejected with
    409. Without `sequence`, an alert that another actor has acknowledged is rejected with 409.
    """

    reason: Reason
    until: Moment | None = None
    duration: Duration | None = msgspec.field(default=None, name="for")
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None

    def ends_at(self, now: datetime, longest: timedelta) -> datetime:
        """Return the end of the acknowledgement.

        Raises:
            InvalidValueError: none or both of `until` and `for`, or an invalid duration.
        """
        return end_time("until", self.until, self.duration, now, longest)


def alert_document(alert: domain.Alert) -> Alert:
    """Return the document of an alert."""
    given = alert.acknowledgement
    acknowledgement = None if given is None else document(Acknowledgement, given)
    return document(Alert, alert, open=alert.resolved_at is None, acknowledgement=acknowledgement)


def transition_document(event: domain.AlertEvent, *, published: bool, dead: bool, routed: bool) -> Transition:
    """Return the document of a transition and of its delivery."""
    outlook = None if event.outlook is None else event.outlook.to_dict()
    return document(Transition, event, outlook=outlook, published=published, dead=dead, routed=routed)


def notification_document(one: routing.Notification, attempts: Sequence[routing.Attempt]) -> Notification:
    """Return the document of a notification and of its delivery attempts."""
    return document(
        Notification,
        one,
        sequence=one.event.sequence,
        transition=one.event.transition,
        next_try_at=one.next_try_at if one.status is Status.PENDING else None,
        attempts=tuple(
            Attempt(at=to_utc(each.at), message_id=each.message_id, **asdict(each.answer)) for each in attempts
        ),
    )


ACKNOWLEDGEMENT_BODY: Final[dict[str, Any]] = {"reason": "Claims batch paused", "for": "2h", "sequence": 2}
ALERT: Final[dict[str, Any]] = {
    "alert_id": "7f0c1f2e-58a1-5c0b-9d55-0a4f0b6f3c11",
    "participant": "12345678",
    "policy_name": "CLAIMS_READ",
    "kind": "THRESHOLD",
    "severity": "WARNING",
    "exhausted": False,
    "open": True,
    "sequence": 3,
    "opened_at": "2026-11-23T11:40:00Z",
    "updated_at": "2026-11-23T12:00:05Z",
    "resolved_at": None,
    "acknowledgement": {
        "actor": "ana",
        "reason": "Claims batch paused",
        "at": "2026-11-23T12:00:05Z",
        "until": "2026-11-23T14:00:05Z",
    },
}
ALERT_LIST: Final[dict[str, Any]] = {"alerts": [ALERT], "total": 1}
TRANSITION: Final[dict[str, Any]] = {
    "event_id": "f7b1f3a2-7a5d-5a8e-8a6b-1f2e3d4c5b6a",
    "sequence": 1,
    "transition": "OPENED",
    "severity": "WARNING",
    "exhausted": False,
    "available_tokens": 3960,
    "capacity_max": 18000,
    "utilization_pct": 78.0,
    "previous": None,
    "current": None,
    "detected_at": "2026-11-23T11:40:00Z",
    "message": "CLAIMS_READ em atenção: restam 3.960 de 18.000 fichas (22%), limite de atenção 25%",
    "message_en": "CLAIMS_READ in warning: 3,960 of 18,000 tokens left (22%), warning threshold 25%",
    "outlook": {
        "empty_in_sec": [1080.0, None],
        "usable_in_sec": [0.0, 0.0],
        "full_in_sec": [1404.0, 1440.0],
        "safe_tokens": 2159,
        "refill_per_minute": 600.0,
    },
    "published": True,
    "dead": False,
    "routed": True,
}
_ATTEMPT: Final[dict[str, Any]] = {
    "at": "2026-11-23T11:40:11Z",
    "message_id": "0d9c8b7a-6f5e-5d4c-8b3a-2f1e0d9c8b7a",
    "ok": True,
    "refused": False,
    "text": "200",
}
NOTIFICATION: Final[dict[str, Any]] = {
    "notification_id": "5a4b3c2d-1e0f-5a9b-8c7d-6e5f4a3b2c1d",
    "sequence": 1,
    "transition": "OPENED",
    "channel": "ops-slack",
    "status": "DELIVERED",
    "created_at": "2026-11-23T11:40:01Z",
    "next_try_at": None,
    "silence_id": None,
    "attempts": [_ATTEMPT],
}
ALERT_DETAIL: Final[dict[str, Any]] = {**ALERT, "transitions": [TRANSITION], "notifications": [NOTIFICATION]}
