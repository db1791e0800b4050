"""Parsers of one value. Each returns the value or raises ValueError. The setting says what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from cronsim import CronSim, CronSimError

from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.timestamps import parse_duration

_HOST: Final = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])"
_PARTICIPANT: Final = re.compile(r"[A-Za-z0-9]{8}", re.ASCII)
_PERCENT: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?", re.ASCII)
_HEADER: Final = re.compile(r"[a-z0-9_.-]{1,100}", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{1,4096}", re.ASCII)
_URL_REST: Final = r"[^\s\x00-\x1f\x7f]{1,4096}"
_FIELD: Final = re.compile(
    r"(?:[0-9*,/-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT){1,100}", re.ASCII
)
_FIELDS: Final = 5
_EVERY: Final = "@every "
_DAY: Final = timedelta(days=1)
_FIRST_DAY: Final = date(2000, 1, 1)
# Days. The Gregorian weekdays repeat after 28 years.
_CALENDAR_CYCLE: Final = range(28 * 366)
# The shortest interval of a Temporal schedule.
_SHORTEST: Final = timedelta(seconds=1)


def text(value: str) -> str:
    if not value.isprintable():
        raise ValueError
    return value


def secret(value: str) -> str:
    # Client libraries in C end a text at NUL.
    if "\0" in value:
        raise ValueError
    return value


def path(value: str) -> Path:
    """Accept a path. Its user checks whether the file exists."""
    return Path(text(value)).expanduser()


def boolean(value: str) -> bool:
    """Parse true or false, also 1, 0, yes, no."""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[value.lower()]


def matching(pattern: str) -> Callable[[str], str]:
    """Return a parser for text that matches the whole pattern."""
    compiled = re.compile(pattern, re.ASCII)

    def parse(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError
        return value

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser for one of these words, in any case."""

    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError
        return value.lower()

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a parser for an integer within [low, high]."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return parse


def share(value: str) -> float:
    """Parse a number above 0, at most 1."""
    number = ratio(value)
    if number == 0:
        raise ValueError
    return number


def ratio(value: str) -> float:
    """Parse a number from 0 to 1."""
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError from error
    if not number.is_finite() or not 0 <= number <= 1:
        raise ValueError
    return float(number)


def basis_points(value: str) -> int:
    """Parse a percentage with at most two decimals. Returns basis points."""
    if not _PERCENT.fullmatch(value):
        raise ValueError
    number = int(Decimal(value) * 100)
    return whole(0, 10_000)(str(number))


def duration(value: str) -> timedelta:
    """Parse a Go duration above zero and at most a day: `60s`, `1m30s`, `500ms`."""
    return parse_duration(value, timedelta(days=1))


def duration_or_off(value: str) -> timedelta | None:
    return None if value.lower() == "off" else duration(value)


def networks(value: str) -> tuple[str, ...]:
    """Parse comma-separated networks in CIDR notation; empty = none."""
    return tuple(str(ip_network(part.strip())) for part in value.split(",") if part.strip())


def address(value: str) -> str:
    host, _, port = value.rpartition(":")
    whole(1, 65_535)(port)
    matching(_HOST)(host)
    return value


def participants(value: str) -> tuple[str, ...]:
    """Parse comma-separated ISPBs to upper case, in their order. Repeated or malformed ISPBs are rejected."""
    names = tuple(part.strip().upper() for part in value.split(","))
    if names == (DEFAULT_PARTICIPANT.upper(),):
        return (DEFAULT_PARTICIPANT,)
    if len(set(names)) != len(names) or not all(_PARTICIPANT.fullmatch(name) for name in names):
        raise ValueError
    return names


def url(*schemes: str) -> Callable[[str], str]:
    """Return a parser for a URL with one of these schemes."""
    return matching(f"(?:{'|'.join(re.escape(scheme) for scheme in schemes)})://{_URL_REST}")


def origin(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme not in {"http", "https"}:
        raise ValueError
    return f"{scheme}://{address(rest.removesuffix('/'))}"


def headers(value: str) -> tuple[tuple[str, str], ...]:
    """Parse comma-separated name=value pairs. Values may be percent-encoded; names become lower case."""
    pairs = (pair.partition("=") for pair in value.split(",") if pair.strip())
    found = tuple((name.strip().lower(), unquote(text.strip())) for name, _, text in pairs)
    if not all(_HEADER.fullmatch(name) and _HEADER_VALUE.fullmatch(text) for name, text in found):
        raise ValueError
    return found


def unsupported(value: str) -> None:
    raise ValueError(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A cron or interval expression, with the shortest and longest time between two consecutive runs."""

    expression: str
    shortest_gap: timedelta
    longest_gap: timedelta

    def __str__(self) -> str:
        return self.expression


def parse_schedule(value: str) -> Schedule:
    """Parse `*/5 * * * *` or `@every 30s`. Cron fields are in UTC.

    Raises:
        ValueError: neither of the two, or a cron expression that never runs.
    """
    if value.startswith(_EVERY):
        every = duration(value.removeprefix(_EVERY).strip())
        if every < _SHORTEST:
            raise ValueError
        return Schedule(expression=value, shortest_gap=every, longest_gap=every)
    fields = value.upper().split()
    if len(fields) != _FIELDS or not all(_FIELD.fullmatch(field) for field in fields):
        raise ValueError
    # With both days restricted, crond runs when either matches and Temporal when both do: reject what is ambiguous.
    if not (fields[2].startswith("*") or fields[4].startswith("*")):
        raise ValueError
    return _cron(value)


def _cron(value: str) -> Schedule:
    try:
        cron = CronSim(value, datetime.combine(_FIRST_DAY, datetime.min.time(), UTC))
    # cronsim raises AssertionError for a malformed step.
    except (CronSimError, AssertionError) as error:
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
