from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.conditions import next_reminder, reminders
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import ParticipantState
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.texts.alert_lines import alert_events
from samples.alerts import HOUR, MINUTE, acknowledgement_by, open_alert
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, RULES, bucket, failure, run, snapshot, ticks

if TYPE_CHECKING:
    from datetime import datetime

EVERY = replace(RULES, remind_every=HOUR)
LATER = NOON + HOUR


def in_warning() -> ParticipantState:
    """Return the state after a bucket of 1000 fell to 200 at noon."""
    state, _ = run(*ticks(bucket(1000)), snapshot(bucket(200), at=NOON + MINUTE))
    return state


def test_an_open_alert_is_repeated_after_the_interval() -> None:
    assert next_reminder(open_alert(), HOUR) == LATER


def test_without_an_interval_there_is_no_reminder() -> None:
    assert next_reminder(open_alert(), None) is None


def test_a_resolved_alert_has_no_reminder() -> None:
    assert next_reminder(replace(open_alert(), resolved_at=NOON), HOUR) is None


@pytest.mark.parametrize(("until", "due"), [(NOON + 2 * HOUR, NOON + 2 * HOUR), (NOON + MINUTE, LATER)])
def test_an_acknowledged_alert_has_no_reminder(until: datetime, due: datetime) -> None:
    alert = replace(open_alert(), acknowledgement=replace(acknowledgement_by(), until=until))

    assert next_reminder(alert, HOUR) == due


def test_a_reminder_has_the_current_tokens_and_outlook() -> None:
    _, evaluation = evaluate_poll(in_warning(), snapshot(bucket(210), at=LATER + MINUTE), EVERY)

    ((alert, event),) = zip(evaluation.alerts, alert_events(evaluation.changes), strict=True)
    assert (event.transition, event.available_tokens, event.sequence) == (TransitionKind.REMINDED, 210, 2)
    assert event.message_en == (
        "CLAIMS_READ still in warning for 1 h: 210 of 1,000 tokens left (21%), warning threshold 25%"
        " [participant 12345678]"
    )
    assert event.outlook is not None
    assert alert.updated_at == LATER + MINUTE


def test_a_reminder_of_a_critical_bucket_names_the_critical_threshold() -> None:
    state, _ = run(snapshot(bucket(50)))

    _, evaluation = evaluate_poll(state, snapshot(bucket(60), at=LATER), EVERY)

    assert "critical threshold 10%" in alert_events(evaluation.changes)[0].message_en


def test_there_is_no_reminder_before_it_is_due() -> None:
    _, evaluation = evaluate_poll(in_warning(), snapshot(bucket(210), at=LATER), EVERY)

    assert evaluation.changes == ()


def test_an_alert_that_changes_severity_has_no_reminder() -> None:
    _, evaluation = evaluate_poll(in_warning(), snapshot(bucket(50), at=LATER + MINUTE), EVERY)

    assert [event.transition for event in alert_events(evaluation.changes)] == [TransitionKind.ESCALATED]


def test_a_failed_poll_gives_a_reminder_without_numbers() -> None:
    blind = replace(EVERY, unreachable_after=100)

    _, evaluation = evaluate_poll(in_warning(), failure(at=LATER + MINUTE), blind)

    (event,) = alert_events(evaluation.changes)
    assert (event.transition, event.available_tokens, event.outlook) == (TransitionKind.REMINDED, None, None)
    assert "tokens left unknown" in event.message_en


def test_a_repeated_reading_gives_a_reminder_without_numbers() -> None:
    state = replace(in_warning(), checked_at=NOON + FIVE_MINUTES, last_good_at=NOON + FIVE_MINUTES)
    repeated = snapshot(bucket(210), at=LATER + MINUTE, response_time=NOON + FIVE_MINUTES)

    _, evaluation = evaluate_poll(state, repeated, replace(EVERY, unreachable_after=100))

    assert [(event.transition, event.available_tokens) for event in alert_events(evaluation.changes)] == [
        (TransitionKind.REMINDED, None)
    ]


def test_a_reminder_of_a_source_alert_has_the_last_outcome() -> None:
    alert = open_alert(ANY_POLICY, Kind.SOURCE_UNREACHABLE, Severity.CRITICAL)
    state = ParticipantState(participant=PARTICIPANT, first_polled_at=NOON - HOUR, open_alerts=(alert,))

    _, evaluation = evaluate_poll(state, failure(Outcome.DEADLINE_EXCEEDED, at=LATER), EVERY)

    assert alert_events(evaluation.changes)[0].message_en == (
        "Still no new reading from DICT, for 1 h: the current levels are unknown; last poll: DEADLINE_EXCEEDED"
        " [participant 12345678]"
    )


def test_a_missing_bucket_gives_a_reminder_without_numbers() -> None:
    state = ParticipantState(participant=PARTICIPANT, open_alerts=(open_alert("ENTRIES_WRITE"),))

    (event,) = alert_events(reminders(state, snapshot(bucket(1000), at=LATER), EVERY, (), is_new_reading=True))

    assert (event.available_tokens, event.current, event.category) == (None, "OK", "C")


def test_reminders_have_the_order_of_alerts() -> None:
    alerts = (open_alert("A"), open_alert("B"))
    state = ParticipantState(participant=PARTICIPANT, open_alerts=alerts)

    changes = reminders(state, failure(at=LATER), EVERY, (), is_new_reading=False)

    assert [change.alert.policy_name for change in changes] == ["A", "B"]
