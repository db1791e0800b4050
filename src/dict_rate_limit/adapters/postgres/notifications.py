"""Notifications to channels and the ledger of every attempt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from dict_rate_limit.adapters.postgres.mappers import (
    alert_event,
    as_json,
    attempt,
    attempt_parameters,
    notification,
    notification_parameters,
)
from dict_rate_limit.adapters.postgres.pool import Connection, Parameters, Pool, Row, fetch, translated
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.alerts.alert import AlertEvent
from dict_rate_limit.domain.notifications.routing import Attempt, Notification, Status
from dict_rate_limit.ports.notifications import LedgerEntry


@dataclass(slots=True)
class PostgresRoutingUnitOfWork:
    """Transitions that wait to be routed, inside an open transaction that holds the router's lock."""

    _connection: Connection
    events: Sequence[AlertEvent]
    notified: Mapping[UUID, frozenset[str]]

    async def route(self, notifications: Sequence[Notification]) -> None:
        """Store the notifications and mark all transitions of the unit as routed."""
        sql = statements("notifications")
        with translated():
            if notifications:
                rows = as_json([notification_parameters(notification) for notification in notifications])
                await self._connection.execute(sql["add"], {"notifications": rows})
            await self._connection.execute(sql["mark_routed"], {"event_ids": [event.event_id for event in self.events]})


@dataclass(slots=True)
class PostgresNotifications:
    _pool: Pool

    @asynccontextmanager
    async def routing(self, limit: int) -> AsyncIterator[PostgresRoutingUnitOfWork]:
        """Claim the oldest transitions, none while another router works; rolled back after an error."""
        async with self._pool.connection() as connection:
            events = await _unrouted(connection, limit)
            yield PostgresRoutingUnitOfWork(connection, events, await _notified(connection, events))

    async def claim(self, channel: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Notification]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statements("notifications")["try_lock_channel"], {"channel": channel})
            if await cursor.fetchone() != (True,):
                return ()
            parameters = {"channel": channel, "now": now, "lease": lease, "limit": limit}
            return [notification(row) for row in await _rows(connection, "claim", parameters)]

    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Add attempts to the ledger in one transaction, in their order."""
        sql = statements("notifications")
        async with self._pool.connection() as connection, connection.pipeline():
            for attempt in attempts:
                await connection.execute(sql["record_attempt"], attempt_parameters(attempt))
                # The sender stops after a failure. Its other leases end, so that the failed one is the next to be sent.
                if not attempt.answer.ok:
                    await connection.execute(sql["end_lease"], {"channel": attempt.channel})

    async def discard_orphans(self, channels: Sequence[str], now: datetime, created_before: datetime) -> int:
        async with self._pool.connection() as connection:
            parameters = {"channels": list(channels), "now": now, "created_before": created_before}
            return (await connection.execute(statements("notifications")["discard_orphans"], parameters)).rowcount

    async def ledger(self, alert_id: UUID) -> Sequence[LedgerEntry]:
        async with self._pool.connection() as connection:
            notifications = [notification(row) for row in await _rows(connection, "of_alert", {"alert_id": alert_id})]
            tried = await _rows(connection, "attempts_of_alert", {"alert_id": alert_id})
        attempts: defaultdict[UUID, list[Attempt]] = defaultdict(list)
        for row in tried:
            attempts[row["notification_id"]].append(attempt(row))
        return [LedgerEntry(notification=one, attempts=attempts[one.notification_id]) for one in notifications]

    async def last_attempts(self) -> Mapping[str, Attempt]:
        rows = await self._pool.fetch(statements("notifications")["last_attempts"])
        return {row["channel"]: attempt(row) for row in rows}

    async def notification_counts(self) -> Mapping[tuple[str, Status], int]:
        rows = await self._pool.fetch(statements("notifications")["counts"])
        return {(row["channel"], Status(row["status"])): row["count"] for row in rows}

    async def oldest_pending(self) -> Mapping[str, datetime]:
        rows = await self._pool.fetch(statements("notifications")["oldest_pending"])
        return {row["channel"]: row["min"] for row in rows}


async def _unrouted(connection: Connection, limit: int) -> Sequence[AlertEvent]:
    sql = statements("notifications")
    cursor = await connection.execute(sql["try_lock_routing"])
    # Another router is at work and marks these transitions.
    if await cursor.fetchone() != (True,):
        return ()
    cursor = await connection.execute(sql["unrouted"], {"limit": limit})
    return tuple(alert_event(event) for (event,) in await cursor.fetchall())


async def _notified(connection: Connection, events: Sequence[AlertEvent]) -> Mapping[UUID, frozenset[str]]:
    if not events:
        return MappingProxyType({})
    rows = await _rows(connection, "notified", {"alert_ids": list({event.alert_id for event in events})})
    return MappingProxyType({row["alert_id"]: frozenset(row["channels"]) for row in rows})


async def _rows(connection: Connection, query: str, parameters: Parameters) -> list[Row]:
    return await fetch(connection, statements("notifications")[query], parameters)
