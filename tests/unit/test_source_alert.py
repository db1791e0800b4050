from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, Severity, TransitionKind
from dict_rate_limit.domain.errors import Outcome
from samples.domain import FIVE_MINUTES, NOON, bucket, failure, run, snapshot, ticks

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.bucket import Bucket

OPENED, RESOLVED = TransitionKind.OPENED, TransitionKind.RESOLVED


def story(*readings: Bucket | Outcome) -> list[tuple[int, Kind, TransitionKind]]:
    _, events = run(*ticks(*readings))
    return [(int((e.detected_at - NOON) / FIVE_MINUTES), e.kind, e.transition) for e in events]


def test_the_source_is_unreachable_after_three_intervals_without_a_reading() -> None:
    down = Outcome.UNAVAILABLE

    assert story(bucket(), down, down, down, down, bucket()) == [
        (3, Kind.SOURCE_UNREACHABLE, OPENED),
        (5, Kind.SOURCE_UNREACHABLE, RESOLVED),
    ]


def test_a_source_that_never_answered_is_unreachable_counted_from_the_first_poll() -> None:
    assert story(*[Outcome.DEADLINE_EXCEEDED] * 5) == [(3, Kind.SOURCE_UNREACHABLE, OPENED)]


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in {Outcome.OK, Outcome.EMPTY, Outcome.RATE_LIMITED}])
def test_every_failure_means_no_data(outcome: Outcome) -> None:
    assert (3, Kind.SOURCE_UNREACHABLE, OPENED) in story(bucket(), outcome, outcome, outcome)


def test_being_unreachable_is_critical_and_concerns_no_single_policy() -> None:
    _, (event,) = run(*ticks(bucket(), *[Outcome.GONE] * 3))

    assert (event.severity, event.policy_name, event.available_tokens) == (Severity.CRITICAL, ANY_POLICY, None)
    assert event.current == "GONE"


def test_a_429_is_an_alert_until_the_next_response() -> None:
    limited = Outcome.RATE_LIMITED

    assert story(bucket(), limited, limited, Outcome.UNAVAILABLE, bucket()) == [
        (1, Kind.RATE_LIMITED, OPENED),
        (3, Kind.SOURCE_UNREACHABLE, OPENED),
        (4, Kind.RATE_LIMITED, RESOLVED),
        (4, Kind.SOURCE_UNREACHABLE, RESOLVED),
    ]


def test_responses_with_a_repeated_time_mean_no_data() -> None:
    stuck = [snapshot(bucket(), at=NOON + n * FIVE_MINUTES, response_time=NOON) for n in range(5)]

    _, events = run(*stuck)

    assert [(e.kind, e.current) for e in events] == [(Kind.SOURCE_UNREACHABLE, "OK")]


def test_an_empty_response_resolves_the_429_but_not_the_missing_data() -> None:
    polls = [*ticks(bucket(), *[Outcome.RATE_LIMITED] * 3), snapshot(at=NOON + 4 * FIVE_MINUTES)]

    state, _ = run(*polls)

    assert [alert.kind for alert in state.open_alerts] == [Kind.SOURCE_UNREACHABLE]


def test_a_late_failure_does_not_override_a_newer_reading() -> None:
    _, events = run(snapshot(bucket()), failure(at=NOON - timedelta(hours=1)))

    assert events == []
