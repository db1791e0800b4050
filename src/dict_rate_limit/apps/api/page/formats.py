"""Figures as readers of one language write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.domain.buckets.level import FULL

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.buckets.bucket import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """What parts thousands, and what parts decimals."""

    thousands: str
    decimals: str

    def number(self, number: int) -> str:
        """Write a whole number, with a true minus sign."""
        return f"{number:,}".replace(",", self.thousands).replace("-", "\N{MINUS SIGN}")

    def percent(self, basis_points: int) -> str:
        """Write hundredths of a percent with one decimal where it is not 0, cut: 99.99 % never reads as full."""
        whole, tenths = divmod(basis_points // 10, 10)
        return f"{whole}{self.decimals}{tenths}%" if tenths else f"{whole}%"


def clock_text(moment: datetime, now: datetime, pattern: str = "%H:%M:%S") -> str:
    """Write a moment in the zone of `now`, with its date only when that is another day."""
    there = moment.astimezone(now.tzinfo)
    date = "" if there.date() == now.date() else f"{there:%Y-%m-%d} "
    return f"{date}{there:{pattern}} {there.tzname()}"


def remaining_basis_points(bucket: Bucket) -> int | None:
    """Return the share that is left, 0 … 10,000, cut; None without capacity."""
    return None if bucket.capacity == 0 else bucket.shown_tokens * FULL // bucket.capacity
