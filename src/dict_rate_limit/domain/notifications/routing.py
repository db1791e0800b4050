"""Who is told of a transition, and how hard that is tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from dict_rate_limit.domain.alerts.alert import AlertEvent, Kind, TransitionKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from dict_rate_limit.domain.notifications.channel import Channel
    from dict_rate_limit.domain.notifications.silence import Silence

INITIAL_BACKOFF: Final = timedelta(seconds=10)
MAX_BACKOFF: Final = timedelta(minutes=10)
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""A channel that took nothing for a day is given up on, visibly."""

MAX_REJECTIONS: Final = 5
"""A message refused this often for what it is, is given up on: it stands in the way of later ones."""

FOLLOW_UPS: Final = frozenset({TransitionKind.DEESCALATED, TransitionKind.RESOLVED, TransitionKind.ACKNOWLEDGED})
"""Whoever was told of an alert is told of these too, whatever the routes and silences say."""


class Status(StrEnum):
    """Where a notification stands."""

    PENDING = "PENDING"  # to be sent, or being tried
    DELIVERED = "DELIVERED"  # the channel took it
    SUPPRESSED = "SUPPRESSED"  # a silence or maintenance window held it back
    DEAD = "DEAD"  # given up: refused for a day, or the channel is gone


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
    """What a channel said; `text` names no secret. `refused`: this very message, for what it is; others may pass."""

    ok: bool
    text: str
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver one message; a message may hold several notifications.

    `status` is where they stand after it; `next_try_at` is None unless that is PENDING.
    """

    message_id: UUID
    channel: str
    notification_ids: tuple[UUID, ...]
    at: datetime
    answer: DeliveryResult
    status: Status
    next_try_at: datetime | None


def new_notification_id(event_id: UUID, channel: str) -> UUID:
    """Name a notification by its transition and channel."""
    return uuid5(event_id, channel)


def new_message_id(notification_ids: Iterable[UUID]) -> UUID:
    """Name a message by what it tells, so that a receiver knows a repeat."""
    ids = sorted(notification_ids)
    return uuid5(ids[0], "".join(one.hex for one in ids[1:]))


def route(
    events: Sequence[AlertEvent],
    told: Mapping[UUID, frozenset[str]],
    channels: Sequence[Channel],
    silences: Sequence[Silence],
    now: datetime,
) -> list[Notification]:
    """Say who is told of each transition, in order.

    `told` names, by alert, the channels that an earlier transition went to. They hear how it goes on, also below
    their severity and during a silence; a channel that was not told when it began does not hear that it is over. A
    drill heeds no silence.
    """
    known = {alert_id: set(names) for alert_id, names in told.items()}
    notifications = []
    for event in events:
        heard = known.setdefault(event.alert_id, set())
        silence = None if event.kind is Kind.DRILL else _silence(event, silences, now)
        for channel in channels:
            if not _is_for(event, channel, heard):
                continue
            held_back = silence is not None and not (event.transition in FOLLOW_UPS and channel.name in heard)
            notifications.append(_notification(event, channel, silence if held_back else None, now))
            if not held_back:
                heard.add(channel.name)
    return notifications


def next_state(notification: Notification, answer: DeliveryResult, now: datetime) -> tuple[Status, datetime | None]:
    """Say where a notification stands after an answer and when it is tried again: later each time, for a day."""
    if answer.ok:
        return Status.DELIVERED, None
    refused = answer.refused and notification.attempts + 1 >= MAX_REJECTIONS
    if refused or now - notification.created_at >= GIVE_UP_AFTER:
        return Status.DEAD, None
    pause = min(INITIAL_BACKOFF * 2 ** min(notification.attempts, 10), MAX_BACKOFF)
    return Status.PENDING, now + pause


def _is_for(event: AlertEvent, channel: Channel, heard: set[str]) -> bool:
    if event.transition in FOLLOW_UPS and event.kind is not Kind.DRILL:
        return channel.name in heard
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
