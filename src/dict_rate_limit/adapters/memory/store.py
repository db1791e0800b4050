"""StateStore, Outbox, Maintenance and CallGate in memory, for one process: all is gone with it."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dict_rate_limit.adapters.memory.ledger import full_hour, new_ledger
from dict_rate_limit.adapters.memory.months import Months, retained_from
from dict_rate_limit.domain.alert import Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from dict_rate_limit.adapters.memory.ledger import Ledger
    from dict_rate_limit.domain.alert import Alert, AlertEvent, Kind
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.reading import Poll
    from dict_rate_limit.domain.state import Judgement, ParticipantState, PolicyRule
    from dict_rate_limit.ports import Clock, Latest

_WORST_FIRST: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


class MemoryRecordingUnit:
    """Holds judgements back until the unit ends."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.judgements: list[Judgement] = []

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Return the state before this poll; None when it is recorded already."""
        return None if poll.received_at in self._ledger.polls else self._ledger.state()

    async def save(self, judgement: Judgement) -> None:
        """Keep the judgement for the end of the unit."""
        self.judgements.append(judgement)


class MemoryDrainUnit:
    """A batch of transitions that nobody else can claim meanwhile."""

    def __init__(self, transitions: dict[UUID, AlertEvent], published: dict[UUID, datetime], limit: int) -> None:
        self._published = published
        self._events = tuple(islice((e for e in transitions.values() if e.event_id not in published), limit))

    @property
    def events(self) -> Sequence[AlertEvent]:
        """Unpublished transitions, oldest first."""
        return self._events

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        """Note when they were told; the first time counts."""
        for event_id in event_ids:
            self._published.setdefault(event_id, at)


class MemoryStore:
    """Everything a store keeps, in dictionaries."""

    def __init__(self, clock: Clock) -> None:
        """Space calls by this clock and begin with the months around its now."""
        self._clock = clock
        self._ledgers: dict[str, Ledger] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._transitions: dict[UUID, AlertEvent] = {}
        self._published: dict[UUID, datetime] = {}
        self._draining = False
        self._called_at: dict[str, float] = {}
        self._months = Months(clock.now())

    def set_policy_rule(self, participant: str, policy_name: str, rule: PolicyRule) -> None:
        """Set what an operator would set in the database."""
        self._ledgers.setdefault(participant, new_ledger(participant)).policy_rules[policy_name] = rule

    @asynccontextmanager
    async def participant(self, participant: str) -> AsyncIterator[MemoryRecordingUnit]:
        """Hold the participant's lock; what was saved counts once the block ends without an error."""
        async with self._locks[participant]:
            unit = MemoryRecordingUnit(self._ledgers.get(participant) or new_ledger(participant))
            yield unit
            for judgement in unit.judgements:
                self._ledgers.setdefault(participant, new_ledger(participant)).add(judgement)
                for event in judgement.events:
                    self._transitions.setdefault(event.event_id, event)

    async def latest(self, participants: Sequence[str]) -> Mapping[str, Latest]:
        """Return the last new reading and the last outcome of each participant ever polled."""
        return {
            ledger.known.participant: ledger.latest(ledger.last)
            for ledger in self._of(participants)
            if ledger.last is not None
        }

    async def policy_rules(self, participant: str) -> Mapping[str, PolicyRule]:
        """Return what operators set for the participant's policies."""
        return MappingProxyType(
            {name: rule for ledger in self._of([participant]) for name, rule in ledger.policy_rules.items()}
        )

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        """Return the open alerts, worst first, then oldest first."""
        return sorted(
            (alert for ledger in self._of(participants) for alert in ledger.open_alerts()),
            key=lambda a: (_WORST_FIRST.index(a.severity), a.opened_at, a.participant, a.key),
        )

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        """Return how many polls were ever recorded."""
        return {
            (ledger.known.participant, outcome): count
            for ledger in self._of(participants)
            for outcome, count in ledger.counts.items()
        }

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        """Return how many alerts are open."""
        return Counter(
            (alert.participant, alert.kind, alert.severity) for alert in await self.open_alerts(participants)
        )

    @asynccontextmanager
    async def drain(self, limit: int) -> AsyncIterator[MemoryDrainUnit | None]:
        """Open the outbox; None when somebody else has it open."""
        if self._draining:
            yield None
            return
        self._draining = True
        try:
            yield MemoryDrainUnit(self._transitions, self._published, limit)
        finally:
            self._draining = False

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        """Note the months from the current one to two ahead."""
        return self._months.make(today)

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        """Forget what is older than the retention."""
        before = retained_from(today, retention_months)
        for ledger in self._ledgers.values():
            ledger.forget(before)
        return self._months.drop(before)

    async def roll_up(self, today: datetime) -> int:
        """Bring the hourly roll-up up to the last full hour."""
        return sum(ledger.roll_up(full_hour(today)) for ledger in self._ledgers.values())

    async def admit(self, participant: str, spacing: timedelta) -> bool:
        """Admit one caller per spacing, by the given clock."""
        now = self._clock.monotonic()
        last = self._called_at.get(participant)
        if last is not None and now - last < spacing.total_seconds():
            return False
        self._called_at[participant] = now
        return True

    def _of(self, participants: Sequence[str]) -> list[Ledger]:
        return [self._ledgers[name] for name in dict.fromkeys(participants) if name in self._ledgers]
