"""Recording one poll: one transaction, four round trips, however many policies there are."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres.mappers import participant_state
from dict_rate_limit.adapters.postgres.params import alert_parameters, poll_parameters, reading_parameters
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.buckets.reading import Snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dict_rate_limit.adapters.postgres.pool import Connection, Pool
    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
    from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState
    from dict_rate_limit.domain.buckets.reading import Poll


class PostgresRecordingUnitOfWork:
    """A participant's state inside an open transaction that holds its lock."""

    def __init__(self, connection: Connection, participant: str) -> None:
        self._connection = connection
        self._participant = participant

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Return the state before this poll; None when it is recorded already."""
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            key = {"participant": self._participant, "received_at": poll.received_at}
            await cursor.execute(statements("recording")["load"], key)
            (row,) = await cursor.fetchall()
        return None if row["recorded"] else participant_state(self._participant, row)

    async def save(self, evaluation: Evaluation, events: Sequence[AlertEvent]) -> None:
        """Write only what there is: a quiet poll is one statement, a reading two, a reading that alerts three."""
        poll, sql = evaluation.poll, statements("recording")
        async with self._connection.pipeline():
            await self._connection.execute(sql["save_poll"], poll_parameters(evaluation))
            if evaluation.is_new_reading and isinstance(poll, Snapshot):
                await self._connection.execute(sql["save_reading"], reading_parameters(poll, evaluation))
            if events:
                await save_alerts(self._connection, evaluation.alerts, events)


@asynccontextmanager
async def recording_unit(pool: Pool, participant: str) -> AsyncIterator[PostgresRecordingUnitOfWork]:
    """Open a transaction that holds the participant's lock; committed at the end, rolled back after an error."""
    async with pool.connection() as connection:
        await lock_participant(connection, participant)
        yield PostgresRecordingUnitOfWork(connection, participant)


async def lock_participant(connection: Connection, participant: str) -> None:
    """Begin a transaction and wait for the participant's lock, in one round trip."""
    async with connection.pipeline():
        await connection.execute(statements("recording")["lock"], {"participant": participant})


async def save_alerts(connection: Connection, alerts: Sequence[Alert], events: Sequence[AlertEvent]) -> None:
    """Write alerts in their new form and their transitions."""
    await connection.execute(statements("recording")["save_alerts"], alert_parameters(alerts, events))
