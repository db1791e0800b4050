"""Housekeeping: months ahead, retention, hourly roll-up. Each step is a short transaction of its own."""

from __future__ import annotations

import calendar
from contextlib import asynccontextmanager
from datetime import UTC
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres.partitions import (
    drop_month,
    make_month,
    missing_months,
    month_start,
    months_ahead,
    partitions,
)
from dict_rate_limit.adapters.postgres.sql_loader import statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from dict_rate_limit.adapters.postgres.pool import Connection, Pool


async def make_partitions(pool: Pool, today: datetime) -> list[str]:
    """Make the months that are missing; return their names."""
    async with _with_timeout(pool) as connection:
        missing = missing_months(await partitions(connection), today)
    made = []
    for lower, upper in missing:
        async with _with_timeout(pool) as connection:
            made.append(await make_month(connection, lower, upper))
    return made


async def drop_partitions(pool: Pool, today: datetime, retention_months: int) -> list[str]:
    """Drop what is older than the retention: months, hours of the roll-up, polls; return the names of the months."""
    before = _months_before(today, retention_months)
    async with _with_timeout(pool) as connection:
        old = [month for month in await partitions(connection) if month.upper is not None and month.upper <= before]
    for partition in old:
        async with _with_timeout(pool) as connection:
            await drop_month(connection, partition)
    for name in ("drop_old_states", "drop_old_hours", "drop_old_polls"):
        async with _with_timeout(pool) as connection:
            await connection.execute(statements("upkeep")[name], {"before": before})
    return [partition.name for partition in old]


async def roll_up(pool: Pool, today: datetime) -> int:
    """Compute the hours that are full and not rolled up, or got a late state; return the rows written."""
    until = today.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    async with _with_timeout(pool) as connection:
        cursor = await connection.execute(statements("upkeep")["not_rolled_up"], {"until": until})
        participants = [participant for (participant,) in await cursor.fetchall()]
    return sum([await _roll_up_one(pool, participant, until) for participant in participants])


async def _roll_up_one(pool: Pool, participant: str, until: datetime) -> int:
    sql = statements("upkeep")
    async with _with_timeout(pool) as connection:
        cursor = await connection.execute(sql["lock_rolled_until"], {"participant": participant})
        (row,) = await cursor.fetchall()
        span = {"participant": participant, "since": row[0], "until": until}
        if span["since"] >= until:  # another worker was faster
            return 0
        written = await connection.execute(sql["roll_up"], span)
        await connection.execute(sql["note_rolled_until"], span)
        return written.rowcount


async def partitions_ahead(pool: Pool, today: datetime) -> int:
    """Count the months that are made after the current one, up to the first gap."""
    async with pool.connection() as connection:
        return months_ahead(await partitions(connection), today)


@asynccontextmanager
async def _with_timeout(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as connection:
        await connection.execute(statements("upkeep")["patience"])
        yield connection


def _months_before(today: datetime, months: int) -> datetime:
    """Return the same day and time so many months earlier, or the last day of that month where it is shorter."""
    first = month_start(today, -months)
    day = min(today.astimezone(UTC).day, calendar.monthrange(first.year, first.month)[1])
    return today.astimezone(UTC).replace(year=first.year, month=first.month, day=day)
