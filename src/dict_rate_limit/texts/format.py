"""Numbers, shares, times and time spans as readers of one language write them.

The separators and the plural rule are those of CLDR; a test compares them with Babel, which is too large to run with:
9 MiB of each process, 36 MiB of the image.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dict_rate_limit.texts.catalog.schema import Catalog, Plural

BRASILIA: Final = "America/Sao_Paulo"

# A machine without a time zone database must still send texts. Brazil has had no summer time since 2019.
_SINCE_2019: Final = timezone(timedelta(hours=-3))
_MINUTE: Final = 60


def duration_text(span: timedelta) -> str:
    """Write a time span in its two largest units, the same in both languages: `45 s`, `12 min`, `1 h 5 min`, `2 d`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    minutes = seconds // _MINUTE
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = ((days, "d"), (hours, "h"), (0 if days else minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in units if number)


def seconds_text(seconds: float, catalog: Catalog) -> str:
    return duration_text(timedelta(seconds=seconds)) if seconds >= 1 else catalog.notifications.at_once


def number_text(number: int, catalog: Catalog) -> str:
    """Write a whole number with separators of thousands."""
    return f"{number:,}".replace(",", catalog.thousands)


def tenths_text(tenths: int, catalog: Catalog) -> str:
    """Write a number that is not negative with one decimal."""
    whole, rest = divmod(tenths, 10)
    return f"{number_text(whole, catalog)}{catalog.decimals}{rest}"


def percent_text(basis_points: int, catalog: Catalog, decimals: int = 2) -> str:
    """Write a share without trailing zeros.

    It is cut, never rounded: just above a threshold must not read as below it, nor 99.999 % as full.
    """
    whole, rest = divmod(basis_points, 100)
    fraction = f"{rest:02}"[:decimals].rstrip("0")
    return f"{whole}{catalog.decimals}{fraction}%" if fraction else f"{whole}%"


def plural_text(forms: Plural, number: int, shown: str | None = None) -> str:
    """Fill {n} in the form for a number of at least 1; `shown` is how it is written, where it may be large."""
    return (forms.one if number == 1 else forms.other).replace("{n}", shown or str(number))


def utc_text(moment: datetime) -> str:
    """Write date and time in UTC, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def brasilia(moment: datetime) -> datetime:
    """Return the moment on Brasília's clock: that is where Pix is operated."""
    try:
        return moment.astimezone(ZoneInfo(BRASILIA))
    except ZoneInfoNotFoundError:
        return moment.astimezone(_SINCE_2019)


def date_text(moment: datetime, catalog: Catalog) -> str:
    """Write date, time and offset in Brasília: `25/11 00:12 (UTC-3)`, `25 Nov 00:12 (UTC-3)`."""
    there = brasilia(moment)
    return f"{_day(there, catalog)} {there:%H:%M} ({_offset(there)})"


def time_text(moment: datetime, reference: datetime, catalog: Catalog) -> str:
    """Write the time in Brasília, with the date only when that is another day than the reference."""
    there = brasilia(moment)
    date = "" if there.date() == brasilia(reference).date() else f"{_day(there, catalog)} "
    return f"{date}{there:%H:%M}"


def clock_text(moment: datetime, now: datetime, pattern: str = "%H:%M:%S") -> str:
    """Write a moment in the zone of `now`, with its date only when that is another day."""
    there = moment.astimezone(now.tzinfo)
    date = "" if there.date() == now.date() else f"{there:%Y-%m-%d} "
    return f"{date}{there:{pattern}} {there.tzname()}"


def _day(there: datetime, catalog: Catalog) -> str:
    texts = catalog.notifications
    return texts.day.format(
        day=there.day, month=there.month, name=texts.months[there.month - 1] if texts.months else ""
    )


def _offset(there: datetime) -> str:
    minutes = int((there.utcoffset() or timedelta(0)).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
