"""Silences and maintenance windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dict_rate_limit.adapters.postgres import mappers
from dict_rate_limit.adapters.postgres.audit import add_to_audit
from dict_rate_limit.adapters.postgres.mappers import silence_parameters, storable
from dict_rate_limit.adapters.postgres.pool import Parameters, Pool, fetch
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.audit import AuditEntry
from dict_rate_limit.domain.notifications.silence import Silence


class PostgresSilences:
    """SilenceRepository over one pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

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
