from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dict_rate_limit.domain.alerts.conditions import alert_context, thresholds_of
from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.forecast import Consumption, Outlook, TimeRange, outlook
from dict_rate_limit.domain.buckets.level import Level, level_of
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, RULES, THRESHOLDS, bucket, run, snapshot

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.bucket import Bucket

FAST = Consumption(low=400, high=460, seconds=300, censored=False)
LATER = NOON + FIVE_MINUTES


def ends(span: TimeRange | None) -> tuple[float, float]:
    assert span is not None
    return span.earliest, span.latest


def test_a_bucket_in_use_has_an_outlook() -> None:
    ahead = outlook(bucket(500, refill_tokens=60), FAST, THRESHOLDS)

    assert ahead is not None
    assert ends(ahead.empty) == pytest.approx((937.5, 1500))
    assert ends(ahead.usable) == (0, 0)
    assert ends(ahead.full) == pytest.approx((500, 540))
    assert (ahead.safe_tokens, ahead.refill_per_minute) == (399, 60)


@pytest.mark.parametrize(
    "unlimited",
    [bucket(0, capacity=0), bucket(refill_tokens=0), bucket(refill_period_sec=0)],
    ids=["capacity", "refill", "period"],
)
def test_a_bucket_without_limits_has_no_outlook(unlimited: Bucket) -> None:
    assert outlook(unlimited, FAST, THRESHOLDS) is None


@given(
    capacity=st.integers(1, 40_000),
    available=st.integers(-100, 41_000),
    critical=st.integers(0, 2500),
)
def test_the_safe_tokens_are_the_most_that_leave_a_bucket_above_critical(
    capacity: int, available: int, critical: int
) -> None:
    thresholds = replace(THRESHOLDS, critical=critical)
    before = bucket(available, capacity)

    ahead = outlook(before, None, thresholds)

    assert ahead is not None
    held = before.shown_tokens
    if level_of(before, thresholds) is Level.CRITICAL:
        assert ahead.safe_tokens == 0
    else:
        assert level_of(bucket(held - ahead.safe_tokens, capacity), thresholds) is not Level.CRITICAL
        assert level_of(bucket(held - ahead.safe_tokens - 1, capacity), thresholds) is Level.CRITICAL


@pytest.mark.parametrize("taken", [None, FAST, replace(FAST, low=0, high=0)], ids=["unknown", "fast", "idle"])
def test_an_outlook_survives_a_round_trip_through_json_values(taken: Consumption | None) -> None:
    ahead = outlook(bucket(500), taken, THRESHOLDS)
    assert ahead is not None

    again = Outlook.from_dict(ahead.to_dict())

    assert again.to_dict() == ahead.to_dict()
    assert again.safe_tokens == ahead.safe_tokens


def test_never_is_null_in_json_values() -> None:
    ahead = outlook(bucket(500), replace(FAST, low=0), THRESHOLDS)
    assert ahead is not None

    span = ahead.to_dict()["empty_in_sec"]

    assert span == [937.5, None]
    assert Outlook.from_dict(ahead.to_dict()).empty == TimeRange(earliest=937.5, latest=inf)


@pytest.mark.parametrize("broken", [{"safe_tokens": "many"}, {"refill_per_minute": None}])
def test_invalid_json_values_are_rejected(broken: dict[str, object]) -> None:
    ahead = outlook(bucket(500), None, THRESHOLDS)
    assert ahead is not None

    with pytest.raises(TypeError, match="expected what `to_dict` returns"):
        Outlook.from_dict(ahead.to_dict() | broken)


def test_the_context_of_a_bucket_has_its_own_thresholds() -> None:
    state = ParticipantState(participant=PARTICIPANT, policy_overrides={"CLAIMS_READ": PolicyOverride(warning=5000)})

    warned = alert_context(state, snapshot(bucket(400)), bucket(400), RULES, Level.WARNING)
    critical = alert_context(state, snapshot(bucket(50)), bucket(50), RULES, Level.CRITICAL)

    assert (warned.threshold, critical.threshold) == (5000, 1000)
    assert thresholds_of(state, "OTHER", RULES) == THRESHOLDS


def test_without_an_earlier_reading_there_is_no_pace() -> None:
    facts = alert_context(
        ParticipantState(participant=PARTICIPANT), snapshot(bucket(400)), bucket(400), RULES, Level.OK
    )

    assert facts.outlook is not None
    assert facts.outlook.empty is None


def test_a_bucket_without_a_time_has_no_pace() -> None:
    state = ParticipantState(participant=PARTICIPANT, buckets={"CLAIMS_READ": bucket(900)})

    facts = alert_context(state, snapshot(bucket(400)), bucket(400), RULES, Level.OK)

    assert facts.outlook is not None
    assert facts.outlook.empty is None


def test_the_pace_is_that_of_the_last_interval() -> None:
    state, _ = run(snapshot(bucket(900)))

    facts = alert_context(state, snapshot(bucket(200), at=LATER), bucket(200), RULES, Level.WARNING)

    assert facts.outlook is not None
    assert ends(facts.outlook.empty) == pytest.approx((200 / (1000 / 300 - 1), 200 / (800 / 300 - 1)))


def test_a_gap_between_readings_gives_no_pace() -> None:
    state, _ = run(snapshot(bucket(900)))
    after = NOON + 3 * FIVE_MINUTES + timedelta(seconds=1)

    facts = alert_context(state, snapshot(bucket(200), at=after), bucket(200), RULES, Level.WARNING)

    assert facts.outlook is not None
    assert facts.outlook.empty is None
