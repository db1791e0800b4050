"""What comes next for a bucket: when it empties or recovers, and what may be sent now."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from dict_rate_limit.domain.buckets.forecast import TimeRange, time_to_empty, time_to_full, time_to_usable
from dict_rate_limit.domain.buckets.level import FULL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.domain.buckets.bucket import Bucket
    from dict_rate_limit.domain.buckets.consumption import Consumption
    from dict_rate_limit.domain.buckets.level import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """As of one reading; spans are seconds from it, None = unknown.

    empty              at the pace of the last interval
    usable             when a request is admitted again, if nobody takes any
    full               likewise
    safe_tokens        tokens that may be taken now without reaching the critical share; 0 when it is reached
    refill_per_minute  what the bucket regains, and so the pace that can be kept up
    """

    empty: TimeRange | None
    usable: TimeRange | None
    full: TimeRange | None
    safe_tokens: int
    refill_per_minute: float


def outlook(bucket: Bucket, taken: Consumption | None, thresholds: Thresholds) -> Outlook | None:
    """Look ahead; None for a bucket of which nothing can be said: no capacity or no refill."""
    if 0 in bucket.limits:
        return None
    most_critical = thresholds.critical * bucket.capacity // FULL
    return Outlook(
        empty=time_to_empty(bucket, taken),
        usable=time_to_usable(bucket),
        full=time_to_full(bucket),
        safe_tokens=max(0, bucket.shown_tokens - most_critical - 1),
        refill_per_minute=bucket.refill_tokens * 60 / bucket.refill_period_sec,
    )


def plain(value: Outlook) -> dict[str, object]:
    """Return JSON values: spans as [earliest, latest], null in a span = never."""
    return {
        "empty_in_sec": _plain_span(value.empty),
        "usable_in_sec": _plain_span(value.usable),
        "full_in_sec": _plain_span(value.full),
        "safe_tokens": value.safe_tokens,
        "refill_per_minute": value.refill_per_minute,
    }


def from_plain(value: Mapping[str, object]) -> Outlook:
    """Read what `plain` gave."""
    safe, refill = value["safe_tokens"], value["refill_per_minute"]
    if not isinstance(safe, int) or not isinstance(refill, int | float):
        message = f"outlook: {value!r}, expected what `plain` gives"
        raise TypeError(message)
    return Outlook(
        empty=_span(value["empty_in_sec"]),
        usable=_span(value["usable_in_sec"]),
        full=_span(value["full_in_sec"]),
        safe_tokens=safe,
        refill_per_minute=float(refill),
    )


def _plain_span(span: TimeRange | None) -> list[float | None] | None:
    return None if span is None else [None if end == inf else round(end, 3) for end in (span.earliest, span.latest)]


def _span(value: object) -> TimeRange | None:
    if not isinstance(value, list | tuple):
        return None
    earliest, latest = (inf if end is None else float(end) for end in value)
    return TimeRange(earliest=earliest, latest=latest)
