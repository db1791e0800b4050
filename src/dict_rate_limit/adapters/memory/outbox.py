"""The outbox in memory. One publisher at a time claims a policy's transitions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from dict_rate_limit.adapters.memory.database import MemoryDatabase, Transition
from dict_rate_limit.ports.delivery import Backlog


class MemoryClaimUnitOfWork:
    """Transitions of policies that no other caller can claim meanwhile. Marks are held back until the unit ends."""

    def __init__(self, claimed: Sequence[Transition]) -> None:
        self._claimed = {transition.event.event_id: transition for transition in claimed}
        self._marks: dict[UUID, Callable[[Transition], None]] = {}
        self.events = [transition.event for transition in claimed]
        self.refusals = {key: one.refusals for key, one in self._claimed.items() if one.refusals}

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        # A duplicate does not change when it was published first.
        for event_id in event_ids:
            self._marks.setdefault(event_id, lambda transition: transition.publish(at))

    async def mark_refused(self, event_id: UUID, reason: str, at: datetime, next_try_at: datetime | None) -> None:
        self._marks[event_id] = lambda transition: transition.refuse(reason, at, next_try_at)

    def settle(self) -> None:
        for event_id, mark in self._marks.items():
            mark(self._claimed[event_id])


@dataclass(slots=True)
class MemoryOutbox:
    """Outbox; `claimed` are the policies of open units."""

    database: MemoryDatabase
    claimed: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def claim_batch(self, limit: int, now: datetime) -> AsyncIterator[MemoryClaimUnitOfWork]:
        due = self._due(now)
        policies = [name for name in dict.fromkeys(one.event.policy_name for one in due) if name not in self.claimed]
        own = set(policies[:limit])
        unit = MemoryClaimUnitOfWork([one for one in due if one.event.policy_name in own][:limit])
        self.claimed |= own
        try:
            yield unit
        finally:
            unit.settle()
            self.claimed -= own

    async def backlog(self) -> Backlog:
        waiting = self._waiting()
        return Backlog(
            waiting=len(waiting),
            oldest_at=min((one.event.detected_at for one in waiting), default=None),
            dead=sum(one.dead_at is not None for one in self.database.transitions.values()),
        )

    def _due(self, now: datetime) -> list[Transition]:
        """Return the waiting transitions, of each policy those before the first one that is not due."""
        resting: set[str] = set()
        due = []
        for transition in self._waiting():
            if transition.next_try_at is not None and transition.next_try_at > now:
                resting.add(transition.event.policy_name)
            if transition.event.policy_name not in resting:
                due.append(transition)
        return due

    def _waiting(self) -> list[Transition]:
        return [transition for transition in self.database.transitions.values() if transition.waiting]
