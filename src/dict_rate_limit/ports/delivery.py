"""What telling transitions needs from outside: the outbox, a broker, notifications and their ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import AlertEvent


class Outbox(Protocol):
    """Transitions that wait to be published. A transition stays until it is marked, or dead."""

    def claim_batch(self, limit: int, now: datetime) -> AbstractAsyncContextManager[ClaimUnitOfWork]:
        """Claim transitions policy by policy: whoever holds a policy's oldest one holds the policy.

        Several readers at once get different policies, so that the order within one stands. A policy whose oldest
        transition was refused rests until its next try is due.
        """

    async def backlog(self) -> Backlog:
        """Say what waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits to be published.

    `oldest_at` is when the oldest that waits was detected, None when nothing waits. `dead` counts those given up on.
    """

    waiting: int
    oldest_at: datetime | None
    dead: int


class ClaimUnitOfWork(Protocol):
    """Claimed transitions. Marks are in force when the unit ends, also with an error."""

    @property
    def events(self) -> Sequence[AlertEvent]:
        """At most `limit` transitions, in the order they were recorded, nothing left out within a policy."""

    @property
    def refusals(self) -> Mapping[UUID, int]:
        """How often each of them was refused for its content so far; absent = never."""

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        """Note that the broker has them."""

    async def mark_refused(self, event_id: UUID, reason: str, at: datetime, next_try_at: datetime | None) -> None:
        """Note a refusal for content; None = given up: it is dead, and later ones of its policy go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """The broker has a transition, or refuses it for what it is: `refusal` says why."""

    event_id: UUID
    refusal: str | None = None


class EventPublisher(Protocol):
    """Where transitions go."""

    def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        """Hand transitions over and give a receipt for each that the other side has for good.

        Transitions of one policy arrive in the order given. After a refusal no later one of its policy is handed over
        in this call, nor has it a receipt.

        Raises:
            PublishError: an outage. What has no receipt may or may not have arrived; publish it again, readers drop
                repeats by event_id.
        """

    @property
    def destination(self) -> str:
        """Where that is, for people: no secret in it."""
