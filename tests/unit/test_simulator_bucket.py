from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dict_rate_limit.domain.buckets.catalog import CATEGORY_LIMITS, FIXED_LIMITS, PublishedLimits
from dict_rate_limit.simulator.bucket import SECOND, Refill, TokenBucket

KEYS_CHECK = FIXED_LIMITS["KEYS_CHECK"]
ALL_LIMITS = [*CATEGORY_LIMITS.values(), *FIXED_LIMITS.values()]


class SecondBySecond:
    """The same rules, computed one second and one request at a time, in fractions."""

    def __init__(self, limits: PublishedLimits, tokens: int, refill: Refill) -> None:
        self.limits = limits
        self.level = Fraction(tokens)
        self.refill = refill
        self.elapsed = 0

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.elapsed += 1
            if self.refill is Refill.PRO_RATA:
                self.gain(Fraction(self.limits.refill_tokens, self.limits.refill_period_sec))
            elif self.elapsed % self.limits.refill_period_sec == 0:
                self.gain(Fraction(self.limits.refill_tokens))

    def gain(self, tokens: Fraction) -> None:
        if self.level < self.limits.capacity:
            self.level = min(Fraction(self.limits.capacity), self.level + tokens)

    def spend(self, requests: int, cost: int) -> int:
        admitted = 0
        for _ in range(requests):
            if floor(self.level) > 0:
                self.level -= cost
                admitted += 1
        return admitted


