"""What every Outbox, Maintenance and CallGate promises, held against memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alert import AlertEvent, TransitionKind
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.judge import observe
from dict_rate_limit.domain.state import ParticipantState
from domain_samples import FIVE_MINUTES, NOON, PARTICIPANT, RULES, bucket, snapshot, ticks

if TYPE_CHECKING:
    from store_harness import Harness
TROUBLE = ticks(bucket(), bucket(200), bucket(50), bucket(-1), bucket())
HOUR = timedelta(hours=1)


async def test_transitions_wait_as_they_were_judged_in_their_order(harness: Harness) -> None:
    state, judged = ParticipantState(participant=PARTICIPANT), list[AlertEvent]()
    for poll in TROUBLE:
        state, judgement = observe(state, poll, RULES)
        judged.extend(judgement.events)

    await harness.record_all(*TROUBLE)

    assert await harness.unpublished() == judged
    assert [event.transition for event in judged] == [
        TransitionKind.OPENED,
        TransitionKind.ESCALATED,
        TransitionKind.ESCALATED,
        TransitionKind.RESOLVED,
    ]


async def test_transitions_of_one_poll_keep_their_order(harness: Harness) -> None:
    poll = snapshot(*(bucket(0, name=name) for name in ("ZULU", "ALFA", "MIKE", "BRAVO")))
    _, judgement = observe(ParticipantState(participant=PARTICIPANT), poll, RULES)

    await harness.record(poll)

    assert await harness.unpublished() == list(judgement.events)


async def test_numbers_that_nobody_knows_stay_unknown(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(), Outcome.RATE_LIMITED))

    (event,) = await harness.unpublished()

    assert (event.available_tokens, event.capacity_max, event.utilization_pct) == (None, None, None)


async def test_a_batch_holds_the_oldest_up_to_the_limit(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    everything = await harness.unpublished()

    assert await harness.unpublished(limit=2) == everything[:2]


async def test_what_is_marked_is_told_no_more(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()

    async with harness.store.drain(10) as unit:
        assert unit is not None
        await unit.mark_published([everything[0].event_id, everything[2].event_id], NOON)

    assert await harness.unpublished() == [everything[1], everything[3]]


async def test_marks_are_in_force_also_after_an_error(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()

    with pytest.raises(RuntimeError, match="broker"):
        await mark_one_then_fail(harness)

    assert await harness.unpublished() == everything[1:]


async def test_the_outbox_opens_again_after_an_error(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    with pytest.raises(RuntimeError, match="broker"):
        await mark_one_then_fail(harness)

    async with harness.store.drain(10) as unit:
        assert unit is not None


async def test_the_outbox_opens_again_after_a_cancelled_reader(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    opened = asyncio.Event()
    reader = asyncio.create_task(hold_open(harness, opened))
    await opened.wait()

    reader.cancel()
    await asyncio.wait([reader])

    assert len(await harness.unpublished()) == 4


async def test_a_second_reader_gets_nothing_while_the_first_reads(harness: Harness) -> None:
    async with harness.store.drain(10) as first, harness.store.drain(10) as second:
        assert first is not None
        assert second is None


async def test_a_reader_turned_away_does_not_close_the_outbox_of_the_first(harness: Harness) -> None:
    async with harness.store.drain(10):
        async with harness.store.drain(10) as second:
            assert second is None
        async with harness.store.drain(10) as third:
            assert third is None


async def test_transitions_recorded_while_the_outbox_is_open_wait_for_the_next_time(harness: Harness) -> None:
    async with harness.store.drain(10) as unit:
        assert unit is not None
        await harness.record_all(*TROUBLE)
        assert list(unit.events) == []

    assert len(await harness.unpublished()) == 4


async def test_the_first_caller_is_admitted_and_no_other_until_the_spacing_is_over(harness: Harness) -> None:
    answers = [await harness.store.admit(PARTICIPANT, HOUR) for _ in range(3)]

    assert answers == [True, False, False]


async def test_of_many_callers_at_once_one_is_admitted(harness: Harness) -> None:
    answers = await asyncio.gather(*(harness.store.admit(PARTICIPANT, HOUR) for _ in range(20)))

    assert sorted(answers) == [False] * 19 + [True]


async def test_a_caller_is_admitted_once_the_spacing_is_over(harness: Harness) -> None:
    await harness.store.admit(PARTICIPANT, HOUR)

    assert await harness.store.admit(PARTICIPANT, timedelta(0))


async def test_participants_do_not_shut_one_another_out(harness: Harness) -> None:
    await harness.store.admit(PARTICIPANT, HOUR)

    assert await harness.store.admit("00000001", HOUR)


async def test_months_are_made_from_the_current_one_to_two_ahead(harness: Harness) -> None:
    today = datetime(2041, 11, 30, 23, 59, tzinfo=UTC)

    made = await harness.store.make_partitions(today)

    assert made == [f"dict_rate_limit_states_{month}" for month in ("2041_11", "2041_12", "2042_01")]


async def test_months_are_made_once(harness: Harness) -> None:
    today = datetime(2041, 11, 30, tzinfo=UTC)
    await harness.store.make_partitions(today)

    assert await harness.store.make_partitions(today) == []
    assert await harness.store.make_partitions(today + timedelta(days=1)) == ["dict_rate_limit_states_2042_02"]


@pytest.mark.parametrize(
    ("today", "dropped"),
    [
        (datetime(2043, 1, 31, 23, 59, tzinfo=UTC), []),
        (datetime(2043, 2, 1, tzinfo=UTC), ["2041_11"]),
        (datetime(2043, 3, 31, tzinfo=UTC), ["2041_11", "2041_12"]),
    ],
    ids=["not yet", "to the second", "a short month"],
)
async def test_a_month_is_dropped_when_its_end_is_older_than_the_retention(
    harness: Harness, today: datetime, dropped: list[str]
) -> None:
    await harness.store.drop_partitions(datetime(2041, 1, 1, tzinfo=UTC), 0)
    await harness.store.make_partitions(datetime(2041, 11, 15, tzinfo=UTC))

    names = await harness.store.drop_partitions(today, 14)

    assert names == [f"dict_rate_limit_states_{month}" for month in dropped]
    assert await harness.store.drop_partitions(today, 14) == []


async def test_what_is_known_now_outlives_the_retention(harness: Harness) -> None:
    after = await harness.record(snapshot(bucket(0)))
    latest = await harness.store.latest([PARTICIPANT])

    await harness.store.drop_partitions(NOON + timedelta(days=1000), 1)

    assert await harness.store.latest([PARTICIPANT]) == latest
    assert await harness.load(snapshot(at=NOON + FIVE_MINUTES)) == after
    assert await harness.store.poll_counts([PARTICIPANT]) == {(PARTICIPANT, Outcome.OK): 1}
    assert len(await harness.unpublished()) == 1


async def test_only_full_hours_are_rolled_up_and_each_once(harness: Harness) -> None:
    await harness.record_all(*(snapshot(bucket(), at=NOON + number * 6 * FIVE_MINUTES) for number in range(6)))

    before = await harness.store.roll_up(NOON + 2 * HOUR + timedelta(minutes=59))
    again = await harness.store.roll_up(NOON + 2 * HOUR + timedelta(minutes=59))
    after = await harness.store.roll_up(NOON + 3 * HOUR)

    assert (before, again, after) == (2, 0, 1)


async def test_a_late_state_has_its_hours_rolled_up_again(harness: Harness) -> None:
    await harness.record(snapshot(bucket()))
    await harness.store.roll_up(NOON + 5 * HOUR)

    await harness.record(snapshot(bucket(1), at=NOON + 5 * HOUR, response_time=NOON + FIVE_MINUTES))

    assert await harness.store.roll_up(NOON + 5 * HOUR) == 1


async def mark_one_then_fail(harness: Harness) -> None:
    async with harness.store.drain(10) as unit:
        assert unit is not None
        await unit.mark_published([unit.events[0].event_id], NOON)
        message = "broker"
        raise RuntimeError(message)


async def hold_open(harness: Harness, opened: asyncio.Event) -> None:
    async with harness.store.drain(10):
        opened.set()
        await asyncio.sleep(3600)
