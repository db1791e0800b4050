"""Notify people and programs of transitions: route each one to its channels, then send until each has accepted it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from dict_rate_limit.domain.alerts.alert import Kind
from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.domain.notifications.routing import (
    Attempt,
    DeliveryResult,
    Notification,
    new_message_id,
    next_state,
    route,
)
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.notifications import ChannelSource, Message, Notifications, Notifier
from dict_rate_limit.ports.stores import SilenceRepository
from dict_rate_limit.texts.notification import compose

ROUTING_BATCH: Final = 500
CLAIMED: Final = 100
LEASE: Final = timedelta(seconds=90)
"""Longer than sending takes. After this, another worker sends the notifications of one that died."""

ROLL_OUT: Final = timedelta(hours=1)
"""How long the channels of two processes may differ. Notifications of an unknown channel are pending so long."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyDeps:
    """The dependencies of sending. `runbook_base_url` is where the runbooks are published; None = not published."""

    notifications: Notifications
    silences: SilenceRepository
    channels: ChannelSource
    notifier: Notifier
    clock: Clock
    runbook_base_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSummary:
    """How many transitions were routed, and how many messages were delivered or failed."""

    routed: int
    delivered: int
    failed: int


async def send_notifications(parts: NotifyDeps, within: timedelta) -> NotificationSummary:
    """Route new transitions and send due notifications. Channels run concurrently: a slow one does not delay others."""
    ends = parts.clock.monotonic() + within.total_seconds()
    channels, names = parts.channels.channels(), parts.channels.names()
    routed = await _route_all(parts) if channels or names is not None else 0
    if names is not None:
        now = parts.clock.now()
        await parts.notifications.discard_orphans(sorted(names), now, created_before=now - ROLL_OUT)
    results = await asyncio.gather(*(_send_due(parts, channel, ends) for channel in channels))
    answers = list(chain.from_iterable(results))
    delivered = sum(answer.ok for answer in answers)
    return NotificationSummary(routed=routed, delivered=delivered, failed=len(answers) - delivered)


async def _route_all(parts: NotifyDeps) -> int:
    channels = parts.channels.channels()
    total = 0
    while True:
        async with parts.notifications.routing(ROUTING_BATCH) as unit:
            if not unit.events:
                return total
            now = parts.clock.now()
            silences = await parts.silences.current(now)
            await unit.route(route(unit.events, unit.notified, channels, silences, now))
            total += len(unit.events)


async def _send_due(parts: NotifyDeps, channel: Channel, ends: float) -> list[DeliveryResult]:
    """Send message after message, in order, until the time is over or one fails."""
    answers: list[DeliveryResult] = []
    # Notifications that are claimed and not sent would wait for the end of the lease.
    limit = CLAIMED if channel.grouped else 1
    while parts.clock.monotonic() < ends:
        claimed = await parts.notifications.claim(channel.name, parts.clock.now(), LEASE, limit)
        if not claimed:
            break
        for group in _messages(channel, claimed):
            answers.append(await _send(parts, channel, group))
            # Later messages must not overtake one that failed.
            if not answers[-1].ok or parts.clock.monotonic() >= ends:
                return answers
    return answers


def _messages(channel: Channel, claimed: Sequence[Notification]) -> Iterator[Sequence[Notification]]:
    """Group notifications into messages: texts for people together, all others and drills one by one."""
    if not channel.grouped or any(one.event.kind is Kind.DRILL for one in claimed):
        yield from ([one] for one in claimed)
    else:
        yield claimed


async def _send(parts: NotifyDeps, channel: Channel, claimed: Sequence[Notification]) -> DeliveryResult:
    now = parts.clock.now()
    events = [notification.event for notification in claimed]
    title, body = compose(events, channel.language, now, parts.runbook_base_url)
    ids = tuple(notification.notification_id for notification in claimed)
    message_id = new_message_id(ids)
    message = Message(message_id=message_id, title=title, body=body, events=events, created_at=now)
    answer = await parts.notifier.send(channel, message)
    if not answer.ok:
        _log.warning("channel.refused", extra={"channel": channel.name, "answer": answer.text})
    at = parts.clock.now()
    await parts.notifications.record_attempts([_attempt(message, channel, one, answer, at) for one in claimed])
    return answer


def _attempt(
    message: Message, channel: Channel, claimed: Notification, answer: DeliveryResult, at: datetime
) -> Attempt:
    status, next_try_at = next_state(claimed, answer, at)
    return Attempt(
        message_id=message.message_id,
        channel=channel.name,
        notification_ids=(claimed.notification_id,),
        at=at,
        answer=answer,
        status=status,
        next_try_at=next_try_at,
    )
