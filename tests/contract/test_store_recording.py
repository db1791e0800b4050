"""StateStore: recording, tested with memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import Kind
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.reading import FailedPoll, RejectedItem
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, RULES, bucket, failure, snapshot, ticks

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.reading import Poll
    from store_harness import Harness

LATER = NOON + timedelta(days=1)


FULL = bucket()
LOW = bucket(100)
DRY = bucket(-15)
OTHER = bucket(name="KEYS_CHECK")
UNREADABLE = RejectedItem(position=1, name="KEYS_CHECK", reason="capacity: -1, expected 0 to 2147483647")
NAMELESS = RejectedItem(position=0, name="", reason="name: '', expected 1 to 100 of A-Z, 0-9 and _")

SERIES: dict[str, list[Poll]] = {
    "one good reading": ticks(FULL),
    "only failures": ticks(Outcome.UNAVAILABLE, Outcome.DEADLINE_EXCEEDED, Outcome.INTERNAL, Outcome.UNAVAILABLE),
    "a reading, then failures until we are blind, then a reading": ticks(
        FULL, Outcome.UNAVAILABLE, Outcome.UNAVAILABLE, Outcome.UNAVAILABLE, Outcome.UNAVAILABLE, FULL
    ),
    "answered 429, then well": ticks(FULL, Outcome.RATE_LIMITED, FULL),
    "an alert that opens": ticks(FULL, LOW),
    "an alert that opens, worsens and ends": ticks(FULL, bucket(200), LOW, DRY, LOW, FULL),
    "an alert that comes again": ticks(LOW, FULL, LOW),
    "two policies in trouble": ticks((LOW, bucket(1, name="KEYS_CHECK"))),
    "a policy that vanishes": ticks((FULL, OTHER), FULL),
    "a policy that vanishes in trouble": ticks((FULL, bucket(1, name="KEYS_CHECK")), FULL),
    "a policy that comes back": ticks((FULL, OTHER), FULL, (FULL, OTHER)),
    "limits that change": ticks(bucket(10, 1000), bucket(10, 500, refill_tokens=30), bucket(10, 500, refill_tokens=30)),
    "tokens below zero and above the capacity": ticks((DRY, bucket(1001, name="KEYS_CHECK"))),
    "zeros in all numbers": ticks(bucket(0, 0, refill_tokens=0, refill_period_sec=0)),
    "an empty answer": [snapshot()],
    "an empty answer after a good one": [snapshot(FULL), snapshot(at=NOON + FIVE_MINUTES)],
    "a time that repeats": [snapshot(FULL), snapshot(LOW, at=NOON + FIVE_MINUTES, response_time=NOON)],
    "a time that runs backwards": [
        snapshot(FULL),
        snapshot(LOW, at=NOON + FIVE_MINUTES, response_time=NOON - FIVE_MINUTES),
    ],
    "a time that has not come yet, then true ones": [
        snapshot(FULL, response_time=NOON + timedelta(hours=2)),
        snapshot(LOW, at=NOON + FIVE_MINUTES),
    ],
    "a time without sense": [snapshot(FULL, response_time=NOON - timedelta(days=365))],
    "no time": [replace(snapshot(FULL), response_time=None)],
    "an item that cannot be read": [
        snapshot(FULL, OTHER),
        snapshot(LOW, at=NOON + FIVE_MINUTES, rejected=[UNREADABLE]),
    ],
    "an item without a name": [snapshot(FULL, OTHER), snapshot(LOW, at=NOON + FIVE_MINUTES, rejected=[NAMELESS])],
    "only items that cannot be read": [snapshot(rejected=[UNREADABLE])],
    "a category that changes": [snapshot(FULL, category="C"), snapshot(FULL, at=NOON + FIVE_MINUTES, category="F")],
    "a category that goes missing": [snapshot(FULL, category="C"), snapshot(FULL, at=NOON + FIVE_MINUTES, category="")],
    "a blank category after one": [
        snapshot(FULL, category="C"),
        snapshot(FULL, at=NOON + FIVE_MINUTES, category=" \t"),
    ],
    "a category that is none": [snapshot(FULL, category="Zebra é ✓")],
    "a category on the policy itself": [snapshot(replace(FULL, policy_category="b"), category="C")],
    "microseconds": [
        snapshot(FULL, at=NOON + timedelta(microseconds=1)),
        snapshot(LOW, at=NOON + timedelta(microseconds=2)),
    ],
    "a time in another zone": [snapshot(FULL, at=NOON.astimezone(timezone(timedelta(hours=-3))))],
    "a reading that comes late": [snapshot(FULL), snapshot(LOW, at=NOON - FIVE_MINUTES)],
    "a failure that comes late": [snapshot(FULL), failure(at=NOON - FIVE_MINUTES)],
    "29 policies": [snapshot(*(bucket(number, name=f"POLICY_{number}") for number in range(29)))],
}


@pytest.mark.parametrize("name", SERIES)
async def test_the_loaded_state_is_the_evaluated_state(harness: Harness, name: str) -> None:
    evaluated = ParticipantState(participant=PARTICIPANT)
    for poll in SERIES[name]:
        loaded = await harness.load(poll)
        assert loaded == evaluated
        await harness.record(poll)
        evaluated, _ = evaluate_poll(evaluated, poll, RULES)

    assert await harness.load(failure(at=LATER)) == evaluated


async def test_a_participant_never_polled_has_an_empty_state(harness: Harness) -> None:
    assert await harness.load(failure()) == ParticipantState(participant=PARTICIPANT)


@pytest.mark.parametrize("poll", [snapshot(FULL), snapshot(), failure()], ids=["good", "empty", "failed"])
async def test_a_recorded_poll_loads_nothing(harness: Harness, poll: Poll) -> None:
    await harness.record(poll)

    assert await harness.record(poll) is None


async def test_a_repeated_poll_counts_once(harness: Harness) -> None:
    await harness.record_all(*ticks(LOW), *ticks(LOW))

    assert await harness.stores.state.poll_counts([PARTICIPANT]) == {(PARTICIPANT, Outcome.OK): 1}
    assert len(await harness.unpublished()) == 1


async def test_the_same_time_of_another_participant_is_another_poll(harness: Harness) -> None:
    await harness.record(failure())

    other = await harness.record(replace(failure(), participant="87654321"))

    assert other is not None


async def test_policy_overrides_are_part_of_the_state(harness: Harness) -> None:
    await harness.record(snapshot(FULL, OTHER))

    harness.rules.set("CLAIMS_READ", PolicyOverride(warning=5025, critical=None, enabled=True))
    harness.rules.set("KEYS_CHECK", PolicyOverride(enabled=False))

    state = await harness.load(failure(at=LATER))
    assert state is not None
    assert state.policy_overrides == {
        "CLAIMS_READ": PolicyOverride(warning=5025),
        "KEYS_CHECK": PolicyOverride(enabled=False),
    }


async def test_policy_overrides_survive_a_missing_policy(harness: Harness) -> None:
    await harness.record(snapshot(FULL, OTHER))
    harness.rules.set("KEYS_CHECK", PolicyOverride(critical=1))

    await harness.record(snapshot(FULL, at=NOON + FIVE_MINUTES))

    assert await harness.stores.state.policy_overrides(PARTICIPANT) == {"KEYS_CHECK": PolicyOverride(critical=1)}


async def test_an_error_inside_the_unit_stores_nothing(harness: Harness) -> None:
    poll = snapshot(LOW)

    with pytest.raises(RuntimeError, match="lost"):
        await fail_after_saving(harness, poll)

    assert await harness.load(poll) == ParticipantState(participant=PARTICIPANT)
    assert await harness.stores.state.latest([PARTICIPANT]) == {}
    assert await harness.stores.state.poll_counts([PARTICIPANT]) == {}
    assert await harness.stores.state.open_alerts([PARTICIPANT]) == []
    assert await harness.unpublished() == []


async def test_an_error_inside_the_unit_changes_nothing(harness: Harness) -> None:
    before = await harness.record(snapshot(FULL, OTHER))
    poll = snapshot(LOW, at=NOON + FIVE_MINUTES)

    with pytest.raises(RuntimeError, match="lost"):
        await fail_after_saving(harness, poll)

    assert await harness.load(poll) == before


async def test_after_an_error_the_next_unit_can_begin(harness: Harness) -> None:
    poll = snapshot(LOW)
    with pytest.raises(RuntimeError, match="lost"):
        await fail_after_saving(harness, poll)

    assert await harness.record(poll) is not None


async def test_two_units_of_one_participant_run_one_after_the_other(harness: Harness) -> None:
    poll = snapshot(LOW)
    async with harness.stores.state.begin(PARTICIPANT) as unit:
        waiting = asyncio.create_task(harness.record(poll))
        state = await unit.load(poll)
        assert state is not None
        _, evaluation = evaluate_poll(state, poll, RULES)
        await unit.save(evaluation, alert_events(evaluation.changes))
        assert not waiting.done()

    assert await waiting is None
    assert len(await harness.unpublished()) == 1


async def test_many_concurrent_polls_are_evaluated_one_after_the_other(harness: Harness) -> None:
    polls = [snapshot(LOW, at=NOON + number * timedelta(seconds=1)) for number in range(20)]

    await asyncio.gather(*(harness.record(poll) for poll in polls))

    events = await harness.unpublished()
    assert [event.kind for event in events] == [Kind.THRESHOLD]
    assert await harness.stores.state.poll_counts([PARTICIPANT]) == {(PARTICIPANT, Outcome.OK): 20}


async def test_units_of_different_participants_do_not_wait(harness: Harness) -> None:
    other = replace(failure(), participant="87654321")

    async with harness.stores.state.begin(PARTICIPANT):
        assert await harness.record(other) is not None


async def test_every_field_of_a_failure_is_stored(harness: Harness) -> None:
    poll = FailedPoll(
        participant=PARTICIPANT,
        source="bridge",
        outcome=Outcome.RATE_LIMITED,
        detail="limite excedido: 'aspas' \"duplas\" \\ \n % %s $1",
        received_at=datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC),
        retry_after_sec=30,
        correlation_id="2f6b…",
    )

    assert await harness.record(poll) is not None


async def fail_after_saving(harness: Harness, poll: Poll) -> None:
    async with harness.stores.state.begin(poll.participant) as unit:
        state = await unit.load(poll)
        assert state is not None
        _, evaluation = evaluate_poll(state, poll, RULES)
        await unit.save(evaluation, alert_events(evaluation.changes))
        message = "lost"
        raise RuntimeError(message)
