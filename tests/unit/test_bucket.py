from __future__ import annotations

from typing import Any

import pytest

from dict_rate_limit.domain.buckets.bucket import Bucket, is_policy_name
from dict_rate_limit.domain.errors import InvalidValueError
from samples.domain import bucket


@pytest.mark.parametrize(
    ("available", "capacity", "expected"),
    [
        (1000, 1000, 0.0),
        (0, 1000, 100.0),
        (-15, 1000, 100.0),
        (1500, 1000, 0.0),
        (1, 3, 66.67),
        (2, 3, 33.33),
        (1, 36000, 100.0),
        (19999, 20000, 0.01),
    ],
)
def test_utilization_is_the_used_share_clamped_with_two_decimals(
    available: int, capacity: int, expected: float
) -> None:
    assert bucket(available, capacity).utilization_pct == expected


def test_capacity_zero_is_unknown_and_neither_empty_nor_exhausted() -> None:
    official_example = Bucket(name="CLAIMS_READ", available_tokens=0, capacity=0, refill_tokens=0, refill_period_sec=0)

    assert official_example.utilization_pct is None
    assert not official_example.exhausted


@pytest.mark.parametrize(("available", "exhausted"), [(1, False), (0, True), (-15, True)])
def test_a_bucket_is_exhausted_when_no_token_is_left(available: int, *, exhausted: bool) -> None:
    assert bucket(available).exhausted is exhausted


@pytest.mark.parametrize(("available", "shown"), [(-15, 0), (7, 7), (1200, 1000)])
def test_tokens_are_stored_raw_and_clamped_for_display(available: int, shown: int) -> None:
    reading = bucket(available)

    assert reading.available_tokens == available
    assert reading.shown_tokens == shown


@pytest.mark.parametrize("name", ["", "claims_read", "CLAIMS READ", "A" * 101, "CLAIMS\n", "ÁREA", "../X"])
def test_an_invalid_name_is_rejected_with_field_value_and_expectation(name: str) -> None:
    assert not is_policy_name(name)
    with pytest.raises(InvalidValueError, match=r"name: .* expected 1 to 100 of A-Z, 0-9 and _"):
        bucket(name=name)


@pytest.mark.parametrize("name", ["A", "A" * 100, "ENTRIES_READ_USER_ANTISCAN_V2", "0_9"])
def test_a_valid_name_is_accepted(name: str) -> None:
    assert bucket(name=name).name == name


@pytest.mark.parametrize("field", ["capacity", "refill_tokens", "refill_period_sec"])
def test_a_negative_limit_is_rejected(field: str) -> None:
    negative: dict[str, Any] = {field: -1}

    with pytest.raises(InvalidValueError, match=f"{field}: -1, expected 0 to 2147483647"):
        bucket(**negative)


@pytest.mark.parametrize("field", ["available", "capacity", "refill_tokens", "refill_period_sec"])
def test_a_number_too_large_for_the_database_is_rejected(field: str) -> None:
    huge: dict[str, Any] = {field: 2**31}

    with pytest.raises(InvalidValueError, match="2147483648, expected"):
        bucket(**huge)
