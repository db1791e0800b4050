"""The database and its stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from dict_rate_limit.adapters.postgres.alerts import PostgresAlerts, PostgresAuditLog, PostgresSilences
from dict_rate_limit.adapters.postgres.maintenance import PostgresMaintenance
from dict_rate_limit.adapters.postgres.migrations.schema import require_schema
from dict_rate_limit.adapters.postgres.notifications import PostgresNotifications
from dict_rate_limit.adapters.postgres.outbox import PostgresOutbox
from dict_rate_limit.adapters.postgres.polls import PostgresRateLimiter, PostgresStateStore
from dict_rate_limit.adapters.postgres.pool import Pool, open_pool
from dict_rate_limit.adapters.telemetry.statement_timer import StatementTimer
from dict_rate_limit.bootstrap.telemetry import Telemetry
from dict_rate_limit.ports.stores import Stores
from dict_rate_limit.settings import Settings

# four polls recorded at once, a batch of the outbox, a scrape
POOL_SIZE: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The stores, and a check that raises StoreError while this code cannot use the schema."""

    stores: Stores
    require_schema: Callable[[], Awaitable[None]]


@asynccontextmanager
async def open_database(settings: Settings, telemetry: Telemetry) -> AsyncIterator[Database]:
    """Yield the database. It does not have to be reachable: a store raises StoreError when it is used.

    Raises:
        StoreError: DATABASE_URL cannot be parsed.
    """
    tracer = StatementTimer(telemetry.metrics, telemetry.tracer)
    async with open_pool(settings.database_url or "", max_size=POOL_SIZE, tracer=tracer) as pool:
        yield Database(stores=postgres_stores(pool), require_schema=lambda: require_schema(pool))


def postgres_stores(pool: Pool) -> Stores:
    maintenance = PostgresMaintenance(pool)
    return Stores(
        state=PostgresStateStore(pool),
        alerts=PostgresAlerts(pool),
        silences=PostgresSilences(pool),
        audit=PostgresAuditLog(pool),
        outbox=PostgresOutbox(pool),
        notifications=PostgresNotifications(pool),
        maintenance=maintenance,
        health=maintenance,
        rate_limiter=PostgresRateLimiter(pool),
    )
