"""Housekeeping of dict_rate_limit_states: partitions by month, retention, hourly roll-up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from psycopg import sql

from dict_rate_limit.adapters.postgres.migrations.schema import schema_version
from dict_rate_limit.adapters.postgres.pool import Connection, Pool, fetch
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.timestamps import month_start, months_before

_AHEAD: Final = 2
_FAR: Final = 120


@dataclass(slots=True)
class PostgresMaintenance:
    """Maintenance and StoreHealth over one pool. Each step is a short transaction of its own."""

    _pool: Pool

    async def make_partitions(self, today: datetime) -> list[str]:
        async with self._with_timeout() as connection:
            missing = missing_months(await partitions(connection), today)
        # A transaction for each partition: readers of DEFAULT wait for one only.
        made = []
        for lower, upper in missing:
            async with self._with_timeout() as connection:
                made.append(await make_month(connection, lower, upper))
        return made

    async def drop_partitions(self, today: datetime, retention_months: int) -> list[str]:
        """Drop the months, hours and polls older than the retention; return the names of the months."""
        before = months_before(today, retention_months)
        async with self._with_timeout() as connection:
            old = [month for month in await partitions(connection) if month.upper is not None and month.upper <= before]
        # A transaction for each partition: its locks are short.
        for partition in old:
            async with self._with_timeout() as connection:
                table = sql.Identifier(partition.schema, partition.name)
                await connection.execute(sql.SQL("DROP TABLE {}").format(table))
        for name in ("drop_old_states", "drop_old_hours", "drop_old_polls"):
            async with self._with_timeout() as connection:
                await connection.execute(statements("maintenance")[name], {"before": before})
        return [partition.name for partition in old]

    async def roll_up(self, today: datetime) -> int:
        """Roll up the full hours that are not rolled up or got a late state; return the rows written."""
        until = today.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        async with self._with_timeout() as connection:
            rows = await fetch(connection, statements("maintenance")["not_rolled_up"], {"until": until})
        return sum([await self._roll_up_one(row["participant"], until) for row in rows])

    async def partitions_ahead(self, today: datetime) -> int:
        """Count the months with partitions after the current one, up to the first gap."""
        async with self._pool.connection() as connection:
            return months_ahead(await partitions(connection), today)

    async def schema_version(self) -> int | None:
        return await schema_version(self._pool)

    async def _roll_up_one(self, participant: str, until: datetime) -> int:
        queries = statements("maintenance")
        async with self._with_timeout() as connection:
            (row,) = await fetch(connection, queries["lock_rolled_until"], {"participant": participant})
            hours = {"participant": participant, "since": row["rolled_until"], "until": until}
            # Another worker may have rolled them up while this one waited for the lock.
            if row["rolled_until"] >= until:
                return 0
            written = await connection.execute(queries["roll_up"], hours)
            await connection.execute(queries["note_rolled_until"], hours)
            return written.rowcount

    @asynccontextmanager
    async def _with_timeout(self) -> AsyncIterator[Connection]:
        async with self._pool.connection() as connection:
            await connection.execute(statements("maintenance")["set_timeouts"])
            yield connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition of one month; a bound is None where it is open."""

    schema: str
    name: str
    lower: datetime | None
    upper: datetime | None

    def covers(self, lower: datetime, upper: datetime) -> bool:
        """Return whether rows of this time range belong here."""
        return (self.lower is None or self.lower <= lower) and (self.upper is None or self.upper >= upper)


async def partitions(connection: Connection) -> list[Partition]:
    return [Partition(**row) for row in await fetch(connection, statements("maintenance")["partitions"])]


def missing_months(there: list[Partition], today: datetime) -> list[tuple[datetime, datetime]]:
    """Return the bounds of the partitions to create, from this month to two ahead."""
    wanted = [(month_start(today, ahead), month_start(today, ahead + 1)) for ahead in range(_AHEAD + 1)]
    return [bounds for bounds in wanted if not any(partition.covers(*bounds) for partition in there)]


def months_ahead(there: list[Partition], today: datetime) -> int:
    """Count the months with partitions after this one, up to the first gap."""
    wanted = ((month_start(today, ahead), month_start(today, ahead + 1)) for ahead in range(1, _FAR + 1))
    made = takewhile(lambda bounds: any(partition.covers(*bounds) for partition in there), wanted)
    return sum(1 for _ in made)


async def make_month(connection: Connection, lower: datetime, upper: datetime) -> str:
    """Create one partition in the open transaction and move its rows out of DEFAULT; return its name."""
    name = f"dict_rate_limit_states_{lower:%Y_%m}"
    table = sql.Identifier(name)
    # Writers wait from here on. One that had chosen DEFAULT before the partition exists would fail afterwards.
    for lock in ("lock_history", "lock_default"):
        await connection.execute(statements("maintenance")[lock])
    # CREATE and ATTACH, because CREATE … PARTITION OF would lock all readers out. Composed here, because statements
    # that create tables take no parameters.
    await connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE dict_rate_limit_states INCLUDING DEFAULTS INCLUDING CONSTRAINTS)").format(table)
    )
    await connection.execute(
        sql.SQL(
            "WITH moved AS (DELETE FROM dict_rate_limit_states_default"
            " WHERE checked_at >= {} AND checked_at < {} RETURNING *) INSERT INTO {} SELECT * FROM moved"
        ).format(lower, upper, table)
    )
    await connection.execute(
        sql.SQL("ALTER TABLE dict_rate_limit_states ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            table, lower, upper
        )
    )
    return name
