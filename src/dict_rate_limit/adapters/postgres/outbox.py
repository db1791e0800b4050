"""The outbox. One publisher at a time reads a policy's transitions. Marks are stored when it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dict_rate_limit.adapters.postgres.mappers import alert_event, as_json, storable
from dict_rate_limit.adapters.postgres.pool import Connection, Parameters, Pool, Row, fetch
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.ports.delivery import Backlog


class PostgresClaimUnitOfWork:
    """Transitions of policies that no other caller can claim meanwhile."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.events = tuple(alert_event(row["event"]) for row in rows)
        self.refusals = {
            event.event_id: row["refusals"] for event, row in zip(self.events, rows, strict=True) if row["refusals"]
        }
        self.marks: dict[UUID, Parameters] = {}

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        for event_id in event_ids:
            self.marks.setdefault(event_id, {"event_id": event_id, "published_at": at})

    async def mark_refused(self, event_id: UUID, reason: str, at: datetime, next_try_at: datetime | None) -> None:
        self.marks[event_id] = {
            "event_id": event_id,
            "refusal": storable(reason),
            "next_try_at": next_try_at,
            "dead_at": at if next_try_at is None else None,
        }


@dataclass(slots=True)
class PostgresOutbox:
    _pool: Pool

    @asynccontextmanager
    async def claim_batch(self, limit: int, now: datetime) -> AsyncIterator[PostgresClaimUnitOfWork]:
        """Claim what is due in one transaction; store the marks at its end, also after an error."""
        async with self._pool.connection() as connection:
            unit = PostgresClaimUnitOfWork(await _claimed(connection, limit, now))
            try:
                yield unit
            # Also after an error: the broker has stored the marked transitions.
            finally:
                if unit.marks:
                    marks = as_json(list(unit.marks.values()))
                    await connection.execute(statements("outbox")["mark"], {"marks": marks})
                await connection.commit()

    async def backlog(self) -> Backlog:
        (row,) = await self._pool.fetch(statements("outbox")["backlog"])
        return Backlog(**row)


async def _claimed(connection: Connection, limit: int, now: datetime) -> Sequence[Row]:
    sql = statements("outbox")
    policies = await _names(connection, "due", {"now": now})
    # Other publishers see new policies now, not when this transaction ends.
    await connection.commit()
    if not policies:
        return ()
    await connection.execute(sql["set_timeout"])
    claimed = await _names(connection, "claim", {"policies": policies, "limit": limit})
    rows = await fetch(connection, sql["waiting"], {"policies": claimed, "limit": limit})
    return _without_resting(rows, now)


async def _names(connection: Connection, query: str, parameters: Parameters) -> list[str]:
    return [row["policy_name"] for row in await fetch(connection, statements("outbox")[query], parameters)]


def _without_resting(rows: Sequence[Row], now: datetime) -> list[Row]:
    # Another publisher may have stored a rejection between the two statements.
    resting: set[str] = set()
    due = []
    for row in rows:
        policy_name = row["event"]["policy_name"]
        if row["next_try_at"] is not None and row["next_try_at"] > now:
            resting.add(policy_name)
        if policy_name not in resting:
            due.append(row)
    return due
