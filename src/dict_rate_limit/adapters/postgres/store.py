"""The store: every port that PostgreSQL stands behind, over one pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres import outbox, reading, recording, upkeep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta

    from dict_rate_limit.adapters.postgres.pool import Pool
    from dict_rate_limit.domain.alert import Alert, Kind, Severity
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.state import PolicyRule
    from dict_rate_limit.ports import DrainUnit, Latest, RecordingUnit


class PostgresStore:
    """StateStore, Outbox, Maintenance and CallGate; each call borrows one connection. Raises StoreError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def participant(self, participant: str) -> AbstractAsyncContextManager[RecordingUnit]:
        """Open a transaction that holds the participant's lock."""
        return recording.recording_unit(self._pool, participant)

    async def latest(self, participants: Sequence[str]) -> Mapping[str, Latest]:
        """Return the last new reading and the last outcome of each participant ever polled."""
        return await reading.latest(self._pool, participants)

    async def policy_rules(self, participant: str) -> Mapping[str, PolicyRule]:
        """Return what operators set for the participant's policies."""
        return await reading.policy_rules(self._pool, participant)

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        """Return the open alerts, worst first, then oldest first."""
        return await reading.open_alerts(self._pool, participants)

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        """Return how many polls were ever recorded."""
        return await reading.poll_counts(self._pool, participants)

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        """Return how many alerts are open."""
        return await reading.open_alert_counts(self._pool, participants)

    def drain(self, limit: int) -> AbstractAsyncContextManager[DrainUnit | None]:
        """Open the outbox; None when somebody else has it open."""
        return outbox.drain_unit(self._pool, limit)

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        """Make the months from the current one to two ahead."""
        return await upkeep.make_partitions(self._pool, today)

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        """Drop what is older than the retention."""
        return await upkeep.drop_partitions(self._pool, today, retention_months)

    async def roll_up(self, today: datetime) -> int:
        """Bring the hourly roll-up up to the last full hour."""
        return await upkeep.roll_up(self._pool, today)

    async def admit(self, participant: str, spacing: timedelta) -> bool:
        """Admit one caller per spacing, by the database's clock."""
        return await reading.admit(self._pool, participant, spacing)
