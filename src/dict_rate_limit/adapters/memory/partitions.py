"""The months of a history, named as PostgreSQL's partitions are."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

_AHEAD: Final = 2
_FAR: Final = 120


class MemoryPartitions:
    """Which months there are; a name leads to the month's end."""

    def __init__(self, today: datetime) -> None:
        """Begin with the current month and two ahead."""
        self._ends: dict[str, datetime] = {}
        self.make(today)

    def make(self, today: datetime) -> list[str]:
        """Add what is missing from the current month to two ahead; return the names added."""
        starts = [_month_start(today, ahead) for ahead in range(_AHEAD + 1)]
        missing = {_name(start): _month_start(start, 1) for start in starts}
        missing = {name: end for name, end in missing.items() if name not in self._ends}
        self._ends.update(missing)
        return list(missing)

    def ahead(self, today: datetime) -> int:
        """Count the months there are after the current one, up to the first gap."""
        starts = (_month_start(today, ahead) for ahead in range(1, _FAR + 1))
        return sum(1 for _ in takewhile(self._has, starts))

    def _has(self, start: datetime) -> bool:
        return _name(start) in self._ends

    def drop(self, before: datetime) -> list[str]:
        """Drop the months that ended by then; return their names."""
        old = sorted(name for name, end in self._ends.items() if end <= before)
        for name in old:
            del self._ends[name]
        return old


def retained_from(today: datetime, months: int) -> datetime:
    """Return the same day and time so many months earlier, or the last day of that month where it is shorter."""
    first = _month_start(today, -months)
    day = min(today.astimezone(UTC).day, calendar.monthrange(first.year, first.month)[1])
    return today.astimezone(UTC).replace(year=first.year, month=first.month, day=day)


def _name(start: datetime) -> str:
    return f"dict_rate_limit_states_{start:%Y_%m}"


def _month_start(moment: datetime, months: int) -> datetime:
    moment = moment.astimezone(UTC)
    number = moment.year * 12 + moment.month - 1 + months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
