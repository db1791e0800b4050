"""Which channels receive a transition, and how delivery is retried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from dict_rate_limit.domain.alerts.alert import AlertEvent, Kind, TransitionKind
from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.domain.notifications.silence import Silence

INITIAL_BACKOFF: Final = timedelta(seconds=10)
MAX_BACKOFF: Final = timedelta(minutes=10)
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""After a day without success a notification is dead-lettered and counted."""

MAX_REJECTIONS: Final = 5
"""A message rejected this often for its content is dead-lettered: it blocks later ones."""

FOLLOW_UPS: Final = frozenset({TransitionKind.DEESCALATED, TransitionKind.RESOLVED, TransitionKind.ACKNOWLEDGED})
"""A channel that was notified of an alert receives these too, whatever its routes and the silences say."""


class Status(StrEnum):
    """The state of delivery."""

    PENDING = "PENDING"  # to be sent, or being tried
    DELIVERED = "DELIVERED"  # the channel accepted it
    SUPPRESSED = "SUPPRESSED"  # by a silence or a maintenance window
    DEAD = "DEAD"  # rejected for a day or for its content, or the channel was removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One transition for one channel. `notification_id` follows from both: routing twice gives the same one.

    `attempts` counts those that failed. `silence_id` names what suppressed it.
    """

    notification_id: UUID
    channel: str
    event: AlertEvent
    status: Status
    created_at: datetime
    next_try_at: datetime
    attempts: int = 0
    silence_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """The answer of a channel. `text` contains no secret. `refused`: the content of this message; others may pass."""

    ok: bool
    text: str
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to deliver one message, which may contain several notifications.

    `status` is theirs after it; `next_try_at` is None unless that is PENDING.
    """

    message_id: UUID
    channel: str
    notification_ids: tuple[UUID, ...]
    at: datetime
    answer: DeliveryResult
    status: Status
    next_try_at: datetime | None


def new_notification_id(event_id: UUID, channel: str) -> UUID:
    """Return an id from the transition and the channel."""
    return uuid5(event_id, channel)


def new_message_id(notification_ids: Iterable[UUID]) -> UUID:
    """Return an id from the notifications of a message, so that a receiver detects a repeated one."""
    ids = sorted(notification_ids)
    return uuid5(ids[0], "".join(one.hex for one in ids[1:]))


def route(
    events: Sequence[AlertEvent],
    notified: Mapping[UUID, frozenset[str]],
    channels: Sequence[Channel],
    silences: Sequence[Silence],
    now: datetime,
) -> list[Notification]:
    """Return the notifications of transitions, in order.

    `notified` has, by alert, the channels that received an earlier transition. They receive the follow-ups, also below
    their severity and during a silence. Other channels receive no follow-ups. Silences do
    not apply to a drill.
    """
    known = {alert_id: set(names) for alert_id, names in notified.items()}
    notifications = []
    for event in events:
        receivers = known.setdefault(event.alert_id, set())
        silence = None if event.kind is Kind.DRILL else _silence(event, silences, now)
        for channel in channels:
            if not _is_for(event, channel, receivers):
                continue
            suppressed = silence is not None and not (event.transition in FOLLOW_UPS and channel.name in receivers)
            notifications.append(_notification(event, channel, silence if suppressed else None, now))
            if not suppressed:
                receivers.add(channel.name)
    return notifications


def next_state(notification: Notification, answer: DeliveryResult, now: datetime) -> tuple[Status, datetime | None]:
    """Return the status of a notification after an answer, and when it is tried again: later each time, for a day."""
    if answer.ok:
        return Status.DELIVERED, None
    refused = answer.refused and notification.attempts + 1 >= MAX_REJECTIONS
    if refused or now - notification.created_at >= GIVE_UP_AFTER:
        return Status.DEAD, None
    pause = min(INITIAL_BACKOFF * 2 ** min(notification.attempts, 10), MAX_BACKOFF)
    return Status.PENDING, now + pause


def _is_for(event: AlertEvent, channel: Channel, receivers: set[str]) -> bool:
    if event.transition in FOLLOW_UPS and event.kind is not Kind.DRILL:
        return channel.name in receivers
    return channel.matches(event)


def _silence(event: AlertEvent, silences: Sequence[Silence], now: datetime) -> Silence | None:
    return next((silence for silence in silences if silence.suppresses(event, now)), None)


def _notification(event: AlertEvent, channel: Channel, silence: Silence | None, now: datetime) -> Notification:
    grouped = channel.grouped and event.kind is not Kind.DRILL
    return Notification(
        notification_id=new_notification_id(event.event_id, channel.name),
        channel=channel.name,
        event=event,
        status=Status.PENDING if silence is None else Status.SUPPRESSED,
        created_at=now,
        next_try_at=now + channel.group_wait if grouped else now,
        silence_id=None if silence is None else silence.silence_id,
    )
