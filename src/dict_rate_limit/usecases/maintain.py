"""Daily housekeeping of the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dict_rate_limit.ports.stores import Maintenance


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceResult:
    """Names of partitions created and dropped, and rows of the hourly roll-up written."""

    made: Sequence[str]
    dropped: Sequence[str]
    rolled_up: int


async def maintain(maintenance: Maintenance, now: datetime, *, retention_months: int) -> MaintenanceResult:
    """Create partitions, roll up, drop old partitions."""
    # Partitions first: today's readings need them. Old ones last: after their roll-up.
    made = await maintenance.make_partitions(now)
    rolled_up = await maintenance.roll_up(now)
    dropped = await maintenance.drop_partitions(now, retention_months)
    return MaintenanceResult(made=made, dropped=dropped, rolled_up=rolled_up)
