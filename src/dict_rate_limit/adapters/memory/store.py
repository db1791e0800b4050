"""Every port of a store in memory, for one process: all is gone with it."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.memory.acts import MemoryActs
from dict_rate_limit.adapters.memory.database import MemoryDatabase
from dict_rate_limit.adapters.memory.notifications import MemoryNotifications
from dict_rate_limit.adapters.memory.outbox import MemoryOutbox
from dict_rate_limit.adapters.memory.participant_log import full_hour, new_ledger
from dict_rate_limit.adapters.memory.partitions import MemoryPartitions, retained_from

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta
    from uuid import UUID

    from dict_rate_limit.adapters.memory.participant_log import ParticipantLog
    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent, Kind, Severity
    from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
    from dict_rate_limit.domain.audit import AuditEntry
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.notifications.routing import Attempt, Notification, Status
    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.delivery import Backlog, ClaimUnitOfWork
    from dict_rate_limit.ports.notifications import LedgerEntry, RoutingUnitOfWork
    from dict_rate_limit.ports.stores import AlertHistory, AlertUnitOfWork, LatestReading, TransitionKey


class MemoryRecordingUnitOfWork:
    """Holds judgements back until the unit ends."""

    def __init__(self, ledger: ParticipantLog) -> None:
        self._ledger = ledger
        self.saved: list[tuple[Evaluation, Sequence[AlertEvent]]] = []

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Return the state before this poll; None when it is recorded already."""
        return None if poll.received_at in self._ledger.polls else self._ledger.state()

    async def save(self, evaluation: Evaluation, events: Sequence[AlertEvent]) -> None:
        """Keep both for the end of the unit."""
        self.saved.append((evaluation, events))


