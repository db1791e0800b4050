"""Routing: one router at a time settles who is told of each transition."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres.mappers import alert_event
from dict_rate_limit.adapters.postgres.params import as_json, notification_parameters
from dict_rate_limit.adapters.postgres.pool import translated
from dict_rate_limit.adapters.postgres.sql_loader import statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from uuid import UUID

    from dict_rate_limit.adapters.postgres.pool import Connection, Pool
    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.notifications.routing import Notification


class PostgresRoutingUnitOfWork:
    """Transitions that wait to be routed, inside an open transaction that holds the router's lock."""

    def __init__(
        self, connection: Connection, events: Sequence[AlertEvent], told: Mapping[UUID, frozenset[str]]
    ) -> None:
        self._connection = connection
        self._events = events
        self._told = told

    @property
    def events(self) -> Sequence[AlertEvent]:
        """Transitions in the order they were recorded."""
        return self._events

    @property
    def told(self) -> Mapping[UUID, frozenset[str]]:
        """Channels told of each alert before."""
        return self._told

    async def route(self, notifications: Sequence[Notification]) -> None:
        """Keep the notifications and mark all of the unit's transitions."""
        sql = statements("notifications")
        with translated():
            if notifications:
                rows = as_json([notification_parameters(notification) for notification in notifications])
                await self._connection.execute(sql["add"], {"notifications": rows})
            await self._connection.execute(
                sql["mark_routed"], {"event_ids": [event.event_id for event in self._events]}
            )


@asynccontextmanager
async def routing_unit(pool: Pool, limit: int) -> AsyncIterator[PostgresRoutingUnitOfWork]:
    """Claim the oldest transitions, none while another router works; kept at the end, rolled back after an error."""
    async with pool.connection() as connection:
        events = await _unrouted(connection, limit)
        yield PostgresRoutingUnitOfWork(connection, events, await _told(connection, events))


async def _unrouted(connection: Connection, limit: int) -> Sequence[AlertEvent]:
    sql = statements("notifications")
    cursor = await connection.execute(sql["try_lock_routing"])
    if await cursor.fetchone() != (True,):
        return ()
    cursor = await connection.execute(sql["unrouted"], {"limit": limit})
    return tuple(alert_event(event) for (event,) in await cursor.fetchall())


async def _told(connection: Connection, events: Sequence[AlertEvent]) -> Mapping[UUID, frozenset[str]]:
    if not events:
        return MappingProxyType({})
    async with connection.cursor(row_factory=dict_row) as cursor:
        alert_ids = list({event.alert_id for event in events})
        await cursor.execute(statements("notifications")["told"], {"alert_ids": alert_ids})
        return MappingProxyType({row["alert_id"]: frozenset(row["channels"]) for row in await cursor.fetchall()})
