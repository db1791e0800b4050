"""Formats durations, times, sizes and counts for the terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.domain.timestamps import format_utc

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_STEP: Final = 1024


def format_duration(span: timedelta) -> str:
    """Format a duration with its two largest units: 2 d 3 h, 1 h 5 min, 12 s."""
    rest = int(span.total_seconds())
    parts: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"


def format_time(moment: datetime | None) -> str:
    """Format a time in UTC, to the second; "none" for None."""
    return "none" if moment is None else format_utc(moment)


def format_size(size: int) -> str:
    """Format a number of bytes: 512 B, 1.2 MiB."""
    amount, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < _STEP:
            break
        amount, unit = amount / _STEP, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def format_count(count: int, one: str) -> str:
    """Format a count with its noun: 1 table, 34,567 rows."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"
