"""Notifications: routing, channels and what became of each attempt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import AlertEvent
from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.domain.notifications.routing import Attempt, DeliveryResult, Notification, Status


class Notifications(Protocol):
    """Notifications of transitions and their delivery."""

    def routing(self, limit: int) -> AbstractAsyncContextManager[RoutingUnitOfWork]:
        """Claim the oldest transitions that are not routed yet. One caller at a time: others get none."""

    async def claim(self, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
        """Lease a channel's pending notifications, oldest transition first, once the oldest of them is due.

        The others are included whatever their own next attempt, so that none overtakes it. No other caller gets them,
        or any behind them, until the lease ends or an attempt is recorded.
        """

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Add attempts to the ledger and update their notifications. An attempt recorded before changes nothing.

        A failure ends all leases of its channel: the sender stops there. What was delivered stays delivered.
        """

    async def discard_orphans(self, channels: Sequence[str], now: datetime, created_before: datetime) -> int:
        """Mark pending, unleased notifications of channels other than these as dead; return how many.

        Those created later stay: another process may have read a channel that this one has not read yet.
        """

    async def ledger(self, alert_id: UUID) -> Sequence[LedgerEntry]:
        """Return every notification of an alert with its attempts, by transition, then channel.

        An attempt that sent several is listed with each of them, with that one's id.
        """

    async def last_attempts(self) -> Mapping[str, Attempt]:
        """Return the last attempt of each channel that ever had one."""

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        """Return how many notifications there are, by channel and status."""

    async def oldest_pending(self) -> Mapping[str, datetime]:
        """Return, by channel, when its oldest pending notification was created; absent = none is pending."""


class RoutingUnitOfWork(Protocol):
    """Transitions without a route, in the order they were recorded."""

    @property
    def events(self) -> Sequence[AlertEvent]:
        """At most `limit`."""

    @property
    def notified(self) -> Mapping[UUID, frozenset[str]]:
        """By alert: channels with a notification of it that was not suppressed."""

    async def route(self, notifications: Sequence[Notification]) -> None:
        """Store them and mark all events of the unit as routed, when the unit ends without an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One notification and its attempts, oldest first."""

    notification: Notification
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one channel. `title` and `body` are text for people, in the channel's language.

    A repetition has the same `message_id`.
    """

    message_id: UUID
    title: str
    body: str
    events: Sequence[AlertEvent]
    created_at: datetime


class Notifier(Protocol):
    """Sends messages. A channel's failure is a result, never an error."""

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        """Send once and return the channel's answer, within half a minute."""


class ChannelSource(Protocol):
    def channels(self) -> Sequence[Channel]:
        """Return the channels; the last valid ones while the configuration cannot be read."""

    def names(self) -> Collection[str] | None:
        """Return the names of all configured channels, also invalid ones; None = unknown now.

        While they are unknown, no notification is dropped because its channel is gone.
        """


class Heartbeat(Protocol):
    """An external service that alerts when heartbeats stop."""

    async def beat(self) -> None:
        """Report a successful cycle. Never raises; a failure is logged."""
