"""How much of a bucket was used between two readings: an interval, for a full bucket throws its excess away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import TYPE_CHECKING

from dict_rate_limit.domain.timestamps import require_timezone

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.bucket import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One bucket at one moment of DICT's clock, with the participant's category."""

    bucket: Bucket
    checked_at: datetime
    category: str

    def __post_init__(self) -> None:
        """Refuse naive times."""
        require_timezone("checked_at", self.checked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """Tokens taken, net of credits, over `seconds`: at least `low`, at most `high`.

    Below zero where credits outweigh the lookups. `censored` tells that the bucket may have been full in between: then
    refill may have been thrown away, which is why `low` is not tight.
    """

    low: int
    high: int
    seconds: float
    censored: bool


def measure_consumption(before: Observation, after: Observation, *, longest_gap: timedelta) -> Consumption | None:
    """Bound what was taken between two readings of one policy.

    What was taken equals `before + refill - thrown away - after`. Whether DICT refills by steps or pro rata is unknown,
    so the refill lies between the whole periods that surely ended and those that may have begun.

    None, never 0, where nothing can be said: limits or category changed, no refill or capacity known, the clock
    repeats or runs backwards, the gap is longer than `longest_gap`, or more tokens than the capacity were there.
    """
    elapsed = after.checked_at - before.checked_at
    if not timedelta(0) < elapsed <= longest_gap or not _comparable(before, after):
        return None
    capacity, refill_tokens, period = after.bucket.limits
    had, has = before.bucket.available_tokens, after.bucket.available_tokens
    periods = elapsed.total_seconds() / period
    least, most = had + floor(periods) * refill_tokens, had + ceil(periods) * refill_tokens
    return Consumption(
        low=min(capacity, least) - has,
        high=most - has,
        seconds=elapsed.total_seconds(),
        censored=most > capacity,
    )


def _comparable(before: Observation, after: Observation) -> bool:
    same = before.bucket.limits == after.bucket.limits and before.category.upper() == after.category.upper()
    limits_known = all(limit > 0 for limit in after.bucket.limits)
    within = max(before.bucket.available_tokens, after.bucket.available_tokens) <= after.bucket.capacity
    return same and limits_known and within
