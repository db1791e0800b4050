from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dict_rate_limit.domain.alerts.alert import Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
from samples.domain import NOON, PARTICIPANT, bucket, run, snapshot, ticks

OPENED, ESCALATED, DEESCALATED, RESOLVED = (
    TransitionKind.OPENED,
    TransitionKind.ESCALATED,
    TransitionKind.DEESCALATED,
    TransitionKind.RESOLVED,
)


def story(*available: int) -> list[tuple[TransitionKind, Severity]]:
    _, events = run(*ticks(*(bucket(tokens) for tokens in available)))
    return [(event.transition, event.severity) for event in events]


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        ((1000, 600), []),
        ((250,), [(OPENED, Severity.WARNING)]),
        ((100,), [(OPENED, Severity.CRITICAL)]),
        ((250, 240, 260), [(OPENED, Severity.WARNING)]),
        ((250, 100), [(OPENED, Severity.WARNING), (ESCALATED, Severity.CRITICAL)]),
        ((100, 121), [(OPENED, Severity.CRITICAL), (DEESCALATED, Severity.WARNING)]),
        ((100, 900), [(OPENED, Severity.CRITICAL), (RESOLVED, Severity.CRITICAL)]),
        ((250, 271), [(OPENED, Severity.WARNING), (RESOLVED, Severity.WARNING)]),
        ((250, 900, 250), [(OPENED, Severity.WARNING), (RESOLVED, Severity.WARNING), (OPENED, Severity.WARNING)]),
    ],
)
def test_the_alert_of_a_bucket_follows_its_level(
    available: tuple[int, ...], expected: list[tuple[TransitionKind, Severity]]
) -> None:
    assert story(*available) == expected


def test_exhaustion_escalates_a_critical_alert_until_its_severity_falls() -> None:
    _, events = run(*ticks(*(bucket(tokens) for tokens in (50, 0, 5, -15, 200))))

    assert [(e.transition, e.severity, e.exhausted) for e in events] == [
        (OPENED, Severity.CRITICAL, False),
        (ESCALATED, Severity.CRITICAL, True),
        (DEESCALATED, Severity.WARNING, False),
    ]


def test_a_bucket_near_its_threshold_does_not_flap() -> None:
    assert story(*([250, 265] * 50)) == [(OPENED, Severity.WARNING)]


def test_a_bucket_without_capacity_is_no_evidence_either_way() -> None:
    _, events = run(*ticks(bucket(50), bucket(0, 0), bucket(50)))

    thresholds = [e.transition for e in events if e.kind is Kind.THRESHOLD]
    assert thresholds == [OPENED]


def test_transitions_of_one_alert_share_its_id_and_count_up() -> None:
    _, events = run(*ticks(bucket(250), bucket(50), bucket(900)))

    assert len({event.alert_id for event in events}) == 1
    assert [event.sequence for event in events] == [1, 2, 3]
    assert len({event.event_id for event in events}) == 3
    assert {event.opened_at for event in events} == {NOON}


def test_evaluating_the_same_polls_again_gives_the_same_events() -> None:
    polls = ticks(bucket(250), bucket(50), bucket(900), bucket(10))

    assert run(*polls) == run(*polls)


def test_an_event_has_the_numbers_of_its_reading() -> None:
    _, (event,) = run(snapshot(bucket(-15), category="D"))

    assert (event.available_tokens, event.capacity_max, event.utilization_pct) == (-15, 1000, 100.0)
    assert (event.participant, event.policy_name, event.category) == (PARTICIPANT, "CLAIMS_READ", "D")
    assert "CLAIMS_READ" in event.message
    assert "CLAIMS_READ" in event.message_en


def test_each_bucket_has_its_own_alert() -> None:
    state, events = run(snapshot(bucket(50, name="B"), bucket(250, name="A"), bucket(900, name="C")))

    assert [(e.policy_name, e.severity) for e in events] == [("A", Severity.WARNING), ("B", Severity.CRITICAL)]
    assert [alert.policy_name for alert in state.open_alerts] == ["A", "B"]


def test_a_policys_own_threshold_is_used() -> None:
    state = with_rule(PolicyOverride(warning=9000))

    _, (event,) = run(snapshot(bucket(900)), state=state)

    assert event.severity is Severity.WARNING


def test_a_disabled_policy_opens_no_alert() -> None:
    _, events = run(*ticks(bucket(0), bucket(900), bucket(-5)), state=with_rule(PolicyOverride(enabled=False)))

    assert events == []


def test_disabling_a_policy_resolves_its_alert() -> None:
    state, _ = run(snapshot(bucket(0)))

    silent = replace(state, policy_overrides=with_rule(PolicyOverride(enabled=False)).policy_overrides)
    after, events = run(*ticks(bucket(1), bucket(0))[1:], state=silent)

    assert [event.transition for event in events] == [RESOLVED]
    assert after.open_alerts == ()


def test_a_vanished_policy_resolves_its_alert() -> None:
    both = (bucket(50), bucket(900, name="OTHER"))

    state, events = run(*ticks(both, bucket(900, name="OTHER")))

    assert [(e.kind, e.transition) for e in events] == [
        (Kind.THRESHOLD, OPENED),
        (Kind.POLICY_VANISHED, TransitionKind.NOTICED),
        (Kind.THRESHOLD, RESOLVED),
    ]
    assert state.open_alerts == ()


@given(st.lists(st.integers(-50, 1100), max_size=40))
def test_any_sequence_of_readings_gives_a_valid_sequence_of_transitions(course: list[int]) -> None:
    state, events = run(*ticks(*(bucket(tokens) for tokens in course)))

    is_open = False
    for event in events:
        assert (event.transition is OPENED) is not is_open
        is_open = event.transition is not RESOLVED
    assert bool(state.open_alerts) is is_open
    assert len({event.event_id for event in events}) == len(events)


def with_rule(rule: PolicyOverride) -> ParticipantState:
    return ParticipantState(participant=PARTICIPANT, policy_overrides=MappingProxyType({"CLAIMS_READ": rule}))
