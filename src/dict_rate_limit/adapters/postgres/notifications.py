"""Notifications on their way to channels, and the ledger of every attempt."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres.mappers import attempt, notification
from dict_rate_limit.adapters.postgres.params import attempt_parameters
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.notifications.routing import Attempt, Notification, Status
from dict_rate_limit.ports.notifications import LedgerEntry

if TYPE_CHECKING:
    from uuid import UUID
    from datetime import datetime
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from dict_rate_limit.adapters.postgres.pool import Connection, Parameters, Pool, Row


async def claim(pool: Pool, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
    """Lease what waits for a channel; nothing while somebody else claims."""
    async with pool.connection() as connection:
        cursor = await connection.execute(statements("notifications")["try_lock_channel"], {"channel": channel})
        if await cursor.fetchone() != (True,):
            return ()
        parameters = {"channel": channel, "now": now, "lease": lease, "limit": limit}
        return [notification(row) for row in await _rows(connection, "claim", parameters)]


async def record_attempts(pool: Pool, attempts: Sequence[Attempt]) -> None:
    """Add attempts to the ledger in one transaction, in their order."""
    sql = statements("notifications")
    async with pool.connection() as connection, connection.pipeline():
        for attempt in attempts:
            await connection.execute(sql["note"], attempt_parameters(attempt))
            if not attempt.answer.ok:
                await connection.execute(sql["end_lease"], {"channel": attempt.channel})


async def discard_orphans(pool: Pool, channels: Sequence[str], now: datetime, made_before: datetime) -> int:
    """Give up what waits for other channels."""
    async with pool.connection() as connection:
        parameters = {"channels": list(channels), "now": now, "made_before": made_before}
        return (await connection.execute(statements("notifications")["abandon"], parameters)).rowcount


async def ledger(pool: Pool, alert_id: UUID) -> Sequence[LedgerEntry]:
    """Read the notifications of an alert and the attempts that told of them."""
    async with pool.connection() as connection:
        notifications = [notification(row) for row in await _rows(connection, "of_alert", {"alert_id": alert_id})]
        tried = await _rows(connection, "attempts_of_alert", {"alert_id": alert_id})
    attempts: defaultdict[UUID, list[Attempt]] = defaultdict(list)
    for row in tried:
        attempts[row["notification_id"]].append(attempt(row))
    return [LedgerEntry(notification=one, attempts=attempts[one.notification_id]) for one in notifications]


async def last_attempts(pool: Pool) -> Mapping[str, Attempt]:
    """Read the last attempt of each channel."""
    async with pool.connection() as connection:
        return {row["channel"]: attempt(row) for row in await _rows(connection, "last_attempts", {})}


async def counts(pool: Pool) -> Mapping[tuple[str, Status], int]:
    """Count notifications by channel and status."""
    async with pool.connection() as connection:
        rows = await _rows(connection, "counts", {})
    return {(row["channel"], Status(row["status"])): row["count"] for row in rows}


async def oldest_pending(pool: Pool) -> Mapping[str, datetime]:
    """Read since when each channel's oldest pending notification waits."""
    async with pool.connection() as connection:
        cursor = await connection.execute(statements("notifications")["oldest_pending"])
        return dict(await cursor.fetchall())


async def _rows(connection: Connection, query: str, parameters: Parameters) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statements("notifications")[query], parameters)
        return await cursor.fetchall()
