from __future__ import annotations

from datetime import timedelta

from dict_rate_limit.domain.alerts.evaluation import evaluate_buckets, evaluate_poll
from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.level import Level
from samples.domain import (
    FIVE_MINUTES,
    NOON,
    PARTICIPANT,
    RULES,
    THRESHOLDS,
    bucket,
    failure,
    run,
    snapshot,
)

LATER = NOON + FIVE_MINUTES


def test_a_first_reading_is_stored() -> None:
    first = snapshot(bucket(700))

    state, evaluation = evaluate_poll(ParticipantState(participant=PARTICIPANT), first, RULES)

    assert evaluation.is_new_reading
    assert (state.first_polled_at, state.last_good_at, state.checked_at, state.category) == (NOON, NOON, NOON, "C")
    assert state.buckets["CLAIMS_READ"].available_tokens == 700


def test_a_failure_is_a_poll_and_changes_no_bucket() -> None:
    state, _ = run(snapshot(bucket(700)))

    after, evaluation = evaluate_poll(state, failure(at=LATER), RULES)

    assert not evaluation.is_new_reading
    assert (after.buckets, after.checked_at, after.last_good_at) == (state.buckets, NOON, NOON)


def test_a_repeated_time_stores_nothing_and_evaluates_no_bucket() -> None:
    state, _ = run(snapshot(bucket(700)))

    after, evaluation = evaluate_poll(state, snapshot(bucket(0), at=LATER, response_time=NOON), RULES)

    assert not evaluation.is_new_reading
    assert evaluation.changes == ()
    assert after.buckets["CLAIMS_READ"].available_tokens == 700


def test_a_time_that_runs_backwards_is_not_new() -> None:
    state, _ = run(snapshot(bucket(700)))

    _, evaluation = evaluate_poll(state, snapshot(bucket(0), at=LATER, response_time=NOON - FIVE_MINUTES), RULES)

    assert not evaluation.is_new_reading


def test_a_reading_that_arrives_late_does_not_replace_a_newer_one() -> None:
    state, _ = run(snapshot(bucket(700), at=LATER))

    _, evaluation = evaluate_poll(state, snapshot(bucket(0), response_time=LATER + FIVE_MINUTES), RULES)

    assert not evaluation.is_new_reading


def test_one_reading_stamped_in_the_future_does_not_hide_the_following_ones() -> None:
    ahead = snapshot(bucket(700), response_time=NOON + timedelta(hours=20))
    state, _ = run(ahead)

    after, evaluation = evaluate_poll(state, snapshot(bucket(50), at=LATER), RULES)

    assert evaluation.is_new_reading
    assert after.checked_at == LATER


def test_the_same_future_stamp_again_is_a_repeat() -> None:
    future = NOON + timedelta(hours=20)
    state, _ = run(snapshot(bucket(700), response_time=future))

    _, evaluation = evaluate_poll(state, snapshot(bucket(50), at=LATER, response_time=future), RULES)

    assert not evaluation.is_new_reading


def test_the_first_poll_is_the_earliest_even_when_recorded_late() -> None:
    state, _ = run(failure(at=LATER), failure(at=NOON))

    assert state.first_polled_at == NOON


def test_evaluated_buckets_are_ordered_and_have_their_thresholds() -> None:
    rules = {"B": PolicyOverride(warning=9500, enabled=False)}

    evaluated = evaluate_buckets(
        [bucket(900, name="B"), bucket(900, name="A"), bucket(0, 0, name="C")], rules, THRESHOLDS
    )

    assert [(j.bucket.name, j.level, j.enabled) for j in evaluated] == [
        ("B", Level.WARNING, False),
        ("A", Level.OK, True),
        ("C", Level.UNKNOWN, True),
    ]
    assert evaluated[0].thresholds.warning == 9500
