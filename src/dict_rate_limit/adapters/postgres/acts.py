"""What people see and do: alerts with their history, silences, the audit."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres import mappers
from dict_rate_limit.adapters.postgres.params import silence_parameters, storable
from dict_rate_limit.adapters.postgres.pool import translated
from dict_rate_limit.adapters.postgres.record_poll import lock_participant, save_alerts
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.ports.stores import AlertHistory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.adapters.postgres.pool import Connection, Parameters, Pool, Row
    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
    from dict_rate_limit.domain.notifications.silence import Silence


class PostgresAlertUnitOfWork:
    """A participant's alerts inside an open transaction that holds its lock."""

    def __init__(self, connection: Connection, participant: str) -> None:
        self._connection = connection
        self._participant = participant

    async def alert(self, alert_id: UUID) -> Alert | None:
        """Return the participant's alert; None for another's."""
        with translated():
            found = await _alert(self._connection, alert_id)
        return found if found is not None and found.participant == self._participant else None

    async def save(self, alert: Alert, events: Sequence[AlertEvent], entry: AuditEntry) -> None:
        """Write the alert, its transitions and the act."""
        with translated():
            await save_alerts(self._connection, [alert], events)
            await _add_to_audit(self._connection, entry)


@asynccontextmanager
async def acting_unit(pool: Pool, participant: str) -> AsyncIterator[PostgresAlertUnitOfWork]:
    """Open a transaction that holds the participant's lock; committed at the end, rolled back after an error."""
    async with pool.connection() as connection:
        await lock_participant(connection, participant)
        yield PostgresAlertUnitOfWork(connection, participant)


async def alert(pool: Pool, alert_id: UUID) -> AlertHistory | None:
    """Read an alert and all its transitions."""
    async with pool.connection() as connection:
        found = await _alert(connection, alert_id)
        if found is None:
            return None
        rows = await _rows(connection, "transitions", {"alert_id": alert_id})
    return AlertHistory(
        alert=found,
        events=[mappers.alert_event(row["event"]) for row in rows],
        published=_ids(rows, "published_at"),
        dead=_ids(rows, "dead_at"),
        routed=_ids(rows, "routed_at"),
    )


async def alerts(pool: Pool, participants: Sequence[str], *, open_only: bool, limit: int) -> Sequence[Alert]:
    """Read alerts, the last opened first."""
    async with pool.connection() as connection:
        parameters: Parameters = {"participants": sorted(set(participants)), "limit": limit}
        rows = await _rows(connection, "open_alerts" if open_only else "alerts", parameters)
    return [mappers.alert(row["alert"]) for row in rows]


async def add_silence(pool: Pool, silence: Silence, entry: AuditEntry) -> None:
    """Write a silence and the act in one transaction."""
    async with pool.connection() as connection:
        await connection.execute(statements("acts")["add_silence"], silence_parameters(silence))
        await _add_to_audit(connection, entry)


async def end_silence(pool: Pool, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
    """End a silence that has not ended, and write the act."""
    async with pool.connection() as connection:
        parameters: Parameters = {"silence_id": silence_id, "actor": storable(actor), "at": at}
        rows = await _rows(connection, "end_silence", parameters)
        if not rows:
            return None
        await _add_to_audit(connection, entry)
    return mappers.silence(rows[0])


async def silences(pool: Pool, now: datetime, *, ended: bool) -> Sequence[Silence]:
    """Read the silences in force or to come, or the others."""
    async with pool.connection() as connection:
        rows = await _rows(connection, "ended_silences" if ended else "silences", {"now": now})
    return [mappers.silence(row) for row in rows]


async def audit(pool: Pool, limit: int) -> Sequence[AuditEntry]:
    """Read the last acts."""
    async with pool.connection() as connection:
        rows = await _rows(connection, "audit", {"limit": limit})
    return [AuditEntry(**{**row, "act": AuditAction(row["act"])}) for row in rows]


async def _alert(connection: Connection, alert_id: UUID) -> Alert | None:
    rows = await _rows(connection, "alert", {"alert_id": alert_id})
    return mappers.alert(rows[0]["alert"]) if rows else None


async def _add_to_audit(connection: Connection, entry: AuditEntry) -> None:
    parameters = {
        "at": entry.at,
        "actor": storable(entry.actor),
        "act": entry.act,
        "subject_id": entry.subject_id,
        "detail": storable(entry.detail),
        "reason": storable(entry.reason),
    }
    await connection.execute(statements("acts")["add_to_audit"], parameters)


async def _rows(connection: Connection, query: str, parameters: Parameters) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statements("acts")[query], parameters)
        return await cursor.fetchall()


def _ids(rows: Iterable[Row], column: str) -> frozenset[UUID]:
    return frozenset(row["event_id"] for row in rows if row[column] is not None)
