"""Notifications, channels and a notifier in memory, for trials and tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from dict_rate_limit.adapters.memory.database import MemoryDatabase
from dict_rate_limit.domain.alerts.alert import AlertEvent
from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.domain.notifications.routing import Attempt, DeliveryResult, Notification, Status
from dict_rate_limit.ports.notifications import LedgerEntry, Message

ACCEPTED: Final = DeliveryResult(ok=True, text="stored in memory")


@dataclass(slots=True)
class StoredNotification:
    """A notification, the end of its lease, and its attempts."""

    notification: Notification
    leased_until: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        return self.notification.status is Status.PENDING

    def leased(self, now: datetime) -> bool:
        """Return whether a sender has a lease on it."""
        return self.leased_until is not None and self.leased_until > now

    def record_attempts(self, attempt: Attempt) -> None:
        """Add an attempt. A delivered notification stays so; a dead one changes to delivered only."""
        self.attempts.append(attempt)
        if self.pending or (attempt.status is Status.DELIVERED and self.notification.status is not Status.DELIVERED):
            self.leased_until = None
            self.notification = replace(
                self.notification,
                status=attempt.status,
                next_try_at=attempt.next_try_at or self.notification.next_try_at,
                attempts=self.notification.attempts + (not attempt.answer.ok),
            )


@dataclass(slots=True)
class MemoryRoutingUnitOfWork:
    """Holds notifications back until the unit ends; `routed` is None before `route`."""

    events: Sequence[AlertEvent]
    notified: Mapping[UUID, frozenset[str]]
    routed: Sequence[Notification] | None = None

    async def route(self, notifications: Sequence[Notification]) -> None:
        self.routed = tuple(notifications)


@dataclass(slots=True)
class MemoryNotifications:
    """Notifications by id, attempts in the order they were recorded."""

    database: MemoryDatabase
    rows: dict[UUID, StoredNotification] = field(default_factory=dict)
    attempts: dict[tuple[UUID, UUID, datetime], Attempt] = field(default_factory=dict)
    routing_now: bool = False

    @asynccontextmanager
    async def routing(self, limit: int) -> AsyncIterator[MemoryRoutingUnitOfWork]:
        if self.routing_now:
            yield MemoryRoutingUnitOfWork((), {})
            return
        waiting = [transition for transition in self.database.transitions.values() if not transition.routed][:limit]
        events = [transition.event for transition in waiting]
        unit = MemoryRoutingUnitOfWork(events, self._notified({event.alert_id for event in events}))
        self.routing_now = True
        try:
            yield unit
        finally:
            self.routing_now = False
        if unit.routed is not None:
            for notification in unit.routed:
                self.rows.setdefault(notification.notification_id, StoredNotification(notification))
            for transition in waiting:
                transition.routed = True

    async def claim(self, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
        """Lease the pending ones, oldest first, if the oldest is due; none behind a leased one."""
        waiting = list(self._waiting(channel))[:limit]
        # While the oldest is not due the others wait too: none may overtake it.
        if not waiting or waiting[0].notification.next_try_at > now:
            return ()
        first_leased = next((place for place, one in enumerate(waiting) if one.leased(now)), len(waiting))
        for one in waiting[:first_leased]:
            one.leased_until = now + lease
        return [one.notification for one in waiting[:first_leased]]

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Add attempts once; a failure ends the other leases of its channel."""
        for attempt in attempts:
            for notification_id in attempt.notification_ids:
                key = (notification_id, attempt.message_id, attempt.at)
                if key not in self.attempts:
                    self.attempts[key] = one = replace(attempt, notification_ids=(notification_id,))
                    self.rows[notification_id].record_attempts(one)
            if not attempt.answer.ok:
                for notified in self._waiting(attempt.channel):
                    notified.leased_until = None

    async def discard_orphans(self, channels: Sequence[str], now: datetime, created_before: datetime) -> int:
        gone = [
            one
            for one in self.rows.values()
            if one.pending and one.notification.channel not in channels and not one.leased(now)
            if one.notification.created_at < created_before
        ]
        for one in gone:
            one.notification = replace(one.notification, status=Status.DEAD)
        return len(gone)

    async def ledger(self, alert_id: UUID) -> Sequence[LedgerEntry]:
        entries = [one for one in self.rows.values() if one.notification.event.alert_id == alert_id]
        entries.sort(key=lambda one: (one.notification.event.sequence, one.notification.channel))
        return [LedgerEntry(notification=one.notification, attempts=tuple(one.attempts)) for one in entries]

    async def last_attempts(self) -> Mapping[str, Attempt]:
        return {attempt.channel: attempt for attempt in self.attempts.values()}

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        return Counter((one.notification.channel, one.notification.status) for one in self.rows.values())

    async def oldest_pending(self) -> Mapping[str, datetime]:
        since: dict[str, datetime] = {}
        for one in self.rows.values():
            if one.pending:
                channel, created_at = one.notification.channel, one.notification.created_at
                since[channel] = min(created_at, since.get(channel, created_at))
        return since

    def _waiting(self, channel: str) -> Iterator[StoredNotification]:
        """Return a channel's pending notifications, oldest transition first: they were routed in that order."""
        return (one for one in self.rows.values() if one.pending and one.notification.channel == channel)

    def _notified(self, alert_ids: set[UUID]) -> Mapping[UUID, frozenset[str]]:
        channels: defaultdict[UUID, frozenset[str]] = defaultdict(frozenset)
        for one in self.rows.values():
            alert_id = one.notification.event.alert_id
            if alert_id in alert_ids and one.notification.status is not Status.SUPPRESSED:
                channels[alert_id] |= {one.notification.channel}
        return MappingProxyType(channels)


@dataclass(frozen=True, slots=True)
class FixedChannels:
    """A fixed list of channels."""

    known: Sequence[Channel] = ()

    def channels(self) -> Sequence[Channel]:
        return self.known

    def names(self) -> Collection[str]:
        return [channel.name for channel in self.known]


@dataclass(slots=True)
class CountedHeartbeat:
    beats: int = 0

    async def beat(self) -> None:
        self.beats += 1


@dataclass(slots=True)
class MemoryNotifier:
    """Stores every accepted message, duplicates included. Returns the given answers first, then accepts all."""

    answers: list[DeliveryResult] = field(default_factory=list)
    sent: list[tuple[Channel, Message]] = field(default_factory=list)

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        """Store the message unless the next answer is a failure."""
        answer = self.answers.pop(0) if self.answers else ACCEPTED
        if answer.ok:
            self.sent.append((channel, message))
        return answer
