"""The outbox: one reader at a time, each mark in force at once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres.errors import translated
from dict_rate_limit.adapters.postgres.rows import alert_event
from dict_rate_limit.adapters.postgres.statements import statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.adapters.postgres.pool import Connection, Pool
    from dict_rate_limit.domain.alert import AlertEvent


class PostgresDrainUnit:
    """A batch of transitions that nobody else can claim meanwhile."""

    def __init__(self, connection: Connection, events: Sequence[AlertEvent]) -> None:
        self._connection = connection
        self._events = events

    @property
    def events(self) -> Sequence[AlertEvent]:
        """Unpublished transitions, oldest first."""
        return self._events

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        """Mark and commit, so that neither a later error nor the loss of this process tells them again."""
        with translated():
            parameters = {"event_ids": list(event_ids), "at": at}
            await self._connection.execute(statements("outbox")["mark_published"], parameters)
            await self._connection.commit()


@asynccontextmanager
async def drain_unit(pool: Pool, limit: int) -> AsyncIterator[PostgresDrainUnit | None]:
    """Claim the outbox; None when another session has it."""
    async with pool.connection() as connection:
        try:
            claimed = await _claimed(connection)
            yield PostgresDrainUnit(connection, await _unpublished(connection, limit)) if claimed else None
        finally:
            await _released(connection)


async def _claimed(connection: Connection) -> bool:
    cursor = await connection.execute(statements("outbox")["try_lock"])
    ((claimed,),) = await cursor.fetchall()
    return bool(claimed)


async def _unpublished(connection: Connection, limit: int) -> list[AlertEvent]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statements("outbox")["unpublished"], {"limit": limit})
        rows = await cursor.fetchall()
    await connection.commit()
    return [alert_event(row) for row in rows]


async def _released(connection: Connection) -> None:
    """Give the lock back, or the connection up: the pool must not lend one that still holds it."""
    try:
        await connection.rollback()
        await connection.execute(statements("outbox")["unlock"])
        await connection.commit()
    except BaseException:
        await connection.close()
        raise
