"""PostgreSQL as the stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres.alerts import PostgresAlerts
from dict_rate_limit.adapters.postgres.audit import PostgresAuditLog
from dict_rate_limit.adapters.postgres.maintenance import PostgresMaintenance
from dict_rate_limit.adapters.postgres.notifications import PostgresNotifications
from dict_rate_limit.adapters.postgres.outbox import PostgresOutbox
from dict_rate_limit.adapters.postgres.polls import PostgresRateLimiter, PostgresStateStore
from dict_rate_limit.adapters.postgres.silences import PostgresSilences
from dict_rate_limit.ports.stores import Stores

if TYPE_CHECKING:
    from dict_rate_limit.adapters.postgres.pool import Pool


def postgres_stores(pool: Pool) -> Stores:
    """Make every store over one pool."""
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
