from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dict_rate_limit.domain.buckets.forecast import Consumption, Observation, measure_consumption
from samples.domain import NOON, bucket

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.bucket import Bucket

HOUR = timedelta(hours=1)


def sighting(reading: Bucket, seconds: float = 0, category: str = "C") -> Observation:
    return Observation(bucket=reading, checked_at=NOON + timedelta(seconds=seconds), category=category)


def between(before: Bucket, after: Bucket, seconds: float) -> Consumption | None:
    return measure_consumption(sighting(before), sighting(after, seconds), longest_gap=HOUR)


def test_below_capacity_and_over_whole_periods_it_is_exact() -> None:
    taken = between(bucket(500), bucket(400), 120)

    assert taken == Consumption(low=220, high=220, seconds=120, censored=False)


def test_within_a_period_it_spans_stepwise_and_pro_rata_refill() -> None:
    taken = between(bucket(500), bucket(480), 90)

    assert taken is not None
    assert (taken.low, taken.high) == (80, 140)


def test_a_full_bucket_hides_up_to_the_whole_refill() -> None:
    taken = between(bucket(1000), bucket(1000), 300)

    assert taken == Consumption(low=0, high=300, seconds=300, censored=True)


def test_credits_can_exceed_the_lookups() -> None:
    taken = between(bucket(100), bucket(400), 60)

    assert taken is not None
    assert taken.high == -240


def test_negative_tokens_count_raw() -> None:
    taken = between(bucket(10), bucket(-15), 60)

    assert taken is not None
    assert (taken.low, taken.high) == (85, 85)


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        (bucket(400), 0),  # the clock repeats
        (bucket(400), -60),  # or runs backwards
        (bucket(400), 3601),  # a gap
        (bucket(400, 2000), 60),  # the limits changed
        (bucket(400, refill_tokens=61), 60),
        (bucket(1001), 60),  # more than it can hold
    ],
)
def test_without_evidence_there_is_no_value(after: Bucket, seconds: float) -> None:
    assert between(bucket(500), after, seconds) is None


@pytest.mark.parametrize("limits", [{"capacity": 0}, {"refill_tokens": 0}, {"refill_period_sec": 0}])
def test_zero_limits_give_no_value(limits: dict[str, Any]) -> None:
    reading = bucket(0, **limits)

    assert between(reading, reading, 60) is None


def test_a_changed_category_gives_no_value() -> None:
    before, after = sighting(bucket(500)), sighting(bucket(400), 60, category="D")

    assert measure_consumption(before, after, longest_gap=HOUR) is None


@given(
    start=st.integers(-50, 100),
    spending=st.lists(st.tuples(st.floats(0.1, 50, allow_nan=False), st.integers(0, 40)), max_size=12),
    phase=st.floats(0, 60, exclude_max=True),
    stepwise=st.booleans(),
)
def test_the_interval_contains_the_true_consumption(
    start: int, spending: list[tuple[float, int]], phase: float, *, stepwise: bool
) -> None:
    capacity, refill, period = 100, 30, 60
    clock, tokens, true = 0.0, float(start), 0
    for wait, amount in [*spending, (1.0, 0)]:
        later = clock + wait
        steps = int((later + phase) // period) - int((clock + phase) // period)
        tokens = min(capacity, tokens + (steps * refill if stepwise else wait * refill / period))
        clock = later
        if tokens > 0:
            tokens -= amount
            true += amount

    before = bucket(start, capacity, refill_tokens=refill)
    after = bucket(int(tokens // 1), capacity, refill_tokens=refill)
    taken = between(before, after, clock)

    assert taken is not None
    assert taken.low - 1 <= true <= taken.high + 1  # one token: printed whole
