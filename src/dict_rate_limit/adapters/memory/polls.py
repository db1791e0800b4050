"""The state of each participant in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from dict_rate_limit.adapters.memory.database import MemoryDatabase, ParticipantLog
from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent, Kind, Severity
from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.reading import Poll
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.stores import LatestReading, TransitionKey

_WORST_FIRST: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


class MemoryRecordingUnitOfWork:
    """Holds evaluations back until the unit ends."""

    def __init__(self, log: ParticipantLog) -> None:
        self._log = log
        self.saved: list[tuple[Evaluation, Sequence[AlertEvent]]] = []

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Return the state before this poll; None when it is recorded already."""
        return None if poll.received_at in self._log.polls else self._log.state()

    async def save(self, evaluation: Evaluation, events: Sequence[AlertEvent]) -> None:
        self.saved.append((evaluation, events))


@dataclass
class MemoryStateStore:
    database: MemoryDatabase

    @asynccontextmanager
    async def begin(self, participant: str) -> AsyncIterator[MemoryRecordingUnitOfWork]:
        """Hold the participant's lock; changes are stored once the block ends without an error."""
        async with self.database.locks[participant]:
            # A log is added with the first stored poll only: a failed transaction leaves no participant behind.
            unit = MemoryRecordingUnitOfWork(
                self.database.logs.get(participant) or ParticipantLog(ParticipantState(participant=participant))
            )
            yield unit
            for evaluation, events in unit.saved:
                self.database.log(participant).add(evaluation)
                self.database.add(events)

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        """Return the last new reading and the last outcome of each participant ever polled."""
        return {
            log.known.participant: log.latest(log.last)
            for log in self.database.of(participants)
            if log.last is not None
        }

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        return MappingProxyType(
            {name: rule for log in self.database.of([participant]) for name, rule in log.policy_overrides.items()}
        )

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        return sorted(
            (alert for log in self.database.of(participants) for alert in log.open_alerts()),
            key=lambda a: (_WORST_FIRST.index(a.severity), a.opened_at, a.participant, a.key),
        )

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        return {
            (log.known.participant, outcome): count
            for log in self.database.of(participants)
            for outcome, count in log.counts.items()
        }

    async def transition_counts(self, participants: Sequence[str]) -> Mapping[TransitionKey, int]:
        events = (transition.event for transition in self.database.transitions.values())
        return Counter(
            (event.participant, event.policy_name, event.kind, event.transition)
            for event in events
            if event.participant in participants
        )

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        return Counter(
            (alert.participant, alert.kind, alert.severity) for alert in await self.open_alerts(participants)
        )


@dataclass
class MemoryRateLimiter:
    """RateLimiter by the given clock."""

    clock: Clock
    called_at: dict[str, float] = field(default_factory=dict)

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        now = self.clock.monotonic()
        last = self.called_at.get(participant)
        if last is not None and now - last < spacing.total_seconds():
            return False
        self.called_at[participant] = now
        return True
