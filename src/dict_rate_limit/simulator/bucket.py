"""The token bucket of DICT, exact to the microsecond, in integers (Manual Operacional 8.0, chapter 13).

Its traffic is a share of the refill rate, with seeded noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from dict_rate_limit.domain.buckets.catalog import ANTISCAN, PublishedLimits

SECOND: Final = 1_000_000
"""Microseconds."""

COST_FOUND: Final = 1
COST_MISSING: Final = 3
"""Tokens of an antiscan lookup on 200 and on 404; a payment order returns one token."""

_MASK: Final = 2**64 - 1


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A period of even demand: `load_pct` of the first refill rate.

    For antiscan lookups: the share answered 404, and the share of the others followed by a payment order.
    """

    seconds: int
    load_pct: int
    missing_pct: int = 3
    paid_pct: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficProfile:
    """Phases of one policy, repeated, in steps of `step_sec`.

    `start_pct` is the share of the capacity at the start; None lets the seed choose between 45 and 100.
    `noise_pct` is how far each step may differ from the phase's load.
    """

    phases: tuple[Phase, ...]
    start_pct: int | None = None
    step_sec: int = 5
    noise_pct: int = 10

    def phase_at(self, elapsed_sec: int) -> Phase:
        left = elapsed_sec % sum(phase.seconds for phase in self.phases)
        position = 0
        while left >= self.phases[position].seconds:
            left -= self.phases[position].seconds
            position += 1
        return self.phases[position]


CALM: Final = TrafficProfile(phases=(Phase(seconds=3600, load_pct=55),), step_sec=30, noise_pct=60)
"""Ordinary traffic. Steps are long, so that a thousand participants cost little."""
SILENT: Final = TrafficProfile(phases=(Phase(seconds=3600, load_pct=0),), start_pct=100, step_sec=3600)
"""No requests. POLICIES_LIST and POLICIES_READ have only the monitor's."""


def seeded(*parts: object) -> int:
    """Return 64 bits that depend on the parts only."""
    return int.from_bytes(blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest())


def _mixed(number: int) -> int:
    number = (number * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    return number ^ (number >> 27)


class PolicyTraffic:
    """One policy of one participant: its bucket and its traffic, on a fixed grid of steps.

    The grid makes the traffic independent of the times of polls.
    """

    __slots__ = ("_counts_missing", "_next", "_profile", "_rate", "_seed", "bucket")

    def __init__(self, policy_name: str, bucket: TokenBucket, profile: TrafficProfile, seed: int) -> None:
        self.bucket = bucket
        self._profile = profile
        self._seed = seed
        # The first limits: a change of category must not change the traffic.
        self._rate = bucket.limits
        self._next = profile.step_sec
        self._counts_missing = policy_name == ANTISCAN

    def run_until(self, at: int) -> None:
        while self._next * SECOND <= at:
            self.bucket.advance(self._next * SECOND)
            self._step(self._next)
            self._next += self._profile.step_sec
        self.bucket.advance(at)

    def _step(self, elapsed_sec: int) -> None:
        phase = self._profile.phase_at(elapsed_sec - self._profile.step_sec)
        requests = self._requests(phase.load_pct, _mixed(self._seed ^ elapsed_sec))
        if self._counts_missing:
            _look_up(self.bucket, requests, phase)
        else:
            self.bucket.spend(requests)

    def _requests(self, load_pct: int, noise: int) -> int:
        swing = self._profile.noise_pct
        # The noise is from 100 - swing to 100 + swing percent.
        share = 100 - swing + noise % (2 * swing + 1)
        whole = self._rate.refill_period_sec * 100 * 100
        # A fraction of a request becomes one request with that probability.
        return (self._rate.refill_tokens * self._profile.step_sec * load_pct * share + (noise >> 16) % whole) // whole


def _look_up(bucket: TokenBucket, requests: int, phase: Phase) -> None:
    missing = requests * phase.missing_pct // 100
    found = bucket.spend(requests - missing, COST_FOUND)
    bucket.spend(missing, COST_MISSING)
    bucket.credit(found * phase.paid_pct // 100)


def first_tokens(limits: PublishedLimits, profile: TrafficProfile, seed: int) -> int:
    """Return the tokens a bucket starts with."""
    share = profile.start_pct if profile.start_pct is not None else 45 + seed % 56
    return limits.capacity * share // 100