class BucketAgainstModel(RuleBasedStateMachine):
    bucket: TokenBucket
    model: SecondBySecond
    ceiling: int

    @initialize(limits=st.sampled_from(ALL_LIMITS), share=st.integers(0, 100), refill=st.sampled_from(Refill))
    def begin(self, limits: PublishedLimits, share: int, refill: Refill) -> None:
        tokens = limits.capacity * share // 100
        self.bucket = TokenBucket(limits, tokens=tokens, refill=refill)
        self.model = SecondBySecond(limits, tokens, refill)
        self.ceiling = limits.capacity

    @rule(seconds=st.integers(1, 200))
    def wait(self, seconds: int) -> None:
        self.model.wait(seconds)
        self.bucket.advance(self.model.elapsed * SECOND)

    @rule(requests=st.integers(0, 300), cost=st.sampled_from([1, 3, 20]))
    def spend(self, requests: int, cost: int) -> None:
        assert self.bucket.spend(requests, cost) == self.model.spend(requests, cost)

    @rule(tokens=st.integers(0, 50))
    def credit(self, tokens: int) -> None:
        self.model.gain(Fraction(tokens))
        self.bucket.credit(tokens)

    @rule(divisor=st.sampled_from([2, 3, 10]))
    def downgrade(self, divisor: int) -> None:
        old = self.model.limits
        new = replace(old, capacity=max(1, old.capacity // divisor), refill_tokens=max(1, old.refill_tokens // divisor))
        self.model.limits = new
        self.model.gain(Fraction(0))
        self.bucket.change_limits(new)

    @invariant()
    def agrees(self) -> None:
        assert self.bucket.tokens == floor(self.model.level)

    @invariant()
    def never_above_the_largest_capacity_there_was(self) -> None:
        assert self.bucket.tokens <= self.ceiling


BucketAgainstModel.TestCase.settings = settings(max_examples=25, stateful_step_count=20)
TestBucketAgreesWithTheSlowModel = BucketAgainstModel.TestCase


@given(stops=st.lists(st.integers(0, 3600 * SECOND), max_size=20), limits=st.sampled_from(ALL_LIMITS))
def test_frequent_reads_change_nothing(stops: list[int], limits: PublishedLimits) -> None:
    watched = TokenBucket(limits, tokens=0)
    left_alone = TokenBucket(limits, tokens=0)

    for stop in sorted(stops):
        watched.advance(stop)
    watched.advance(3600 * SECOND)
    left_alone.advance(3600 * SECOND)

    assert watched.tokens == left_alone.tokens


@given(spent=st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_below_capacity_no_token_is_created_or_lost(spent: list[int]) -> None:
    limits = PublishedLimits(capacity=1_000_000, refill_tokens=6, refill_period_sec=60)
    bucket = TokenBucket(limits, tokens=900)

    admitted = 0
    for minute, requests in enumerate(spent, start=1):
        bucket.advance(minute * 60 * SECOND)
        admitted += bucket.spend(requests)

    assert bucket.tokens == 900 + 6 * len(spent) - admitted


def test_a_fraction_of_a_token_survives_a_downgrade() -> None:
    bucket = TokenBucket(PublishedLimits(capacity=10, refill_tokens=3, refill_period_sec=60), tokens=0)
    bucket.advance(71 * SECOND)  # 3.55 tokens

    bucket.change_limits(PublishedLimits(capacity=2, refill_tokens=1, refill_period_sec=60))
    bucket.spend(3)
    bucket.advance((71 + 27) * SECOND)  # 0.55 + 0.45

    assert bucket.tokens == 1


def test_the_cost_is_charged_after_admission_as_in_the_manual() -> None:
    bucket = TokenBucket(KEYS_CHECK, tokens=5)

    admitted = bucket.spend(1, cost=20)

    assert (admitted, bucket.tokens) == (1, -15)


def test_an_empty_bucket_admits_no_request() -> None:
    bucket = TokenBucket(KEYS_CHECK, tokens=0)

    assert bucket.spend(1) == 0


def test_tokens_above_the_capacity_stay_until_spent() -> None:
    bucket = TokenBucket(CATEGORY_LIMITS["C"], tokens=30_000)

    bucket.change_limits(CATEGORY_LIMITS["D"])
    bucket.advance(600 * SECOND)
    bucket.credit(10)

    assert bucket.tokens == 30_000


def test_stepwise_refill_happens_at_the_end_of_the_period() -> None:
    bucket = TokenBucket(KEYS_CHECK, tokens=0, refill=Refill.STEPWISE)

    bucket.advance(60 * SECOND - 1)
    before = bucket.tokens
    bucket.advance(60 * SECOND)

    assert (before, bucket.tokens) == (0, 70)


def test_time_does_not_run_backwards() -> None:
    bucket = TokenBucket(KEYS_CHECK, tokens=0, at=30 * SECOND)

    bucket.advance(0)
    bucket.advance(60 * SECOND)

    assert bucket.tokens == 35


@pytest.mark.parametrize(
    ("tokens", "refill", "seconds"),
    [
        (1, Refill.PRO_RATA, 0),
        (0, Refill.PRO_RATA, 10),
        (-2, Refill.PRO_RATA, 30),
        (0, Refill.STEPWISE, 60),
        (-6, Refill.STEPWISE, 120),
    ],
)
def test_the_wait_for_admission_is_in_whole_seconds(tokens: int, refill: Refill, seconds: int) -> None:
    bucket = TokenBucket(FIXED_LIMITS["POLICIES_LIST"], tokens=tokens, refill=refill)

    assert bucket.seconds_to_admission() == seconds


@pytest.mark.parametrize("limits", [(0, 6, 60), (20, 0, 60), (20, 6, 0)])
def test_a_bucket_that_is_never_refilled_never_admits_again(limits: tuple[int, int, int]) -> None:
    capacity, tokens, period = limits
    bucket = TokenBucket(PublishedLimits(capacity=capacity, refill_tokens=tokens, refill_period_sec=period), tokens=0)

    bucket.advance(3600 * SECOND)

    assert bucket.seconds_to_admission() is None


def test_limits_may_change_between_two_tokens() -> None:
    bucket = TokenBucket(FIXED_LIMITS["POLICIES_LIST"], tokens=0)
    bucket.advance(5 * SECOND)  # half a token

    bucket.change_limits(PublishedLimits(capacity=20, refill_tokens=6, refill_period_sec=120))
    bucket.advance(15 * SECOND)

    assert bucket.tokens == 1


def test_a_bucket_without_a_period_accepts_new_limits() -> None:
    bucket = TokenBucket(PublishedLimits(capacity=0, refill_tokens=0, refill_period_sec=0), tokens=0)

    bucket.change_limits(KEYS_CHECK)
    bucket.advance(60 * SECOND)

    assert bucket.tokens == 70
