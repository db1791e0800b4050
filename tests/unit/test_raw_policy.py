from __future__ import annotations

from datetime import timedelta

import pytest

from dict_rate_limit.domain.buckets.bucket import RawPolicy
from dict_rate_limit.domain.buckets.reading import RejectedItem, split_valid
from dict_rate_limit.domain.errors import InvalidValueError, Outcome, SettingsError, SourceError
from samples.domain import NOON, bucket, failure, snapshot


def raw(name: str, capacity: int = 1000) -> RawPolicy:
    return RawPolicy(name=name, available_tokens=5, capacity=capacity, refill_tokens=60, refill_period_sec=60)


def test_the_time_of_dict_is_used_within_a_day_of_ours() -> None:
    earlier = NOON - timedelta(hours=24)

    assert snapshot(bucket(), response_time=earlier).checked_at == earlier


@pytest.mark.parametrize("drift", [timedelta(hours=24, seconds=1), timedelta(hours=-25)])
def test_our_time_is_used_when_dict_differs_by_more_than_a_day(drift: timedelta) -> None:
    assert snapshot(bucket(), response_time=NOON + drift).checked_at == NOON


def test_a_response_without_buckets_is_no_data() -> None:
    assert snapshot().outcome is Outcome.EMPTY


def test_a_naive_time_is_rejected() -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(InvalidValueError, match=r"received_at: 2026-11-23T12:00:00, expected a time with a time zone"):
        failure(at=naive)


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.EMPTY])
def test_a_failed_poll_with_a_success_outcome_is_rejected(outcome: Outcome) -> None:
    with pytest.raises(InvalidValueError, match="expected a failure"):
        failure(outcome)


def test_an_invalid_item_does_not_discard_the_others() -> None:
    buckets, rejected = split_valid([raw("A"), raw("b"), raw("C", capacity=-1), raw("D")])

    assert [b.name for b in buckets] == ["A", "D"]
    assert [(item.position, item.name) for item in rejected] == [(1, "b"), (2, "C")]
    assert rejected[1].reason == "capacity: -1, expected 0 to 2147483647"


def test_the_second_item_with_the_same_name_is_rejected() -> None:
    buckets, rejected = split_valid([raw("A", 10), raw("A", 20)])

    assert [b.capacity for b in buckets] == [10]
    assert rejected == (RejectedItem(position=1, name="A", reason="name: seen before in this answer"),)


def test_a_long_name_is_truncated_in_the_report() -> None:
    _, rejected = split_valid([raw("x" * 10_000)])

    assert rejected[0].name == "x" * 100
    assert len(rejected[0].reason) < 250


def test_only_temporary_outcomes_are_retryable() -> None:
    helped = {outcome for outcome in Outcome if SourceError(outcome, "").retry_helps}

    assert helped == {Outcome.UNAVAILABLE, Outcome.DEADLINE_EXCEEDED}


def test_the_settings_error_lists_all_problems() -> None:
    assert str(SettingsError(("PORT: x", "HOST: y"))) == "PORT: x\nHOST: y"
