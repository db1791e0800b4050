"""The store: every port that PostgreSQL stands behind, over one pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres import (
    acts,
    maintenance,
    notification_routing,
    notifications,
    outbox,
    queries,
    record_poll,
)
from dict_rate_limit.adapters.postgres.migrations import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta
    from uuid import UUID

    from dict_rate_limit.adapters.postgres.pool import Pool
    from dict_rate_limit.domain.alerts.alert import Alert, Kind, Severity
    from dict_rate_limit.domain.alerts.state import PolicyOverride
    from dict_rate_limit.domain.audit import AuditEntry
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.notifications.routing import Attempt, Notification, Status
    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.ports.delivery import Backlog, ClaimUnitOfWork
    from dict_rate_limit.ports.notifications import LedgerEntry, RoutingUnitOfWork
    from dict_rate_limit.ports.stores import (
        AlertHistory,
        AlertUnitOfWork,
        LatestReading,
        RecordingUnitOfWork,
        TransitionKey,
    )


class PostgresStore:
    """StateStore, Outbox, Notifications, Acts, Maintenance, StoreHealth and RateLimiter.

    Each call borrows one connection. Raises StoreError.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def begin(self, participant: str) -> AbstractAsyncContextManager[RecordingUnitOfWork]:
        """Open a transaction that holds the participant's lock."""
        return record_poll.recording_unit(self._pool, participant)

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        """Return the last new reading and the last outcome of each participant ever polled."""
        return await queries.latest(self._pool, participants)

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        """Return what operators set for the participant's policies."""
        return await queries.policy_overrides(self._pool, participant)

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        """Return the open alerts, worst first, then oldest first."""
        return await queries.open_alerts(self._pool, participants)

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        """Return how many polls were ever recorded."""
        return await queries.poll_counts(self._pool, participants)

    async def transition_counts(self, participants: Sequence[str]) -> Mapping[TransitionKey, int]:
        """Return how many transitions there ever were."""
        return await queries.transition_counts(self._pool, participants)

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        """Return how many alerts are open."""
        return await queries.open_alert_counts(self._pool, participants)

    def claim_batch(self, limit: int, now: datetime) -> AbstractAsyncContextManager[ClaimUnitOfWork]:
        """Claim transitions policy by policy."""
        return outbox.drain_unit(self._pool, limit, now)

    async def backlog(self) -> Backlog:
        """Say what waits to be published."""
        return await outbox.backlog(self._pool)

    def routing(self, limit: int) -> AbstractAsyncContextManager[RoutingUnitOfWork]:
        """Claim transitions to be routed; none while another router works."""
        return notification_routing.routing_unit(self._pool, limit)

    async def claim(self, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
        """Lease a channel's pending notifications once the oldest is due."""
        return await notifications.claim(self._pool, channel, now, lease, limit)

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Add to the ledger."""
        await notifications.record_attempts(self._pool, attempts)

    async def discard_orphans(self, channels: Sequence[str], now: datetime, made_before: datetime) -> int:
        """Give up what waits for channels that are gone."""
        return await notifications.discard_orphans(self._pool, channels, now, made_before)

    async def ledger(self, alert_id: UUID) -> Sequence[LedgerEntry]:
        """Return an alert's notifications and what was tried."""
        return await notifications.ledger(self._pool, alert_id)

    async def last_attempts(self) -> Mapping[str, Attempt]:
        """Return the last attempt of each channel."""
        return await notifications.last_attempts(self._pool)

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        """Count notifications by channel and status."""
        return await notifications.counts(self._pool)

    async def oldest_pending(self) -> Mapping[str, datetime]:
        """Say since when each channel's oldest pending notification waits."""
        return await notifications.oldest_pending(self._pool)

    async def alert(self, alert_id: UUID) -> AlertHistory | None:
        """Return an alert with all its transitions."""
        return await acts.alert(self._pool, alert_id)

    async def alerts(self, participants: Sequence[str], *, open_only: bool, limit: int) -> Sequence[Alert]:
        """Return alerts, the last opened first."""
        return await acts.alerts(self._pool, participants, open_only=open_only, limit=limit)

    def unit_of_work(self, participant: str) -> AbstractAsyncContextManager[AlertUnitOfWork]:
        """Open a transaction that holds the participant's lock."""
        return acts.acting_unit(self._pool, participant)

    async def add_silence(self, silence: Silence, entry: AuditEntry) -> None:
        """Keep a new silence and the act."""
        await acts.add_silence(self._pool, silence, entry)

    async def end_silence(self, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
        """End a silence and keep the act; None when there is none to end."""
        return await acts.end_silence(self._pool, silence_id, actor, at, entry)

    async def silences(self, now: datetime, *, ended: bool = False) -> Sequence[Silence]:
        """Return the silences that hold or will, or the others."""
        return await acts.silences(self._pool, now, ended=ended)

    async def audit(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last acts, newest first."""
        return await acts.audit(self._pool, limit)

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        """Make the months from the current one to two ahead."""
        return await maintenance.make_partitions(self._pool, today)

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        """Drop what is older than the retention."""
        return await maintenance.drop_partitions(self._pool, today, retention_months)

    async def roll_up(self, today: datetime) -> int:
        """Bring the hourly roll-up up to the last full hour."""
        return await maintenance.roll_up(self._pool, today)

    async def partitions_ahead(self, today: datetime) -> int:
        """Count the months that are made after the current one."""
        return await maintenance.partitions_ahead(self._pool, today)

    async def schema_version(self) -> int | None:
        """Return the newest migration in force."""
        return await schema.schema_version(self._pool)

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        """Admit one caller per spacing, by the database's clock."""
        return await queries.acquire(self._pool, participant, spacing)
