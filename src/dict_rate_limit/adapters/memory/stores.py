"""Every port of a store in memory, for one process: all is gone when it ends."""

from __future__ import annotations

from dataclasses import dataclass

from dict_rate_limit.adapters.memory.alerts import MemoryAlerts, MemoryAuditLog, MemorySilences
from dict_rate_limit.adapters.memory.database import MemoryDatabase
from dict_rate_limit.adapters.memory.maintenance import MemoryMaintenance
from dict_rate_limit.adapters.memory.notifications import MemoryNotifications
from dict_rate_limit.adapters.memory.outbox import MemoryOutbox
from dict_rate_limit.adapters.memory.polls import MemoryRateLimiter, MemoryStateStore
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStores(Stores):
    """The stores and what they share."""

    database: MemoryDatabase


def memory_stores(clock: Clock) -> MemoryStores:
    """Make empty stores, with partitions around the clock's now."""
    database = MemoryDatabase()
    maintenance = MemoryMaintenance(database, clock.now())
    return MemoryStores(
        state=MemoryStateStore(database),
        alerts=MemoryAlerts(database),
        silences=MemorySilences(database),
        audit=MemoryAuditLog(database),
        outbox=MemoryOutbox(database),
        notifications=MemoryNotifications(database),
        maintenance=maintenance,
        health=maintenance,
        rate_limiter=MemoryRateLimiter(clock),
        database=database,
    )
