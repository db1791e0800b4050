"""Times with a time zone, and durations."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, overload

from dict_rate_limit.domain.errors import InvalidValueError

_UNITS: Final = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_DURATION: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,6})?(?:ms|s|m|h))+", re.ASCII)
_DURATION_ITEM: Final = re.compile(r"([0-9.]+)(ms|s|m|h)", re.ASCII)


def require_timezone(field: str, moment: datetime | None) -> None:
    """Reject a naive datetime: it would have the zone of the machine.

    Raises:
        InvalidValueError: the moment has no offset from UTC.
    """
    if moment is not None and moment.utcoffset() is None:
        message = f"{field}: {moment.isoformat()}, expected a time with a time zone"
        raise InvalidValueError(message)


def format_rfc3339(moment: datetime) -> str:
    """Return a moment for machines: RFC 3339 in UTC, with Z and as exact as it is."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def format_utc(moment: datetime) -> str:
    """Return a moment for people: in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@overload
def to_utc(moment: datetime) -> datetime: ...


@overload
def to_utc(moment: datetime | None) -> datetime | None: ...


def to_utc(moment: datetime | None) -> datetime | None:
    """Return the same moment in UTC, which JSON shows with a Z."""
    return None if moment is None else moment.astimezone(UTC)


def month_start(moment: datetime, months: int) -> datetime:
    """Return the beginning of the month, in UTC, so many months after the moment's."""
    moment = moment.astimezone(UTC)
    number = moment.year * 12 + moment.month - 1 + months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def months_before(moment: datetime, months: int) -> datetime:
    """Return the same day and time so many months earlier, or the last day of that month where it is shorter."""
    moment, first = moment.astimezone(UTC), month_start(moment, -months)
    day = min(moment.day, calendar.monthrange(first.year, first.month)[1])
    return moment.replace(year=first.year, month=first.month, day=day)


def parse_duration(text: str, longest: timedelta) -> timedelta:
    """Read a Go duration above zero and at most `longest`: `60s`, `1m30s`, `500ms`.

    Raises:
        ValueError: another text, or a duration out of range.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError
    micros = sum(Decimal(number) * _UNITS[unit] for number, unit in _DURATION_ITEM.findall(text))
    if not 1 <= micros <= longest // timedelta(microseconds=1):
        raise ValueError
    return timedelta(microseconds=int(micros))
