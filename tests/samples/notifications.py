"""Sample notifications and attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from dict_rate_limit.domain.notifications.routing import (
    Attempt,
    DeliveryResult,
    Notification,
    Status,
    new_message_id,
    new_notification_id,
)
from samples.domain import NOON

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.ports.stores import Stores

SILENCE_ID = UUID("0190a0a0-0000-4000-8000-000000000001")
PAUSE = timedelta(seconds=10)


def notification(
    event: AlertEvent, channel: str, *, status: Status = Status.PENDING, next_try_at: datetime = NOON
) -> Notification:
    """Make a pending notification."""
    return Notification(
        notification_id=new_notification_id(event.event_id, channel),
        channel=channel,
        event=event,
        status=status,
        created_at=NOON,
        next_try_at=next_try_at,
        silence_id=SILENCE_ID if status is Status.SUPPRESSED else None,
    )


async def route_all(stores: Stores, *channels: str, next_try_at: datetime = NOON) -> list[Notification]:
    """Route all transitions to these channels; return the notifications in order."""
    async with stores.notifications.routing(1000) as unit:
        made = [notification(event, channel, next_try_at=next_try_at) for event in unit.events for channel in channels]
        await unit.route(made)
    return made


def delivered(told: Sequence[Notification], at: datetime = NOON) -> Attempt:
    """Make a successful attempt."""
    return attempt(told, Status.DELIVERED, at, ok=True)


def failed(told: Sequence[Notification], at: datetime = NOON, *, next_try_at: datetime | None = None) -> Attempt:
    """Make a failed attempt with a later retry."""
    return attempt(told, Status.PENDING, at, next_try_at=next_try_at or at + PAUSE)


def given_up(told: Sequence[Notification], at: datetime = NOON) -> Attempt:
    """Make the last failed attempt."""
    return attempt(told, Status.DEAD, at)


def attempt(
    told: Sequence[Notification],
    status: Status,
    at: datetime,
    *,
    ok: bool = False,
    next_try_at: datetime | None = None,
) -> Attempt:
    ids = tuple(one.notification_id for one in told)
    return Attempt(
        message_id=new_message_id(ids),
        channel=told[0].channel,
        notification_ids=ids,
        at=at,
        answer=DeliveryResult(ok=ok, text="200" if ok else "500", refused=status is Status.DEAD),
        status=status,
        next_try_at=next_try_at,
    )
