"""Queries on a database with 13 months of history, and the cost of recording one more reading."""

from __future__ import annotations

import itertools
import random
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg

from bench.figure import Comparison, Figure, Target
from bench.history import PARTICIPANT, make_history, queries, record
from bench.policies import limits
from bench.stats import MS_PER_SEC, median_quantile
from bench.tempdir import open_folder
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.postgres.migrations.runner import up
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.apps.local.postgres import embedded_postgres
from dict_rate_limit.bootstrap.store import postgres_stores

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from bench.figure import Result
    from bench.history import Connection, History
    from bench.scale import Scale
    from dict_rate_limit.ports.stores import Stores

POINTS = 500
DAY = timedelta(days=1)
FIVE_MINUTES = timedelta(minutes=5)
RARE = 40  # the slow comparison runs once for so many runs of the others

Times = dict[str, list[list[float]]]
"""Milliseconds by operation, one list per round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation to time. It runs `1 / every` as often as the others."""

    name: str
    run: Callable[[], Awaitable[object]]
    every: int = 1


async def measure(scale: Scale) -> Sequence[Result]:
    """Generate the history and time all operations in rounds."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(open_folder())
        url = await stack.enter_async_context(embedded_postgres(folder / "postgres"))
        await up(url)
        stores = postgres_stores(await stack.enter_async_context(open_pool(url)))
        connection = await stack.enter_async_context(await psycopg.AsyncConnection.connect(url, autocommit=True))
        history = await make_history(connection, stores, SystemClock().now(), scale.days)
        await connection.execute("RESET synchronous_commit")
        await connection.execute(queries()["create_commit_table"])
        times = await time_all(operations(connection, stores, history), scale)
    return figures(times, history)


def operations(connection: Connection, stores: Stores, history: History) -> Sequence[Operation]:
    """Return all operations, in the order of one round."""
    chance = random.Random(1)  # noqa: S311 -- the same days in every run
    ticks = itertools.count(1)

    async def query(name: str, span: dict[str, object]) -> None:
        policy = chance.choice(tuple(limits()))
        cursor = await connection.execute(
            queries()[name], {"participant": PARTICIPANT, "policy": policy, **span}, prepare=True
        )
        await cursor.fetchall()

    def day() -> dict[str, object]:
        since = history.since + chance.random() * (history.until - history.since - DAY)
        return {"since": since, "until": since + DAY}

    whole: dict[str, object] = {
        "since": history.since,
        "until": history.until,
        "width": max(timedelta(hours=1), (history.until - history.since) / POINTS),
    }
    return (
        Operation(name="round trip", run=lambda: query("round_trip", {})),
        Operation(name="latest", run=lambda: stores.state.latest([PARTICIPANT])),
        Operation(name="day", run=lambda: query("one_day", day())),
        Operation(name="chart", run=lambda: query("chart", whole)),
        Operation(name="raw chart", run=lambda: query("chart_raw", whole), every=RARE),
        Operation(name="record", run=lambda: record(stores, *next_reading(history, next(ticks)))),
        Operation(name="one row", run=lambda: connection.execute(queries()["one_row"])),
    )


def next_reading(history: History, tick: int) -> tuple[datetime, float]:
    """Return time and level of the next poll. The level never opens an alert."""
    return history.until + tick * FIVE_MINUTES, 0.5 + 0.4 * (tick % 7) / 7


async def time_all(all_operations: Sequence[Operation], scale: Scale) -> Times:
    """Run all operations in every round, so that a noisy moment affects one round of each and not one operation."""
    times: Times = defaultdict(list)
    for operation in all_operations:
        await time_operation(operation, 10)  # warms caches and prepares statements
    for _ in range(scale.rounds):
        for operation in all_operations:
            times[operation.name].append(await time_operation(operation, max(3, scale.queries // operation.every)))
    return times


async def time_operation(operation: Operation, number: int) -> list[float]:
    """Run the operation `number` times; return the milliseconds of each run."""
    times = []
    for _ in range(number):
        began = time.perf_counter()
        await operation.run()
        times.append((time.perf_counter() - began) * MS_PER_SEC)
    return times


def figures(times: Times, history: History) -> Sequence[Result]:
    """Return each p99 with comparisons of the same rounds."""
    trip = Comparison(name="SELECT 1", value=median_quantile(times["round trip"], 0.99), unit="ms")
    raw = Comparison(name="without roll-up, p50", value=median_quantile(times["raw chart"], 0.5), unit="ms")
    row = Comparison(name="one-row commit", value=median_quantile(times["one row"], 0.99), unit="ms")
    days = (history.until - history.since).days
    scale = f"{history.states / 1e6:.2f} M states, {days} days, {history.megabytes:,.0f} MB"

    def p99(name: str, what: str, limit: float | None, comparisons: tuple[Comparison, ...], note: str) -> Figure:
        return Figure(
            group="sql",
            name=f"{what}, p99",
            value=median_quantile(times[name], 0.99),
            unit="ms",
            target=None if limit is None else Target(limit=limit),
            comparisons=(*comparisons, Comparison(name="p50", value=median_quantile(times[name], 0.5), unit="ms")),
            note=note,
        )

    return (
        p99("latest", "latest of all policies", 3, (trip,), f"as the API queries the store; {scale}"),
        p99("day", "24 h of one policy", 8, (trip,), "random policy and day"),
        p99("chart", "whole history of one policy", 25, (trip, raw), f"{history.hours:,} hours rolled up, 500 points"),
        p99("record", "record one reading", None, (row,), "lock, load, evaluate, save; durable commit"),
    )
