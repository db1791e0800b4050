"""The token bucket of DICT, exact to the microsecond, in integers (Manual Operacional 8.0, chapter 13)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from dict_rate_limit.domain.buckets.catalog import PublishedLimits

SECOND: Final = 1_000_000
"""Microseconds."""


class Refill(StrEnum):
    """How tokens are refilled. BACEN does not publish which of them DICT does."""

    PRO_RATA = "pro-rata"  # evenly over the period
    STEPWISE = "stepwise"  # all at once at the end of each period


class TokenBucket:
    """One bucket on a virtual clock: microseconds since the start, which never run backwards here.

    Admission asks only that the bucket is not empty and the cost is taken afterwards, so `tokens` may be negative.
    Refill and credit above the capacity are lost. After a downgrade `tokens` may exceed the capacity:
    they stay until they are consumed, the fraction of the next one too.
    """

    __slots__ = ("_at", "_carry", "_refill", "limits", "tokens")

    def __init__(self, limits: PublishedLimits, *, tokens: int, refill: Refill = Refill.PRO_RATA, at: int = 0) -> None:
        self.limits = limits
        self.tokens = tokens
        self._refill = refill
        self._at = at
        # The fraction of the next token, in 1 / (microseconds of the period).
        self._carry = 0

    @property
    def _period(self) -> int:
        return self.limits.refill_period_sec * SECOND

    def advance(self, at: int) -> None:
        if at <= self._at:
            return
        since, self._at = self._at, at
        if self._period == 0 or self.tokens >= self.limits.capacity:
            return
        if self._refill is Refill.STEPWISE:
            gained = (at // self._period - since // self._period) * self.limits.refill_tokens
        else:
            gained, self._carry = divmod(self._carry + (at - since) * self.limits.refill_tokens, self._period)
        self.credit(gained)

    def spend(self, requests: int, cost: int = 1) -> int:
        """Consume the cost of these requests one after the other; return how many were admitted."""
        if self.tokens <= 0:
            return 0
        admitted = min(requests, -(-self.tokens // cost))
        self.tokens -= admitted * cost
        return admitted

    def credit(self, tokens: int) -> None:
        """Return tokens to the bucket; the excess over the capacity is lost."""
        capacity = self.limits.capacity
        if self.tokens >= capacity:
            return
        self.tokens += tokens
        if self.tokens >= capacity:
            self.tokens, self._carry = capacity, 0

    def change_limits(self, limits: PublishedLimits) -> None:
        """Apply other limits; the tokens stay as they are."""
        old = self._period
        self.limits = limits
        self._carry = self._carry * self._period // old if old else 0

    def seconds_to_admission(self) -> int | None:
        """Return the seconds until a request is admitted, rounded up; None when never."""
        missing = 1 - self.tokens
        if missing <= 0:
            return 0
        if self._period == 0 or self.limits.refill_tokens == 0 or self.limits.capacity == 0:
            return None
        if self._refill is Refill.STEPWISE:
            steps = -(-missing // self.limits.refill_tokens)
            wait = (self._at // self._period + steps) * self._period - self._at
        else:
            wait = -(-(missing * self._period - self._carry) // self.limits.refill_tokens)
        return -(-wait // SECOND)
