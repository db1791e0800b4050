"""Thirteen months of history of one participant, generated in the database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.policies import limits, snapshot
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import AlertConfig
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.timestamps import month_start
from dict_rate_limit.texts.alert_lines import alert_events

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import psycopg
    from psycopg.rows import TupleRow

    from dict_rate_limit.ports.stores import Stores

    Connection = psycopg.AsyncConnection[TupleRow]

PARTICIPANT = "12345678"
SHORTEST_MONTH = 28
RULES = AlertConfig(
    thresholds=Thresholds(warning=2500, critical=1000, margin=200),
    interval=timedelta(minutes=5),
    unreachable_after=3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The generated history: rows of states and of hourly aggregates, its time range, the database size."""

    since: datetime
    until: datetime
    states: int
    hours: int
    megabytes: float


@cache
def queries() -> Mapping[str, bytes]:
    """Return the queries of history.sql by name."""
    _, *parts = re.split(r"^-- name: (\w+)$", Path(__file__).with_name("history.sql").read_text(), flags=re.MULTILINE)
    return {name: body.strip().rstrip(";").encode() for name, body in zip(parts[::2], parts[1::2], strict=True)}


async def make_history(connection: Connection, stores: Stores, now: datetime, days: int) -> History:
    """Fill `days` up to now, record one reading, and let the product aggregate by the hour."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    states = 0
    await connection.execute("SET synchronous_commit TO off")
    for number in range(-days // SHORTEST_MONTH, 1):
        since, until = max(first, month_start(now, number)), min(month_start(now, number + 1), now)
        if since < until:
            await stores.maintenance.make_partitions(since)
            states += await fill_month(connection, since, until)
    await record(stores, now, 0.9)
    await connection.execute(queries()["from_the_beginning"], {"participant": PARTICIPANT, "since": first})
    hours = await stores.maintenance.roll_up(now)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    return History(since=first, until=now, states=states, hours=hours, megabytes=await megabytes(connection))


async def fill_month(connection: Connection, since: datetime, until: datetime) -> int:
    """Insert the readings of one month; return the number of rows."""
    known = limits()
    cursor = await connection.execute(
        queries()["fill"],
        {
            "participant": PARTICIPANT,
            "since": since,
            "until": until,
            "names": list(known),
            "capacities": [limit.capacity for limit in known.values()],
            "refills": [limit.refill_tokens for limit in known.values()],
            "periods": [limit.refill_period_sec for limit in known.values()],
        },
    )
    return cursor.rowcount


async def record(stores: Stores, at: datetime, share: float) -> None:
    """Record one poll as the worker does: load, evaluate, save, in one transaction."""
    poll = snapshot(PARTICIPANT, at, share)
    async with stores.state.begin(PARTICIPANT) as unit:
        state = await unit.load(poll)
        if state is not None:
            _, evaluation = evaluate_poll(state, poll, RULES)
            await unit.save(evaluation, alert_events(evaluation.changes))


async def megabytes(connection: Connection) -> float:
    """Return the size of the database."""
    cursor = await connection.execute("SELECT pg_database_size(current_database()) / 1e6")
    row = await cursor.fetchone()
    return float(row[0]) if row else 0.0
