"""Tokens consumed between two readings: a range, because a full bucket loses its refill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from dict_rate_limit.domain.buckets.bucket import Bucket
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
