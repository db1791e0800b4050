"""The state of each participant: recorded poll by poll, read by everyone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from dict_rate_limit.adapters.postgres import mappers
from dict_rate_limit.adapters.postgres.mappers import alert_parameters, poll_parameters, reading_parameters
from dict_rate_limit.adapters.postgres.pool import Connection, Parameters, Pool, Row, fetch
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent, Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.ports.stores import LatestReading, TransitionKey


class PostgresRecordingUnitOfWork:
    """A participant's state inside an open transaction that holds its lock."""

    def __init__(self, connection: Connection, participant: str) -> None:
        self._connection = connection
        self._participant = participant

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Return the state before this poll; None when it is recorded already."""
        key: Parameters = {"participant": self._participant, "received_at": poll.received_at}
        (row,) = await fetch(self._connection, statements("recording")["load"], key)
        return None if row["recorded"] else mappers.participant_state(self._participant, row)

    async def save(self, evaluation: Evaluation, events: Sequence[AlertEvent]) -> None:
        """Write only what there is. A quiet poll is one statement, a reading two, a reading with transitions three."""
        poll, sql = evaluation.poll, statements("recording")
        # A pipeline: one round trip, however many statements.
        async with self._connection.pipeline():
            await self._connection.execute(sql["save_poll"], poll_parameters(evaluation))
            if evaluation.is_new_reading and isinstance(poll, Snapshot):
                await self._connection.execute(sql["save_reading"], reading_parameters(poll, evaluation))
            if events:
                await save_alerts(self._connection, evaluation.alerts, events)


@dataclass(slots=True)
class PostgresStateStore:
    _pool: Pool

    @asynccontextmanager
    async def begin(self, participant: str) -> AsyncIterator[PostgresRecordingUnitOfWork]:
        """Open a transaction that holds the participant's lock; committed at the end, rolled back after an error."""
        async with self._pool.connection() as connection:
            await lock_participant(connection, participant)
            yield PostgresRecordingUnitOfWork(connection, participant)

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        return {row["participant"]: mappers.latest(row) for row in await self._of("latest", participants)}

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        (row,) = await self._pool.fetch(statements("reading")["policy_rules"], {"participant": participant})
        return mappers.policy_overrides(row["policy_rules"])

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        (row,) = await self._of("open_alerts", participants)
        return mappers.alerts(row["open_alerts"])

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        rows = await self._of("poll_counts", participants)
        return {(row["participant"], Outcome(row["outcome"])): row["polls"] for row in rows}

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        rows = await self._of("open_alert_counts", participants)
        return {(row["participant"], Kind(row["kind"]), Severity(row["severity"])): row["count"] for row in rows}

    async def transition_counts(self, participants: Sequence[str]) -> Mapping[TransitionKey, int]:
        return {
            (row["participant"], row["policy_name"], Kind(row["kind"]), TransitionKind(row["transition"])): row["count"]
            for row in await self._of("transition_counts", participants)
        }

    async def _of(self, query: str, participants: Sequence[str]) -> list[Row]:
        return await self._pool.fetch(statements("reading")[query], {"participants": list(participants)})


@dataclass(slots=True)
class PostgresRateLimiter:
    """RateLimiter by the database's clock, for readers that cannot reach Redis."""

    _pool: Pool

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        parameters: Parameters = {"participant": participant, "spacing": spacing}
        return bool(await self._pool.fetch(statements("reading")["acquire"], parameters))


async def lock_participant(connection: Connection, participant: str) -> None:
    """Begin a transaction and wait for the participant's lock, in one round trip."""
    async with connection.pipeline():
        await connection.execute(statements("recording")["lock"], {"participant": participant})


async def save_alerts(connection: Connection, alerts: Sequence[Alert], events: Sequence[AlertEvent]) -> None:
    """Write alerts in their new form and their transitions."""
    await connection.execute(statements("recording")["save_alerts"], alert_parameters(alerts, events))
