from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dict_rate_limit.domain.buckets.level import Level, Thresholds, clear_threshold, level_of, level_with_hysteresis
from dict_rate_limit.domain.errors import InvalidValueError
from samples.domain import THRESHOLDS, bucket


@pytest.mark.parametrize(
    ("available", "level"),
    [
        (1000, Level.OK),
        (251, Level.OK),
        (250, Level.WARNING),
        (101, Level.WARNING),
        (100, Level.CRITICAL),
        (0, Level.CRITICAL),
        (-15, Level.CRITICAL),
        (1500, Level.OK),
    ],
)
def test_thresholds_are_inclusive(available: int, level: Level) -> None:
    assert level_of(bucket(available), THRESHOLDS) is level


def test_a_bucket_without_capacity_is_unknown() -> None:
    assert level_of(bucket(0, 0), THRESHOLDS) is Level.UNKNOWN


def test_levels_are_compared_as_integers_and_not_as_rounded_shares() -> None:
    just_above = bucket(90_001, 360_000)  # 25.0003 %: rounds to 25.00

    assert level_of(just_above, THRESHOLDS) is Level.OK


@pytest.mark.parametrize(
    ("available", "previous", "level"),
    [
        (260, Level.WARNING, Level.WARNING),  # 26 %: above 25, not above 27
        (270, Level.WARNING, Level.WARNING),  # 27 % exactly
        (271, Level.WARNING, Level.OK),
        (110, Level.CRITICAL, Level.CRITICAL),
        (120, Level.CRITICAL, Level.CRITICAL),
        (121, Level.CRITICAL, Level.WARNING),
        (260, Level.CRITICAL, Level.WARNING),  # clears critical, not yet warning
        (300, Level.CRITICAL, Level.OK),
        (260, Level.OK, Level.OK),  # the margin is for going down only
        (250, Level.OK, Level.WARNING),
        (100, Level.WARNING, Level.CRITICAL),
        (260, Level.UNKNOWN, Level.OK),
    ],
)
def test_a_level_steps_down_only_by_a_clear_margin(available: int, previous: Level, level: Level) -> None:
    assert level_with_hysteresis(bucket(available), THRESHOLDS, previous) is level


def test_a_bucket_without_capacity_stays_unknown() -> None:
    assert level_with_hysteresis(bucket(0, 0), THRESHOLDS, Level.CRITICAL) is Level.UNKNOWN


def test_a_full_bucket_clears_when_threshold_and_margin_exceed_100_percent() -> None:
    strict = Thresholds(warning=9900, critical=1000, margin=200)

    assert clear_threshold(strict, Level.WARNING) == 10_000
    assert level_with_hysteresis(bucket(999), strict, Level.WARNING) is Level.WARNING
    assert level_with_hysteresis(bucket(1000), strict, Level.WARNING) is Level.OK


@pytest.mark.parametrize(("warning", "critical"), [(1000, 2500), (10_001, 10), (2500, -1)])
def test_thresholds_in_the_wrong_order_are_rejected(warning: int, critical: int) -> None:
    with pytest.raises(InvalidValueError, match="expected 0 <= critical <= warning <= 100"):
        Thresholds(warning=warning, critical=critical, margin=200)


def test_a_margin_above_100_percent_is_rejected() -> None:
    with pytest.raises(InvalidValueError, match="margin: -1 %, expected 0 to 100"):
        Thresholds(warning=2500, critical=1000, margin=-100)


@pytest.mark.parametrize(
    ("warning", "critical", "expected"),
    [
        (None, None, (2500, 1000)),
        (5000, None, (5000, 1000)),
        (None, 500, (2500, 500)),
        (4000, 3000, (4000, 3000)),
        (500, None, (500, 500)),  # the global critical follows
        (None, 6000, (6000, 6000)),  # the global warning follows
    ],
)
def test_a_policys_own_thresholds_override_the_global_ones(
    warning: int | None, critical: int | None, expected: tuple[int, int]
) -> None:
    effective = THRESHOLDS.with_overrides(warning, critical)

    assert (effective.warning, effective.critical) == expected


@given(
    available=st.integers(-1000, 50_000),
    capacity=st.integers(1, 40_000),
    previous=st.sampled_from([Level.OK, Level.WARNING, Level.CRITICAL]),
)
def test_hysteresis_never_improves_a_level_and_is_stable(available: int, capacity: int, previous: Level) -> None:
    order = [Level.OK, Level.WARNING, Level.CRITICAL]
    reading = bucket(available, capacity)

    settled = level_with_hysteresis(reading, THRESHOLDS, previous)

    assert order.index(settled) >= order.index(level_of(reading, THRESHOLDS))
    assert level_with_hysteresis(reading, THRESHOLDS, settled) is settled