class MemoryStore:
    """StateStore, Outbox, Notifications, Acts, Maintenance, StoreHealth and RateLimiter, in dictionaries."""

    def __init__(self, clock: Clock) -> None:
        """Space calls by this clock and begin with the months around its now."""
        self._clock = clock
        self._database = MemoryDatabase()
        self._outbox = MemoryOutbox(self._database)
        self._notifications = MemoryNotifications(self._database)
        self._acts = MemoryActs(self._database)
        self._called_at: dict[str, float] = {}
        self._months = MemoryPartitions(clock.now())

    def set_policy_rule(self, participant: str, policy_name: str, rule: PolicyOverride) -> None:
        """Set what an operator would set in the database."""
        self._database.ledger(participant).policy_overrides[policy_name] = rule

    @asynccontextmanager
    async def begin(self, participant: str) -> AsyncIterator[MemoryRecordingUnitOfWork]:
        """Hold the participant's lock; what was saved counts once the block ends without an error."""
        async with self._database.locks[participant]:
            unit = MemoryRecordingUnitOfWork(self._database.ledgers.get(participant) or new_ledger(participant))
            yield unit
            for evaluation, events in unit.saved:
                self._database.ledger(participant).add(evaluation)
                self._database.add(events)

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        """Return the last new reading and the last outcome of each participant ever polled."""
        return {
            ledger.known.participant: ledger.latest(ledger.last)
            for ledger in self._database.of(participants)
            if ledger.last is not None
        }

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        """Return what operators set for the participant's policies."""
        return MappingProxyType(
            {
                name: rule
                for ledger in self._database.of([participant])
                for name, rule in ledger.policy_overrides.items()
            }
        )

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        """Return the open alerts, worst first, then oldest first."""
        return sorted(
            (alert for ledger in self._database.of(participants) for alert in ledger.open_alerts()),
            key=lambda a: (-a.severity.rank(), a.opened_at, a.participant, a.key),
        )

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        """Return how many polls were ever recorded."""
        return {
            (ledger.known.participant, outcome): count
            for ledger in self._database.of(participants)
            for outcome, count in ledger.counts.items()
        }

    async def transition_counts(self, participants: Sequence[str]) -> Mapping[TransitionKey, int]:
        """Return how many transitions there ever were."""
        events = (transition.event for transition in self._database.transitions.values())
        return Counter(
            (event.participant, event.policy_name, event.kind, event.transition)
            for event in events
            if event.participant in participants
        )

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        """Return how many alerts are open."""
        return Counter(
            (alert.participant, alert.kind, alert.severity) for alert in await self.open_alerts(participants)
        )

    def claim_batch(self, limit: int, now: datetime) -> AbstractAsyncContextManager[ClaimUnitOfWork]:
        """Claim transitions policy by policy."""
        return self._outbox.claim_batch(limit, now)

    async def backlog(self) -> Backlog:
        """Say what waits to be published."""
        return await self._outbox.backlog()

    def routing(self, limit: int) -> AbstractAsyncContextManager[RoutingUnitOfWork]:
        """Claim transitions to be routed; none while another router works."""
        return self._notifications.routing(limit)

    async def claim(self, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
        """Lease a channel's pending notifications once the oldest is due."""
        return await self._notifications.claim(channel, now, lease, limit)

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Add to the ledger."""
        await self._notifications.record_attempts(attempts)

    async def discard_orphans(self, channels: Sequence[str], now: datetime, made_before: datetime) -> int:
        """Give up what waits for channels that are gone."""
        return await self._notifications.discard_orphans(channels, now, made_before)

    async def ledger(self, alert_id: UUID) -> Sequence[LedgerEntry]:
        """Return an alert's notifications and what was tried."""
        return await self._notifications.ledger(alert_id)

    async def last_attempts(self) -> Mapping[str, Attempt]:
        """Return the last attempt of each channel."""
        return await self._notifications.last_attempts()

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        """Count notifications by channel and status."""
        return await self._notifications.notification_counts()

    async def oldest_pending(self) -> Mapping[str, datetime]:
        """Say since when each channel's oldest pending notification waits."""
        return await self._notifications.oldest_pending()

    async def alert(self, alert_id: UUID) -> AlertHistory | None:
        """Return an alert with all its transitions."""
        return await self._acts.alert(alert_id)

    async def alerts(self, participants: Sequence[str], *, open_only: bool, limit: int) -> Sequence[Alert]:
        """Return alerts, the last opened first."""
        return await self._acts.alerts(participants, open_only=open_only, limit=limit)

    def unit_of_work(self, participant: str) -> AbstractAsyncContextManager[AlertUnitOfWork]:
        """Hold the participant's lock."""
        return self._acts.unit_of_work(participant)

    async def add_silence(self, silence: Silence, entry: AuditEntry) -> None:
        """Keep a new silence and the act."""
        await self._acts.add_silence(silence, entry)

    async def end_silence(self, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
        """End a silence and keep the act; None when there is none to end."""
        return await self._acts.end_silence(silence_id, actor, at, entry)

    async def silences(self, now: datetime, *, ended: bool = False) -> Sequence[Silence]:
        """Return the silences that hold or will, or the others."""
        return await self._acts.silences(now, ended=ended)

    async def audit(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last acts, newest first."""
        return await self._acts.audit(limit)

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        """Note the months from the current one to two ahead."""
        return self._months.make(today)

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        """Forget what is older than the retention."""
        before = retained_from(today, retention_months)
        for ledger in self._database.ledgers.values():
            ledger.forget(before)
        return self._months.drop(before)

    async def roll_up(self, today: datetime) -> int:
        """Bring the hourly roll-up up to the last full hour."""
        return sum(ledger.roll_up(full_hour(today)) for ledger in self._database.ledgers.values())

    async def partitions_ahead(self, today: datetime) -> int:
        """Count the months noted after the current one."""
        return self._months.ahead(today)

    async def schema_version(self) -> int | None:
        """Return None: memory has no schema."""

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        """Admit one caller per spacing, by the given clock."""
        now = self._clock.monotonic()
        last = self._called_at.get(participant)
        if last is not None and now - last < spacing.total_seconds():
            return False
        self._called_at[participant] = now
        return True
