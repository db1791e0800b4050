"""Alerts with their history, silences, the audit log, and operator actions on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dict_rate_limit.adapters.postgres import mappers
from dict_rate_limit.adapters.postgres.mappers import silence_parameters, storable
from dict_rate_limit.adapters.postgres.polls import lock_participant, save_alerts
from dict_rate_limit.adapters.postgres.pool import Connection, Parameters, Pool, Row, fetch, translated
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.notifications.silence import Silence
from dict_rate_limit.ports.stores import AlertHistory


class PostgresAlertUnitOfWork:
    """A participant's alerts inside an open transaction that holds its lock."""

    def __init__(self, connection: Connection, participant: str) -> None:
        self._connection = connection
        self._participant = participant

    async def alert(self, alert_id: UUID) -> Alert | None:
        with translated():
            found = await _alert(self._connection, alert_id)
        return found if found is not None and found.participant == self._participant else None

    async def save(self, alert: Alert, events: Sequence[AlertEvent], entry: AuditEntry) -> None:
        with translated():
            await save_alerts(self._connection, [alert], events)
            await add_to_audit(self._connection, entry)


@dataclass(slots=True)
class PostgresAlerts:
    _pool: Pool

    async def alert(self, alert_id: UUID) -> AlertHistory | None:
        async with self._pool.connection() as connection:
            found = await _alert(connection, alert_id)
            if found is None:
                return None
            rows = await fetch(connection, statements("alerts")["transitions"], {"alert_id": alert_id})
        return AlertHistory(
            alert=found,
            events=[mappers.alert_event(row["event"]) for row in rows],
            published=_ids(rows, "published_at"),
            dead=_ids(rows, "dead_at"),
            routed=_ids(rows, "routed_at"),
        )

    async def alerts(self, participants: Sequence[str], *, open_only: bool, limit: int) -> Sequence[Alert]:
        # A participant named twice would return its alerts twice.
        parameters: Parameters = {"participants": sorted(set(participants)), "limit": limit}
        rows = await self._pool.fetch(statements("alerts")["open_alerts" if open_only else "alerts"], parameters)
        return [mappers.alert(row["alert"]) for row in rows]

    @asynccontextmanager
    async def unit_of_work(self, participant: str) -> AsyncIterator[PostgresAlertUnitOfWork]:
        """Open a transaction that holds the participant's lock; committed at the end, rolled back after an error."""
        async with self._pool.connection() as connection:
            await lock_participant(connection, participant)
            yield PostgresAlertUnitOfWork(connection, participant)


async def _alert(connection: Connection, alert_id: UUID) -> Alert | None:
    rows = await fetch(connection, statements("alerts")["alert"], {"alert_id": alert_id})
    return mappers.alert(rows[0]["alert"]) if rows else None


def _ids(rows: Iterable[Row], column: str) -> frozenset[UUID]:
    return frozenset(row["event_id"] for row in rows if row[column] is not None)


@dataclass(slots=True)
class PostgresAuditLog:
    _pool: Pool

    async def newest(self, limit: int) -> Sequence[AuditEntry]:
        rows = await self._pool.fetch(statements("audit")["newest"], {"limit": limit})
        return [AuditEntry(**{**row, "act": AuditAction(row["act"])}) for row in rows]


async def add_to_audit(connection: Connection, entry: AuditEntry) -> None:
    """Write an entry in the open transaction, beside the change it describes."""
    parameters = {
        "at": entry.at,
        "actor": storable(entry.actor),
        "act": entry.act,
        "subject_id": entry.subject_id,
        "detail": storable(entry.detail),
        "reason": storable(entry.reason),
    }
    await connection.execute(statements("audit")["add"], parameters)


@dataclass(slots=True)
class PostgresSilences:
    _pool: Pool

    async def add(self, silence: Silence, entry: AuditEntry) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(statements("silences")["add"], silence_parameters(silence))
            await add_to_audit(connection, entry)

    async def end(self, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
        """End a silence that has not ended, and write the audit entry."""
        parameters: Parameters = {"silence_id": silence_id, "actor": storable(actor), "at": at}
        async with self._pool.connection() as connection:
            rows = await fetch(connection, statements("silences")["end"], parameters)
            if not rows:
                return None
            await add_to_audit(connection, entry)
        return mappers.silence(rows[0])

    async def silence(self, silence_id: UUID) -> Silence | None:
        rows = await self._pool.fetch(statements("silences")["silence"], {"silence_id": silence_id})
        return mappers.silence(rows[0]) if rows else None

    async def current(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        rows = await self._pool.fetch(statements("silences")["current"], {"now": now, "limit": limit})
        return [mappers.silence(row) for row in rows]

    async def ended(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        rows = await self._pool.fetch(statements("silences")["ended"], {"now": now, "limit": limit})
        return [mappers.silence(row) for row in rows]
