"""Sample values of the domain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import AlertConfig, ParticipantState
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.buckets.reading import FailedPoll, RejectedItem, Snapshot
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.texts.alert_lines import alert_event, alert_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
    from dict_rate_limit.domain.alerts.transition import Change
    from dict_rate_limit.domain.buckets.reading import Poll

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)
THRESHOLDS = Thresholds(warning=2500, critical=1000, margin=200)
RULES = AlertConfig(thresholds=THRESHOLDS, interval=FIVE_MINUTES, unreachable_after=3)
PARTICIPANT = "12345678"


def bucket(
    available: int = 1000,
    capacity: int = 1000,
    name: str = "CLAIMS_READ",
    refill_tokens: int = 60,
    refill_period_sec: int = 60,
) -> Bucket:
    """Make a bucket of 1000 that refills 60 a minute."""
    return Bucket(
        name=name,
        available_tokens=available,
        capacity=capacity,
        refill_tokens=refill_tokens,
        refill_period_sec=refill_period_sec,
    )


def snapshot(
    *buckets: Bucket,
    at: datetime = NOON,
    response_time: datetime | None = None,
    category: str = "C",
    rejected: Iterable[RejectedItem] = (),
) -> Snapshot:
    """Make a response received `at`, with the same time from DICT by default."""
    return Snapshot(
        participant=PARTICIPANT,
        source="test",
        response_time=response_time or at,
        received_at=at,
        category=category,
        correlation_id=None,
        buckets=buckets,
        rejected=tuple(rejected),
    )


def failure(outcome: Outcome = Outcome.UNAVAILABLE, at: datetime = NOON) -> FailedPoll:
    """Make a failed poll."""
    return FailedPoll(participant=PARTICIPANT, source="test", outcome=outcome, detail="nobody there", received_at=at)


def run(*polls: Poll, state: ParticipantState | None = None) -> tuple[ParticipantState, list[AlertEvent]]:
    """Evaluate polls one after the other; return the last state and all events."""
    known = state or ParticipantState(participant=PARTICIPANT)
    events: list[AlertEvent] = []
    for poll in polls:
        known, evaluation = evaluate_poll(known, poll, RULES)
        events.extend(alert_events(evaluation.changes))
    return known, events


def recorded(change: Change) -> tuple[Alert, AlertEvent]:
    """Return the alert after a change and the event a store gets."""
    return change.alert, alert_event(change)


def ticks(*readings: Bucket | tuple[Bucket, ...] | Outcome) -> list[Poll]:
    """Make one poll every five minutes from noon: buckets, several, or a failure."""
    polls: list[Poll] = []
    for number, reading in enumerate(readings):
        at = NOON + number * FIVE_MINUTES
        if isinstance(reading, Outcome):
            polls.append(failure(reading, at))
        else:
            polls.append(snapshot(*(reading if isinstance(reading, tuple) else (reading,)), at=at))
    return polls
