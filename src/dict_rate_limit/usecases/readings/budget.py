"""How often readers may consume a token of POLICIES_LIST. The monitor has priority for the participant's tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.catalog import FIXED_LIMITS, POLICIES_LIST, PublishedLimits
from dict_rate_limit.domain.buckets.reading import Snapshot
from dict_rate_limit.domain.errors import InvalidValueError, Outcome, SourceError
from dict_rate_limit.ports.clock import Clock

MAX_BACKOFF: Final = timedelta(minutes=10)
"""The maximum that is accepted of a Retry-After."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetConfig:
    """The budget of readers.

    cache_ttl  minimum time between two calls
    share      share of the refill of POLICIES_LIST, above 0 and at most 1
    reserve    share of its capacity, from 0 and below 1; at or below it readers consume no token
    """

    cache_ttl: timedelta
    share: float = 0.5
    reserve: float = 0.25

    def __post_init__(self) -> None:
        for field, value, right in (
            ("cache_ttl", self.cache_ttl, self.cache_ttl > timedelta(0)),
            ("share", self.share, 0 < self.share <= 1),
            ("reserve", self.reserve, 0 <= self.reserve < 1),
        ):
            if not right:
                message = f"{field}: {value}, expected cache_ttl > 0, 0 < share <= 1, 0 <= reserve < 1"
                raise InvalidValueError(message)


class SourceBudget:
    """The budget of one participant in this process. The rate limiter covers the other processes."""

    def __init__(self, rules: BudgetConfig, clock: Clock) -> None:
        # Until a reading is known, the published limits apply.
        self._rules = rules
        self._clock = clock
        self._bucket: Bucket | None = None
        self._read_at: datetime | None = None
        self._spent = 0
        self._not_before = float("-inf")

    @property
    def spacing(self) -> timedelta:
        """The minimum time between two calls of all readers together."""
        return max(self._rules.cache_ttl, self._token_time / self._rules.share)

    def allows(self) -> bool:
        """Return whether this process may call the source."""
        return self._clock.monotonic() >= self._not_before and not self._in_reserve()

    def consume(self) -> None:
        """Count a call, before it is made: a failed one consumes a token too."""
        self._spent += 1
        self._pause(self.spacing)

    def update(self, snapshot: Snapshot) -> None:
        """Take POLICIES_LIST from a reading, unless it is older than the known one."""
        if self._read_at is not None and snapshot.received_at <= self._read_at:
            return
        self._note(next((b for b in snapshot.buckets if b.name == POLICIES_LIST), None), snapshot.received_at)

    def record_failure(self, error: SourceError) -> None:
        """Wait as long as the source asks; after a 429 treat the bucket as empty and wait for one token at least."""
        if error.retry_after_sec is not None:
            self._pause(min(timedelta(seconds=error.retry_after_sec), MAX_BACKOFF))
        elif error.outcome is Outcome.RATE_LIMITED:
            self._pause(self._token_time)
        if error.outcome is Outcome.RATE_LIMITED:
            self._note(_emptied(self._limits), self._clock.now())

    def _note(self, bucket: Bucket | None, at: datetime) -> None:
        self._bucket = bucket
        self._read_at = at
        self._spent = 0

    def _pause(self, pause: timedelta) -> None:
        self._not_before = max(self._not_before, self._clock.monotonic() + pause.total_seconds())

    @property
    def _limits(self) -> Bucket | PublishedLimits:
        known = self._bucket
        return FIXED_LIMITS[POLICIES_LIST] if known is None or 0 in known.limits else known

    @property
    def _token_time(self) -> timedelta:
        return timedelta(seconds=self._limits.refill_period_sec) / self._limits.refill_tokens

    def _in_reserve(self) -> bool:
        if self._bucket is None or self._read_at is None or self._bucket.capacity == 0:
            return False
        refilled = max(timedelta(0), self._clock.now() - self._read_at) // self._token_time
        estimate = min(self._bucket.capacity, self._bucket.available_tokens + refilled) - self._spent
        return estimate <= self._bucket.capacity * self._rules.reserve


def _emptied(limits: Bucket | PublishedLimits) -> Bucket:
    return Bucket(
        name=POLICIES_LIST,
        available_tokens=0,
        capacity=limits.capacity,
        refill_tokens=limits.refill_tokens,
        refill_period_sec=limits.refill_period_sec,
    )
