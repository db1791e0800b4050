"""The audit log."""

from __future__ import annotations

from collections.abc import Sequence

from dict_rate_limit.adapters.postgres.mappers import storable
from dict_rate_limit.adapters.postgres.pool import Connection, Pool
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.audit import AuditAction, AuditEntry


class PostgresAuditLog:
    """AuditLog over one pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

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
