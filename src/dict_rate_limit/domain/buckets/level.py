"""The level of a bucket: OK, WARNING, CRITICAL or UNKNOWN."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.errors import InvalidValueError

FULL: Final = 10_000
"""100 % in basis points."""


class Level(StrEnum):
    """Status of a bucket; the same word in JSON, labels and runbooks."""

    OK = "OK"  # more is left than the warning threshold
    WARNING = "WARNING"  # at or below the warning threshold
    CRITICAL = "CRITICAL"  # at or below the critical threshold
    UNKNOWN = "UNKNOWN"  # no reading, or capacity 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Remaining shares in basis points (25 % = 2,500). At or below one of them a bucket has that level.

    `margin` is how far above its threshold a bucket must rise before an alert de-escalates (hysteresis).
    """

    warning: int
    critical: int
    margin: int

    def __post_init__(self) -> None:
        if not 0 <= self.critical <= self.warning <= FULL:
            message = (
                f"thresholds: warning {self.warning / 100:g} %, critical {self.critical / 100:g} %, "
                "expected 0 <= critical <= warning <= 100"
            )
            raise InvalidValueError(message)
        if not 0 <= self.margin <= FULL:
            message = f"margin: {self.margin / 100:g} %, expected 0 to 100"
            raise InvalidValueError(message)

    def with_overrides(self, warning: int | None, critical: int | None) -> Thresholds:
        """Return these thresholds with a policy's own in place; None keeps the global one.

        Where only one is set and it crosses the global other, the other follows it.
        """
        if warning is None and critical is None:
            return self
        new_warning = self.warning if warning is None else warning
        new_critical = self.critical if critical is None else critical
        if warning is None:
            new_warning = max(new_warning, new_critical)
        if critical is None:
            new_critical = min(new_critical, new_warning)
        return replace(self, warning=new_warning, critical=new_critical)


def remaining_share(bucket: Bucket) -> int | None:
    """Return the remaining share, 0 to 10,000 basis points, rounded down; None without capacity."""
    return None if bucket.capacity == 0 else bucket.shown_tokens * FULL // bucket.capacity


def level_of(bucket: Bucket, thresholds: Thresholds) -> Level:
    """Return the level of one reading. Thresholds are inclusive and compared as integers."""
    if bucket.capacity == 0:
        return Level.UNKNOWN
    if _at_most(bucket, thresholds.critical):
        return Level.CRITICAL
    return Level.WARNING if _at_most(bucket, thresholds.warning) else Level.OK


def level_with_hysteresis(bucket: Bucket, thresholds: Thresholds, previous: Level) -> Level:
    """Return the level after `previous`: escalation is immediate, de-escalation needs the margin.

    A bucket without capacity is UNKNOWN.
    """
    now = level_of(bucket, thresholds)
    if previous is Level.CRITICAL and now in {Level.OK, Level.WARNING} and not _clears(bucket, thresholds, previous):
        return Level.CRITICAL
    in_trouble = previous in {Level.CRITICAL, Level.WARNING}
    if in_trouble and now is Level.OK and not _clears(bucket, thresholds, Level.WARNING):
        return Level.WARNING
    return now


def clear_threshold(thresholds: Thresholds, level: Level) -> int:
    """Return the share in basis points above which an alert of this level de-escalates; 100 % always suffices."""
    threshold = thresholds.critical if level is Level.CRITICAL else thresholds.warning
    return min(FULL, threshold + thresholds.margin)


def _clears(bucket: Bucket, thresholds: Thresholds, level: Level) -> bool:
    share = clear_threshold(thresholds, level)
    # No bucket is above full. A full one clears, or the alert would never be resolved.
    if share == FULL:
        return bucket.available_tokens >= bucket.capacity
    return not _at_most(bucket, share)


def _at_most(bucket: Bucket, share: int) -> bool:
    return bucket.available_tokens * FULL <= share * bucket.capacity
