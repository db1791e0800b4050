"""When a bucket is full, usable or empty: spans of seconds, never a single promise."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.bucket import Bucket
    from dict_rate_limit.domain.buckets.consumption import Consumption


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """Seconds from the reading: not before `earliest`, not after `latest`; infinite = never at this pace."""

    earliest: float
    latest: float


AT_ONCE: Final = TimeRange(earliest=0, latest=0)


def time_to_tokens(bucket: Bucket, tokens: int) -> TimeRange | None:
    """Say when the bucket holds this many tokens if nobody takes any: from pro rata to the next whole period.

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
    """Say when the bucket is full if nobody takes any."""
    return time_to_tokens(bucket, bucket.capacity)


def time_to_usable(bucket: Bucket) -> TimeRange | None:
    """Say when a request is admitted again: when one token is there."""
    return time_to_tokens(bucket, 1)


def time_to_empty(bucket: Bucket, taken: Consumption | None) -> TimeRange | None:
    """Say when no token is left if the pace of `taken` goes on; None without evidence."""
    if taken is None or 0 in bucket.limits:
        return None
    if bucket.exhausted:
        return AT_ONCE
    refill = bucket.refill_tokens / bucket.refill_period_sec
    return TimeRange(
        earliest=_seconds(bucket.available_tokens, taken.high / taken.seconds - refill),
        latest=_seconds(bucket.available_tokens, taken.low / taken.seconds - refill),
    )


def _seconds(tokens: int, drain: float) -> float:
    return tokens / drain if drain > 0 else inf
