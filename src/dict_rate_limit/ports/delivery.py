"""Publishing transitions: the outbox and the broker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import AlertEvent


class Outbox(Protocol):
    """Transitions to be published. Each stays until it is marked as published or dead."""

    def claim_batch(self, limit: int, now: datetime) -> AbstractAsyncContextManager[ClaimUnitOfWork]:
        """Claim transitions policy by policy. Concurrent callers get different policies, which keeps the order of each.

        A policy whose oldest transition was rejected is left out until its next attempt is due.
        """

    async def backlog(self) -> Backlog:
        """Return the size and age of what is to be published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Transitions to be published.

    `oldest_at` is when the oldest of them was detected, None without any. `dead` counts the dead-lettered ones.
    """

    waiting: int
    oldest_at: datetime | None
    dead: int


class ClaimUnitOfWork(Protocol):
    """Claimed transitions. Marks are stored when the unit ends, also with an error."""

    @property
    def events(self) -> Sequence[AlertEvent]:
        """At most `limit` transitions, in the order they were recorded, without gaps within a policy."""

    @property
    def refusals(self) -> Mapping[UUID, int]:
        """How often each of them was rejected for its content so far; absent = never."""

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        """Mark them as stored by the broker."""

    async def mark_refused(self, event_id: UUID, reason: str, at: datetime, next_try_at: datetime | None) -> None:
        """Mark a rejection for content. `next_try_at` None = dead: later transitions of its policy go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """The broker stored a transition, or rejected its content: `refusal` is the reason."""

    event_id: UUID
    refusal: str | None = None


class EventPublisher(Protocol):
    """Publishes transitions to a broker or a log."""

    def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        """Publish transitions and yield a result for each that the other side has stored or rejected.

        Transitions of one policy arrive in the order given. After a rejection, later ones of its policy are not
        published in this call and have no result.

        Raises:
            PublishError: an outage. What has no result may or may not have arrived. Publish it again: consumers drop
                duplicates by event_id.
        """

    @property
    def destination(self) -> str:
        """The address for display, without secrets."""
