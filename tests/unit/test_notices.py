from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, TransitionKind
from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.reading import RejectedItem
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, run, snapshot, ticks

LATER = NOON + FIVE_MINUTES


def test_a_participants_first_snapshot_gives_no_notice() -> None:
    _, events = run(snapshot(bucket(), bucket(name="OTHER")))

    assert events == []


def test_a_changed_category_is_one_notice_for_the_participant() -> None:
    state, (event,) = run(snapshot(bucket()), snapshot(bucket(), at=LATER, category="D"))

    assert (event.kind, event.transition, event.policy_name) == (
        Kind.CATEGORY_CHANGED,
        TransitionKind.NOTICED,
        ANY_POLICY,
    )
    assert (event.previous, event.current) == ("C", "D")
    assert (event.available_tokens, event.capacity_max, event.utilization_pct) == (None, None, None)
    assert state.open_alerts == ()


@pytest.mark.parametrize("category", ["", "  ", "c", " C "])
def test_a_missing_or_differently_written_category_is_no_change(category: str) -> None:
    _, events = run(snapshot(bucket()), snapshot(bucket(), at=LATER, category=category))

    assert events == []


def test_a_category_is_compared_with_the_last_known_one() -> None:
    _, events = run(
        snapshot(bucket(), category="C"),
        snapshot(bucket(), at=LATER, category=""),
        snapshot(bucket(), at=LATER + FIVE_MINUTES, category="E"),
    )

    assert [(e.previous, e.current) for e in events] == [("C", "E")]


def test_an_unknown_category_is_reported_raw() -> None:
    _, (event,) = run(snapshot(bucket()), snapshot(bucket(), at=LATER, category="Z9"))

    assert event.current == "Z9"


@pytest.mark.parametrize(
    "changes", [{"capacity": 2000}, {"refill_tokens": 30}, {"refill_period_sec": 86_400}, {"capacity": 0}]
)
def test_a_notice_of_changed_limits_has_the_old_and_new_values(changes: dict[str, Any]) -> None:
    before = bucket()
    after = bucket(1000, **changes)

    _, events = run(*ticks(before, after))

    assert [(e.kind, e.previous) for e in events] == [(Kind.LIMITS_CHANGED, "1000 +60/60s")]
    assert events[0].current != events[0].previous


def test_a_downgrade_changes_two_buckets_and_the_category() -> None:
    def answer(capacity: int) -> tuple[int, int]:
        return capacity, capacity

    before = (bucket(*answer(5000), name="A"), bucket(*answer(5000), name="B"), bucket(name="C"))
    after = (bucket(5000, 500, name="A"), bucket(5000, 500, name="B"), bucket(name="C"))

    _, events = run(snapshot(*before, category="E"), snapshot(*after, at=LATER, category="F"))

    assert [(e.kind, e.policy_name) for e in events] == [
        (Kind.CATEGORY_CHANGED, "*"),
        (Kind.LIMITS_CHANGED, "A"),
        (Kind.LIMITS_CHANGED, "B"),
    ]


def test_new_lost_and_returning_policies_each_give_a_notice() -> None:
    old, new = bucket(name="OLD"), bucket(name="NEW")

    _, events = run(*ticks(old, new, (old, new)))

    assert [(e.kind, e.policy_name) for e in events] == [
        (Kind.POLICY_APPEARED, "NEW"),
        (Kind.POLICY_VANISHED, "OLD"),
        (Kind.POLICY_APPEARED, "OLD"),
    ]


def test_an_empty_response_does_not_remove_all_policies() -> None:
    state, events = run(*ticks(bucket()), snapshot(at=LATER))

    assert events == []
    assert set(state.buckets) == {"CLAIMS_READ"}


def test_an_unreadable_policy_has_not_vanished() -> None:
    broken = RejectedItem(position=1, name="OTHER", reason="capacity: -1, expected 0 to 2147483647")

    state, events = run(*ticks((bucket(), bucket(name="OTHER"))), snapshot(bucket(), at=LATER, rejected=[broken]))

    assert events == []
    assert set(state.buckets) == {"CLAIMS_READ", "OTHER"}


def test_no_policy_vanishes_while_an_item_has_an_unreadable_name() -> None:
    nameless = RejectedItem(position=1, name="", reason="name: '', expected ...")

    _, events = run(*ticks((bucket(), bucket(name="OTHER"))), snapshot(bucket(), at=LATER, rejected=[nameless]))

    assert events == []


def test_a_disabled_policy_gives_no_notice() -> None:
    rules = MappingProxyType({name: PolicyOverride(enabled=False) for name in ("A", "B")})
    state = ParticipantState(participant=PARTICIPANT, policy_overrides=rules)

    _, events = run(
        *ticks(
            (bucket(name="A"), bucket(name="C")), (bucket(5000, 5000, name="A"), bucket(name="B"), bucket(name="C"))
        ),
        snapshot(bucket(name="C"), at=LATER + FIVE_MINUTES),
        state=state,
    )

    assert events == []
