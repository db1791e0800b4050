"""Housekeeping of the history in memory. Months are named as PostgreSQL's partitions are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Final

from dict_rate_limit.adapters.memory.database import MemoryDatabase, full_hour
from dict_rate_limit.domain.timestamps import month_start, months_before

_AHEAD: Final = 2
_FAR: Final = 120


class MemoryMaintenance:
    """Maintenance and StoreHealth; the end of each month by its name."""

    def __init__(self, database: MemoryDatabase, today: datetime) -> None:
        self._database = database
        self._ends: dict[str, datetime] = {}
        self._make(today)

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        return self._make(today)

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        before = months_before(today, retention_months)
        for log in self._database.logs.values():
            log.forget(before)
        old = sorted(name for name, end in self._ends.items() if end <= before)
        for name in old:
            del self._ends[name]
        return old

    async def roll_up(self, today: datetime) -> int:
        return sum(log.roll_up(full_hour(today)) for log in self._database.logs.values())

    async def partitions_ahead(self, today: datetime) -> int:
        """Count the months after the current one, up to the first gap."""
        starts = (month_start(today, ahead) for ahead in range(1, _FAR + 1))
        return sum(1 for _ in takewhile(lambda start: _name(start) in self._ends, starts))

    async def schema_version(self) -> int | None:
        """Return None: memory has no schema."""

    def _make(self, today: datetime) -> list[str]:
        starts = [month_start(today, ahead) for ahead in range(_AHEAD + 1)]
        missing = {_name(start): month_start(start, 1) for start in starts}
        missing = {name: end for name, end in missing.items() if name not in self._ends}
        self._ends.update(missing)
        return list(missing)


def _name(start: datetime) -> str:
    return f"dict_rate_limit_states_{start:%Y_%m}"
