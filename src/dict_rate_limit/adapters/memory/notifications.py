"""Notifications and their ledger in memory."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from dict_rate_limit.domain.notifications.routing import Status
from dict_rate_limit.ports.notifications import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from dict_rate_limit.adapters.memory.database import MemoryDatabase, Transition
    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.notifications.routing import Attempt, Notification


@dataclass(slots=True)
class StoredNotification:
    """A notification, who sends it until when, and all that was tried."""

    notification: Notification
    leased_until: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        """Still to be sent."""
        return self.notification.status is Status.PENDING

    def leased(self, now: datetime) -> bool:
        """Tell whether somebody is sending it."""
        return self.leased_until is not None and self.leased_until > now

    def record_attempts(self, attempt: Attempt) -> None:
        """Keep an attempt. What was delivered stays so; what was given up on comes back only as delivered."""
        self.attempts.append(attempt)
        if self.pending or (attempt.status is Status.DELIVERED and self.notification.status is not Status.DELIVERED):
            self.leased_until = None
            self.notification = replace(
                self.notification,
                status=attempt.status,
                next_try_at=attempt.next_try_at or self.notification.next_try_at,
                attempts=self.notification.attempts + (not attempt.answer.ok),
            )


class MemoryRoutingUnitOfWork:
    """Holds notifications back until the unit ends; `routed` is None until they are there."""

    def __init__(self, waiting: Sequence[Transition], notified: Mapping[UUID, frozenset[str]]) -> None:
        self._events = tuple(transition.event for transition in waiting)
        self._notified = notified
        self.routed: Sequence[Notification] | None = None

    @property
    def events(self) -> Sequence[AlertEvent]:
        """Transitions in the order they were recorded."""
        return self._events

    @property
    def notified(self) -> Mapping[UUID, frozenset[str]]:
        """Channels told of each alert before."""
        return self._notified

    async def route(self, notifications: Sequence[Notification]) -> None:
        """Keep them for the end of the unit."""
        self.routed = tuple(notifications)


@dataclass(slots=True)
class MemoryNotifications:
    """Notifications by id, the ledger in the order of noting."""

    database: MemoryDatabase
    rows: dict[UUID, StoredNotification] = field(default_factory=dict)
    attempts: dict[tuple[UUID, UUID, datetime], Attempt] = field(default_factory=dict)
    routing_now: bool = False

    @asynccontextmanager
    async def routing(self, limit: int) -> AsyncIterator[MemoryRoutingUnitOfWork]:
        """Claim the oldest transitions; none while another router works."""
        if self.routing_now:
            yield MemoryRoutingUnitOfWork((), MappingProxyType({}))
            return
        waiting = [transition for transition in self.database.transitions.values() if not transition.routed][:limit]
        unit = MemoryRoutingUnitOfWork(waiting, self._notified({transition.event.alert_id for transition in waiting}))
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
        """Lease what waits, from the oldest on, if that one is due; nothing behind one that somebody is sending."""
        waiting = list(self._waiting(channel))[:limit]
        if not waiting or waiting[0].notification.next_try_at > now:
            return ()
        first_leased = next((place for place, one in enumerate(waiting) if one.leased(now)), len(waiting))
        for one in waiting[:first_leased]:
            one.leased_until = now + lease
        return [one.notification for one in waiting[:first_leased]]

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Add to the ledger, once; a failure frees what was taken besides."""
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
        """Give up what waits for other channels and nobody is sending."""
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
        """Return an alert's notifications and what was tried."""
        entries = [one for one in self.rows.values() if one.notification.event.alert_id == alert_id]
        entries.sort(key=lambda one: (one.notification.event.sequence, one.notification.channel))
        return [LedgerEntry(notification=one.notification, attempts=tuple(one.attempts)) for one in entries]

    async def last_attempts(self) -> Mapping[str, Attempt]:
        """Return the attempt noted last for each channel."""
        return {attempt.channel: attempt for attempt in self.attempts.values()}

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        """Count notifications by channel and status."""
        return Counter((one.notification.channel, one.notification.status) for one in self.rows.values())

    async def oldest_pending(self) -> Mapping[str, datetime]:
        """Say since when each channel's oldest pending notification waits."""
        since: dict[str, datetime] = {}
        for one in self.rows.values():
            if one.pending:
                channel, created_at = one.notification.channel, one.notification.created_at
                since[channel] = min(created_at, since.get(channel, created_at))
        return since

    def _waiting(self, channel: str) -> Iterator[StoredNotification]:
        """Return a channel's pending notifications by transition; they were routed in that order."""
        return (one for one in self.rows.values() if one.pending and one.notification.channel == channel)

    def _notified(self, alert_ids: set[UUID]) -> Mapping[UUID, frozenset[str]]:
        channels: dict[UUID, set[str]] = {}
        for one in self.rows.values():
            alert_id = one.notification.event.alert_id
            if alert_id in alert_ids and one.notification.status is not Status.SUPPRESSED:
                channels.setdefault(alert_id, set()).add(one.notification.channel)
        return MappingProxyType({alert_id: frozenset(names) for alert_id, names in channels.items()})
