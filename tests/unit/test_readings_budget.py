from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.errors import InvalidValueError, Outcome, SourceError
from dict_rate_limit.usecases.readings.budget import MAX_BACKOFF, BudgetConfig, SourceBudget
from samples.domain import NOON, bucket, snapshot
from samples.readings import FakeClock, policies_list

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.bucket import Bucket

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def budget(clock: FakeClock, *, ttl: float = 1, share: float = 0.5, reserve: float = 0.25) -> SourceBudget:
    return SourceBudget(BudgetConfig(cache_ttl=timedelta(seconds=ttl), share=share, reserve=reserve), clock)


@pytest.mark.parametrize(
    ("ttl", "share", "reserve"), [(0, 0.5, 0.25), (1, 0, 0.25), (1, 1.1, 0.25), (1, 0.5, -0.1), (1, 0.5, 1)]
)
def test_a_budget_of_nothing_or_everything_is_rejected(ttl: float, share: float, reserve: float) -> None:
    with pytest.raises(InvalidValueError, match="expected cache_ttl > 0"):
        BudgetConfig(cache_ttl=timedelta(seconds=ttl), share=share, reserve=reserve)


def test_the_first_spacing_is_a_share_of_the_published_refill(clock: FakeClock) -> None:
    assert budget(clock, share=0.5).spacing == 20 * SECOND  # 6 a minute, half of them


def test_the_spacing_is_never_below_the_cache_ttl(clock: FakeClock) -> None:
    assert budget(clock, ttl=60).spacing == 60 * SECOND


def test_the_spacing_follows_the_refill_of_the_last_reading(clock: FakeClock) -> None:
    account = budget(clock)

    account.update(snapshot(bucket(20, 20, "POLICIES_LIST", refill_tokens=60, refill_period_sec=60)))

    assert account.spacing == 2 * SECOND


@pytest.mark.parametrize(
    "learned",
    [
        bucket(20, 20, "POLICIES_LIST", refill_tokens=0),
        bucket(20, 20, "POLICIES_LIST", refill_period_sec=0),
        bucket(0, 0, "POLICIES_LIST", refill_tokens=0, refill_period_sec=0),
        bucket(name="ENTRIES_WRITE"),
    ],
)
def test_the_published_refill_applies_when_the_reading_has_none(clock: FakeClock, learned: Bucket) -> None:
    account = budget(clock)

    account.update(snapshot(learned))

    assert account.spacing == 20 * SECOND


def test_without_a_reading_the_first_call_is_allowed(clock: FakeClock) -> None:
    assert budget(clock).allows()


def test_a_call_is_followed_by_the_spacing(clock: FakeClock) -> None:
    account = budget(clock)
    account.consume()

    clock.advance(19.9)
    before = account.allows()
    clock.advance(0.1)

    assert (before, account.allows()) == (False, True)


@pytest.mark.parametrize(("available", "allowed"), [(6, True), (5, False), (0, False), (-15, False)])
def test_the_reserve_belongs_to_the_monitor(clock: FakeClock, available: int, *, allowed: bool) -> None:
    account = budget(clock, reserve=0.25)

    account.update(snapshot(policies_list(available, 20)))

    assert account.allows() is allowed


def test_the_refill_since_the_reading_counts(clock: FakeClock) -> None:
    account = budget(clock)
    account.update(snapshot(policies_list(5, 20)))

    clock.advance(9.9)
    before = account.allows()
    clock.advance(0.1)

    assert (before, account.allows()) == (False, True)


def test_the_refill_never_fills_above_the_capacity(clock: FakeClock) -> None:
    account = budget(clock, reserve=0.9)
    account.update(snapshot(policies_list(20, 20)))
    account.consume()
    account.consume()

    clock.advance(3600)

    assert not account.allows()


def test_calls_since_the_reading_count_as_spent(clock: FakeClock) -> None:
    account = budget(clock)
    account.update(snapshot(policies_list(9, 20)))
    for _ in range(9):
        account.consume()

    clock.advance(20)

    assert not account.allows()


def test_a_reading_without_capacity_has_no_reserve(clock: FakeClock) -> None:
    account = budget(clock)

    account.update(snapshot(policies_list(0, 0)))

    assert account.allows()


def test_an_older_reading_changes_nothing(clock: FakeClock) -> None:
    account = budget(clock)
    account.update(snapshot(policies_list(0, 20)))

    account.update(snapshot(policies_list(20, 20), at=NOON - SECOND))

    assert not account.allows()


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (SourceError(Outcome.RATE_LIMITED, "429"), 10.0),
        (SourceError(Outcome.RATE_LIMITED, "429", retry_after_sec=30), 30.0),
        (SourceError(Outcome.UNAVAILABLE, "503", retry_after_sec=40), 40.0),
        (SourceError(Outcome.UNAVAILABLE, "503", retry_after_sec=10**9), MAX_BACKOFF.total_seconds()),
    ],
)
def test_a_429_is_followed_by_its_retry_after(clock: FakeClock, error: SourceError, pause: float) -> None:
    account = budget(clock, reserve=0)
    account.record_failure(error)

    clock.advance(pause - 0.1)
    before = account.allows()
    clock.advance(0.1)

    assert (before, account.allows()) == (False, True)


@pytest.mark.parametrize("known", [policies_list(20, 20), bucket()])
def test_a_429_means_an_empty_bucket(clock: FakeClock, known: Bucket) -> None:
    account = budget(clock, reserve=0.25)
    account.update(snapshot(known))
    account.record_failure(SourceError(Outcome.RATE_LIMITED, "429"))

    clock.advance(59.9)
    before = account.allows()
    clock.advance(0.1)

    assert (before, account.allows()) == (False, True)


def test_a_newer_reading_overrides_a_429(clock: FakeClock) -> None:
    account = budget(clock)
    account.record_failure(SourceError(Outcome.RATE_LIMITED, "429"))
    clock.advance(10)

    account.update(snapshot(policies_list(20, 20), at=clock.now()))

    assert account.allows()


def test_another_failure_adds_no_pause(clock: FakeClock) -> None:
    account = budget(clock)

    account.record_failure(SourceError(Outcome.INTERNAL, "500"))

    assert account.allows()


def test_a_short_retry_after_does_not_shorten_the_spacing(clock: FakeClock) -> None:
    account = budget(clock)
    account.consume()

    account.record_failure(SourceError(Outcome.UNAVAILABLE, "503", retry_after_sec=1))
    clock.advance(2)

    assert not account.allows()
