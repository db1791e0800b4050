"""Notifications on their way to channels, and the ledger of every attempt."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres.alert_rows import alert_event
from dict_rate_limit.adapters.postgres.params import storable
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.notifications.routing import Attempt, DeliveryResult, Notification, Status
from dict_rate_limit.ports.notifications import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from dict_rate_limit.adapters.postgres.alert_rows import Row
    from dict_rate_limit.adapters.postgres.params import Parameters
    from dict_rate_limit.adapters.postgres.pool import Connection, Pool


async def claim(pool: Pool, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
    """Lease what waits for a channel; nothing while somebody else claims."""
    async with pool.connection() as connection:
        cursor = await connection.execute(statements("notifications")["try_lock_channel"], {"channel": channel})
        if await cursor.fetchone() != (True,):
            return ()
        parameters = {"channel": channel, "now": now, "lease": lease, "limit": limit}
        return [_notification(row) for row in await _rows(connection, "claim", parameters)]


async def record_attempts(pool: Pool, attempts: Sequence[Attempt]) -> None:
    """Add attempts to the ledger in one transaction, in their order."""
    sql = statements("notifications")
    async with pool.connection() as connection, connection.pipeline():
        for attempt in attempts:
            await connection.execute(sql["note"], _attempt_parameters(attempt))
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
        notifications = [_notification(row) for row in await _rows(connection, "of_alert", {"alert_id": alert_id})]
        tried = await _rows(connection, "attempts_of_alert", {"alert_id": alert_id})
    attempts: defaultdict[UUID, list[Attempt]] = defaultdict(list)
    for row in tried:
        attempts[row["notification_id"]].append(_attempt(row))
    return [LedgerEntry(notification=one, attempts=attempts[one.notification_id]) for one in notifications]


async def last_attempts(pool: Pool) -> Mapping[str, Attempt]:
    """Read the last attempt of each channel."""
    async with pool.connection() as connection:
        return {row["channel"]: _attempt(row) for row in await _rows(connection, "last_attempts", {})}


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


def _notification(row: Row) -> Notification:
    document = row["notification"]
    silence_id = document["silence_id"]
    return Notification(
        notification_id=UUID(document["notification_id"]),
        channel=document["channel"],
        event=alert_event(row["event"]),
        status=Status(document["status"]),
        created_at=datetime.fromisoformat(document["created_at"]),
        next_try_at=datetime.fromisoformat(document["next_try_at"]),
        attempts=document["attempts"],
        silence_id=None if silence_id is None else UUID(silence_id),
    )


def _attempt(row: Row) -> Attempt:
    return Attempt(
        message_id=row["message_id"],
        channel=row["channel"],
        notification_ids=(row["notification_id"],),
        at=row["attempted_at"],
        answer=DeliveryResult(ok=row["ok"], text=row["answer"], refused=row["refused"]),
        status=Status(row["status"]),
        next_try_at=row["next_try_at"],
    )


def _attempt_parameters(attempt: Attempt) -> Parameters:
    return {
        "message_id": attempt.message_id,
        "channel": attempt.channel,
        "notification_ids": list(attempt.notification_ids),
        "at": attempt.at,
        "ok": attempt.answer.ok,
        "refused": attempt.answer.refused,
        "answer": storable(attempt.answer.text),
        "status": attempt.status,
        "next_try_at": attempt.next_try_at,
    }
