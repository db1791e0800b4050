"""Consumption between two readings, and from it when a bucket is full, usable or empty. Both are ranges.

Consumption is a range because a full bucket loses its refill.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, inf
from typing import Final

from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.level import FULL, Thresholds
from dict_rate_limit.domain.timestamps import require_timezone


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One bucket at one time of DICT's clock, with the participant's category."""

    bucket: Bucket
    checked_at: datetime
    category: str

    def __post_init__(self) -> None:
        require_timezone("checked_at", self.checked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """Tokens consumed in `seconds`, less credits: at least `low`, at most `high`.

    Negative where credits exceed the lookups. `censored`: the bucket may have been full in between and lost refill, so
    that `low` is not tight.
    """

    low: int
    high: int
    seconds: float
    censored: bool


def measure_consumption(before: Observation, after: Observation, *, longest_gap: timedelta) -> Consumption | None:
    """Return the range of what was consumed between two readings of one policy.

    Consumption is `before + refill - lost refill - after`. Whether DICT refills by steps or pro rata is unknown, so the
    refill is between the periods that surely ended and those that may have begun.

    None, never 0, where it is unknown: limits or category changed, no refill or capacity known, the clock repeats or
    runs backwards, the gap is longer than `longest_gap`, or there were more tokens than the capacity.
    """
    elapsed = after.checked_at - before.checked_at
    if not timedelta(0) < elapsed <= longest_gap or not _comparable(before, after):
        return None
    capacity, refill_tokens, period = after.bucket.limits
    had, has = before.bucket.available_tokens, after.bucket.available_tokens
    periods = elapsed.total_seconds() / period
    least, most = had + floor(periods) * refill_tokens, had + ceil(periods) * refill_tokens
    # A bucket that reached its capacity lost refill, so that consumption is at least what is missing from it now.
    return Consumption(
        low=min(capacity, least) - has, high=most - has, seconds=elapsed.total_seconds(), censored=most > capacity
    )


def _comparable(before: Observation, after: Observation) -> bool:
    same = before.bucket.limits == after.bucket.limits and before.category.upper() == after.category.upper()
    limits_known = all(limit > 0 for limit in after.bucket.limits)
    within = max(before.bucket.available_tokens, after.bucket.available_tokens) <= after.bucket.capacity
    return same and limits_known and within


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """Seconds from the reading: not before `earliest`, not after `latest`; infinite = never."""

    earliest: float
    latest: float


AT_ONCE: Final = TimeRange(earliest=0, latest=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is expected of a bucket from one reading on; None = unknown.

    empty              when no token is left, at the consumption of the last interval
    usable             when a request is admitted again, without consumption
    full               when it is full again, without consumption
    safe_tokens        tokens that may be consumed now without reaching the critical threshold; 0 once it is reached
    refill_per_minute  what the bucket regains, and so the highest consumption that it sustains
    """

    empty: TimeRange | None
    usable: TimeRange | None
    full: TimeRange | None
    safe_tokens: int
    refill_per_minute: float

    def to_dict(self) -> dict[str, object]:
        """Return JSON values: ranges as [earliest, latest] in seconds, null in a range = never."""
        return {
            "empty_in_sec": _time_range_to_list(self.empty),
            "usable_in_sec": _time_range_to_list(self.usable),
            "full_in_sec": _time_range_to_list(self.full),
            "safe_tokens": self.safe_tokens,
            "refill_per_minute": self.refill_per_minute,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Outlook:
        safe, refill = value["safe_tokens"], value["refill_per_minute"]
        if not isinstance(safe, int) or not isinstance(refill, int | float):
            message = f"outlook: {value!r}, expected what `to_dict` returns"
            raise TypeError(message)
        return cls(
            empty=_time_range(value["empty_in_sec"]),
            usable=_time_range(value["usable_in_sec"]),
            full=_time_range(value["full_in_sec"]),
            safe_tokens=safe,
            refill_per_minute=float(refill),
        )


def outlook(bucket: Bucket, consumption: Consumption | None, thresholds: Thresholds) -> Outlook | None:
    """Return the outlook of a bucket; None without a known capacity or refill."""
    if 0 in bucket.limits:
        return None
    most_critical = thresholds.critical * bucket.capacity // FULL
    return Outlook(
        empty=time_to_empty(bucket, consumption),
        usable=time_to_usable(bucket),
        full=time_to_full(bucket),
        # One less: at the threshold itself the bucket is critical.
        safe_tokens=max(0, bucket.shown_tokens - most_critical - 1),
        refill_per_minute=bucket.refill_tokens * 60 / bucket.refill_period_sec,
    )


def time_to_tokens(bucket: Bucket, tokens: int) -> TimeRange | None:
    """Return when the bucket contains this many tokens without consumption: from pro rata to the next whole period.

    None without a known capacity or refill. Never for more tokens than the bucket can hold.
    """
    if 0 in bucket.limits:
        return None
    missing = tokens - bucket.available_tokens
    if missing <= 0:
        return AT_ONCE
    if tokens > bucket.capacity:
        return TimeRange(earliest=inf, latest=inf)
    periods = missing / bucket.refill_tokens
    return TimeRange(
        earliest=periods * bucket.refill_period_sec, latest=float(ceil(periods) * bucket.refill_period_sec)
    )


def time_to_full(bucket: Bucket) -> TimeRange | None:
    """Return when the bucket is full without consumption."""
    return time_to_tokens(bucket, bucket.capacity)


def time_to_usable(bucket: Bucket) -> TimeRange | None:
    """Return when a request is admitted again: as soon as there is one token."""
    return time_to_tokens(bucket, 1)


def time_to_empty(bucket: Bucket, consumption: Consumption | None) -> TimeRange | None:
    """Return when no token is left if consumption goes on as `consumption` says; None without evidence."""
    if consumption is None or 0 in bucket.limits:
        return None
    if bucket.exhausted:
        return AT_ONCE
    refill = bucket.refill_tokens / bucket.refill_period_sec
    return TimeRange(
        earliest=_seconds(bucket.available_tokens, consumption.high / consumption.seconds - refill),
        latest=_seconds(bucket.available_tokens, consumption.low / consumption.seconds - refill),
    )


def _seconds(tokens: int, drain: float) -> float:
    return tokens / drain if drain > 0 else inf


def _time_range_to_list(value: TimeRange | None) -> list[float | None] | None:
    return None if value is None else [None if end == inf else round(end, 3) for end in (value.earliest, value.latest)]


def _time_range(value: object) -> TimeRange | None:
    if not isinstance(value, list | tuple):
        return None
    earliest, latest = (inf if end is None else float(end) for end in value)
    return TimeRange(earliest=earliest, latest=latest)
