"""Moments and spans as people on call read them: the wall clock of Brasília with its offset."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dict_rate_limit.texts.alert_lines import duration_text

if TYPE_CHECKING:
    from dict_rate_limit.usecases.notification_text_words import Words

BRASILIA: Final = "America/Sao_Paulo"

_SINCE_2019: Final = timezone(timedelta(hours=-3))
"""For machines without a time zone database: a text must not fail for that."""


def local(moment: datetime) -> datetime:
    """Return the moment on Brasília's clock: that is where Pix is operated."""
    try:
        return moment.astimezone(ZoneInfo(BRASILIA))
    except ZoneInfoNotFoundError:
        return moment.astimezone(_SINCE_2019)


def date_text(moment: datetime, words: Words) -> str:
    """Write date, time and offset: `25/11 00:12 (UTC-3)`, `25 Nov 00:12 (UTC-3)`."""
    there = local(moment)
    return f"{_day(there, words)} {there:%H:%M} ({_offset(there)})"


def clock_text(moment: datetime, beside: datetime, words: Words) -> str:
    """Write the time, with the date only when that is another day than `beside`."""
    there = local(moment)
    date = "" if there.date() == local(beside).date() else f"{_day(there, words)} "
    return f"{date}{there:%H:%M}"


def seconds_text(seconds: float, words: Words) -> str:
    """Write a time to go, in its two largest units."""
    return duration_text(timedelta(seconds=seconds)) if seconds >= 1 else words.at_once


def _day(there: datetime, words: Words) -> str:
    return words.day.format(
        day=there.day, month=there.month, name=words.months[there.month - 1] if words.months else ""
    )


def _offset(there: datetime) -> str:
    minutes = int((there.utcoffset() or timedelta(0)).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
