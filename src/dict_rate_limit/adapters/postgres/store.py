"""Every port that PostgreSQL implements, over one pool."""

from __future__ import annotations

from dict_rate_limit.adapters.postgres.alerts import PostgresAlerts
from dict_rate_limit.adapters.postgres.audit import PostgresAuditLog
from dict_rate_limit.adapters.postgres.maintenance import PostgresMaintenance
from dict_rate_limit.adapters.postgres.notifications import PostgresNotifications
from dict_rate_limit.adapters.postgres.outbox import PostgresOutbox
from dict_rate_limit.adapters.postgres.polls import PostgresRateLimiter, PostgresStateStore
from dict_rate_limit.adapters.postgres.silences import PostgresSilences


class PostgresStore(
    PostgresStateStore,
    PostgresAlerts,
    PostgresSilences,
    PostgresAuditLog,
    PostgresOutbox,
    PostgresNotifications,
    PostgresMaintenance,
    PostgresRateLimiter,
):
    """All of them. Raises StoreError."""
