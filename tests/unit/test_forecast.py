from __future__ import annotations

from math import inf
from typing import Any

import pytest

from dict_rate_limit.domain.buckets.forecast import (
    AT_ONCE,
    Consumption,
    TimeRange,
    time_to_empty,
    time_to_full,
    time_to_tokens,
    time_to_usable,
)
from samples.domain import bucket


def pace(low: int, high: int, seconds: float = 60) -> Consumption:
    return Consumption(low=low, high=high, seconds=seconds, censored=False)


def test_time_to_full_spans_from_pro_rata_to_the_next_whole_period() -> None:
    assert time_to_full(bucket(910)) == TimeRange(earliest=90, latest=120)


def test_a_period_of_a_day_is_not_treated_as_a_minute() -> None:
    daily = bucket(199, 200, name="CIDS_FILES_WRITE", refill_tokens=40, refill_period_sec=86_400)

    assert time_to_full(daily) == TimeRange(earliest=2160, latest=86_400)


@pytest.mark.parametrize("available", [1000, 1500])
def test_a_full_bucket_is_full_at_once(available: int) -> None:
    assert time_to_full(bucket(available)) == AT_ONCE


def test_an_empty_bucket_is_usable_with_its_first_token() -> None:
    assert time_to_usable(bucket(-14)) == TimeRange(earliest=15, latest=60)


def test_more_tokens_than_the_capacity_are_never_available() -> None:
    assert time_to_tokens(bucket(500), 1001) == TimeRange(earliest=inf, latest=inf)


@pytest.mark.parametrize("limits", [{"capacity": 0}, {"refill_tokens": 0}, {"refill_period_sec": 0}])
def test_zero_limits_give_no_time(limits: dict[str, Any]) -> None:
    assert time_to_full(bucket(0, **limits)) is None
    assert time_to_empty(bucket(0, **limits), pace(100, 100)) is None


def test_time_to_empty_follows_the_pace_beyond_the_refill() -> None:
    assert time_to_empty(bucket(600), pace(120, 180)) == TimeRange(earliest=300, latest=600)


def test_a_pace_within_the_refill_never_empties() -> None:
    assert time_to_empty(bucket(600), pace(0, 60)) == TimeRange(earliest=inf, latest=inf)
    assert time_to_empty(bucket(600), pace(50, 120)) == TimeRange(earliest=600, latest=inf)


def test_without_evidence_there_is_no_forecast() -> None:
    assert time_to_empty(bucket(600), None) is None


def test_an_exhausted_bucket_is_empty_now() -> None:
    assert time_to_empty(bucket(-3), pace(0, 1)) == AT_ONCE
