"""Notifications: routing, channels and what became of each attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.notifications.channel import Channel
    from dict_rate_limit.domain.notifications.routing import Attempt, DeliveryResult, Notification, Status


class Notifications(Protocol):
    """Who is to be told of what, and what became of it."""

    def routing(self, limit: int) -> AbstractAsyncContextManager[RoutingUnitOfWork]:
        """Claim the oldest transitions for which nobody has yet said who is told. One at a time: others get none."""

    async def claim(self, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
        """Take a channel's pending notifications, oldest transition first, once the oldest of them is due.

        All that wait come along then, whatever their own next try: later ones must not overtake it. Nobody else gets
        any of them, nor any behind them, until the lease is over or an attempt is noted.
        """

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Add to the ledger, and bring the notifications to where they stand now. One noted already changes nothing.

        A failure ends the leases on all of its channel: whoever sends stops there. What was delivered stays delivered.
        """

    async def discard_orphans(self, channels: Sequence[str], now: datetime, created_before: datetime) -> int:
        """Give up pending notifications of channels other than these that nobody is sending; return how many.

        Younger ones stay: another process may know of a channel already that this one has yet to read of.
        """

    async def ledger(self, alert_id: UUID) -> Sequence[LedgerEntry]:
        """Return every notification of an alert with its attempts, by transition, then channel.

        An attempt at several stands with each of them, naming that one.
        """

    async def last_attempts(self) -> Mapping[str, Attempt]:
        """Return the last attempt of each channel that ever had one."""

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        """Return how many notifications there are, by channel and status."""

    async def oldest_pending(self) -> Mapping[str, datetime]:
        """Return, by channel, since when its oldest pending notification waits; absent = none waits."""


class RoutingUnitOfWork(Protocol):
    """Transitions nobody has been chosen for, in the order they were recorded."""

    @property
    def events(self) -> Sequence[AlertEvent]:
        """At most `limit`."""

    @property
    def notified(self) -> Mapping[UUID, frozenset[str]]:
        """By alert: channels that have a notification of it which was not suppressed."""

    async def route(self, notifications: Sequence[Notification]) -> None:
        """Keep them and mark all events of the unit as routed; both when the unit ends without an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One notification and all that was tried, oldest first."""

    notification: Notification
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one channel is sent at once. `title` and `body` are text for people, in the channel's language.

    `message_id` is the same for a repeat.
    """

    message_id: UUID
    title: str
    body: str
    events: Sequence[AlertEvent]
    created_at: datetime


class Notifier(Protocol):
    """Sends messages. Never raises for what a channel does: that is an answer."""

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        """Send once and say what the channel answered, within half a minute."""


class ChannelSource(Protocol):
    """The channels as they are configured now."""

    def channels(self) -> Sequence[Channel]:
        """Return them; the last good ones while the configuration cannot be read."""

    def names(self) -> Collection[str] | None:
        """Return the names of all that are configured, also those with a mistake in them; None = nobody can tell now.

        While nobody can tell nothing is given up for being gone; and while nothing else is known, nobody is chosen.
        """


class Heartbeat(Protocol):
    """Somebody elsewhere who notices when we fall silent."""

    async def beat(self) -> None:
        """Say that a cycle went well. Never raises; a failure is logged."""
