"""Direct access to the database behind the store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import dict_row

from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import RULES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.stores import Stores

END_OTHER_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def rows(url: str, query: str) -> list[dict[str, object]]:
    """Run one query and return its rows."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def values(url: str, query: str) -> list[object]:
    """Run one query and return its first column."""
    with psycopg.connect(url) as connection:
        return [value for value, *_ in connection.execute(query.encode()).fetchall()]


def execute(url: str, statement: str) -> None:
    """Run one statement."""
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


@asynccontextmanager
async def opened_store(url: str, *, max_size: int = 4, timeout_sec: float = 3.0) -> AsyncIterator[Stores]:
    """Open a store for one test."""
    async with open_pool(url, max_size=max_size, timeout_sec=timeout_sec) as pool:
        yield postgres_stores(pool)


async def record(stores: Stores, *polls: Poll) -> None:
    """Evaluate and store polls as the product does."""
    for poll in polls:
        async with stores.state.begin(poll.participant) as unit:
            state = await unit.load(poll)
            if state is not None:
                _, evaluation = evaluate_poll(state, poll, RULES)
                await unit.save(evaluation, alert_events(evaluation.changes))
