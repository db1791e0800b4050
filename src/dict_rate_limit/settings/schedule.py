"""When the worker polls: a cron expression of five fields in UTC, or `@every <duration>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from cronsim import CronSim, CronSimError

from dict_rate_limit.settings.parsers import duration

_FIELD: Final = re.compile(
    r"(?:[0-9*,/-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT){1,100}", re.ASCII
)
_FIELDS: Final = 5
_EVERY: Final = "@every "
_DAY: Final = timedelta(days=1)
_FIRST_DAY: Final = date(2000, 1, 1)
_CALENDAR_CYCLE: Final = range(28 * 366)  # days; after 28 years dates fall on the same weekdays again
_SHORTEST: Final = timedelta(seconds=1)  # Temporal's own limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The expression as it was written, and how far two fires that follow one another lie apart."""

    expression: str
    shortest_gap: timedelta
    longest_gap: timedelta

    def __str__(self) -> str:
        return self.expression


def parse_schedule(value: str) -> Schedule:
    """Read `*/5 * * * *` or `@every 30s`.

    Day of month and day of week may not both be restricted: crond takes either, Temporal wants both.

    Raises:
        ValueError: neither of the two, or a cron expression that never fires.
    """
    if value.startswith(_EVERY):
        every = duration(value.removeprefix(_EVERY).strip())
        if every < _SHORTEST:
            raise ValueError
        return Schedule(expression=value, shortest_gap=every, longest_gap=every)
    fields = value.upper().split()
    if len(fields) != _FIELDS or not all(_FIELD.fullmatch(field) for field in fields):
        raise ValueError
    if not (fields[2].startswith("*") or fields[4].startswith("*")):
        raise ValueError
    return _cron(value)


def _cron(value: str) -> Schedule:
    try:
        cron = CronSim(value, datetime.combine(_FIRST_DAY, datetime.min.time(), UTC))
    except (CronSimError, AssertionError) as error:  # an odd step ends in an assertion there
        raise ValueError from error
    times = sorted(timedelta(hours=hour, minutes=minute) for hour in cron.hours for minute in cron.minutes)
    overnight = times[-1] - times[0]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    gaps += [days - overnight for days in _gaps_between_days(cron)]
    return Schedule(expression=value, shortest_gap=min(gaps), longest_gap=max(gaps))


def _gaps_between_days(cron: CronSim) -> set[timedelta]:
    if cron.parts[-3:] == ["*", "*", "*"]:
        return {_DAY}
    days = (_FIRST_DAY + _DAY * number for number in _CALENDAR_CYCLE)
    fires = [day for day in days if day.month in cron.months and cron.match_day(day)]
    return {later - earlier for earlier, later in pairwise(fires)}
