"""Outbox, tested with memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import AlertEvent, TransitionKind
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import ParticipantState
from dict_rate_limit.domain.buckets.forecast import Outlook
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, RULES, bucket, snapshot, ticks

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from store_harness import Harness
TROUBLE = ticks(bucket(), bucket(200), bucket(50), bucket(-1), bucket())
OTHER = "KEYS_CHECK"
TWO_POLICIES = ticks(
    (bucket(), bucket(name=OTHER)), (bucket(200), bucket(50, name=OTHER)), (bucket(50), bucket(-1, name=OTHER))
)
"""Four transitions: one of each policy, twice."""

SOON = NOON + timedelta(seconds=1)


async def test_pending_transitions_have_the_order_of_evaluation(harness: Harness) -> None:
    state, evaluated = ParticipantState(participant=PARTICIPANT), list[AlertEvent]()
    for poll in TROUBLE:
        state, evaluation = evaluate_poll(state, poll, RULES)
        evaluated.extend(alert_events(evaluation.changes))

    await harness.record_all(*TROUBLE)

    assert [as_published(event) for event in await harness.unpublished()] == [
        as_published(event) for event in evaluated
    ]
    assert [event.transition for event in evaluated] == [
        TransitionKind.OPENED,
        TransitionKind.ESCALATED,
        TransitionKind.ESCALATED,
        TransitionKind.RESOLVED,
    ]


async def test_transitions_of_one_poll_preserve_their_order(harness: Harness) -> None:
    poll = snapshot(*(bucket(0, name=name) for name in ("ZULU", "ALFA", "MIKE", "BRAVO")))

    await harness.record(poll)

    assert [event.policy_name for event in await harness.unpublished()] == ["ALFA", "BRAVO", "MIKE", "ZULU"]


async def test_unknown_numbers_stay_unknown(harness: Harness) -> None:
    await harness.record_all(*ticks(bucket(), Outcome.RATE_LIMITED))

    (event,) = await harness.unpublished()

    assert (event.available_tokens, event.capacity_max, event.utilization_pct) == (None, None, None)
    assert event.outlook is None


async def test_a_batch_has_the_oldest_up_to_the_limit(harness: Harness) -> None:
    await harness.record_all(*TWO_POLICIES)

    everything = await harness.unpublished()

    assert await harness.unpublished(limit=3) == everything[:3]


async def test_an_empty_outbox_gives_nothing(harness: Harness) -> None:
    assert await harness.unpublished() == []


async def test_a_marked_transition_is_not_published_again(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()

    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        await unit.mark_published([everything[0].event_id, everything[2].event_id], NOON)

    assert await harness.unpublished() == [everything[1], everything[3]]


async def test_marks_are_stored_after_an_error(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()

    with pytest.raises(RuntimeError, match="broker"):
        await mark_one_then_fail(harness)

    assert await harness.unpublished() == everything[1:]


async def test_marks_are_stored_after_a_cancellation(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()
    marked = asyncio.Event()
    reader = asyncio.create_task(mark_one_then_hang(harness, marked))
    await marked.wait()

    reader.cancel()
    await asyncio.wait([reader])

    assert await harness.unpublished() == everything[1:]


async def test_a_second_reader_gets_no_transition_of_a_claimed_policy(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with (
        harness.stores.outbox.claim_batch(10, NOON) as first,
        harness.stores.outbox.claim_batch(10, NOON) as second,
    ):
        assert len(first.events) == 4
        assert list(second.events) == []


async def test_a_claimed_policy_is_locked_beyond_the_batch(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with (
        harness.stores.outbox.claim_batch(1, NOON) as first,
        harness.stores.outbox.claim_batch(10, NOON) as second,
    ):
        assert len(first.events) == 1
        assert list(second.events) == []


async def test_a_second_reader_gets_the_other_policies(harness: Harness) -> None:
    await harness.record_all(*TWO_POLICIES)
    everything = await harness.unpublished()

    async with (
        harness.stores.outbox.claim_batch(1, NOON) as first,
        harness.stores.outbox.claim_batch(10, NOON) as second,
    ):
        assert list(first.events) == everything[:1]
        assert list(second.events) == [everything[1], everything[3]]


async def test_a_rejected_reader_does_not_release_the_claim(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with harness.stores.outbox.claim_batch(10, NOON):
        async with harness.stores.outbox.claim_batch(10, NOON) as second:
            assert list(second.events) == []
        async with harness.stores.outbox.claim_batch(10, NOON) as third:
            assert list(third.events) == []


async def test_transitions_recorded_during_a_batch_wait_for_the_next_one(harness: Harness) -> None:
    await harness.record(snapshot(bucket(0), at=NOON - FIVE_MINUTES))

    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        await harness.record_all(*TROUBLE)
        assert len(unit.events) == 1
        await unit.mark_published([unit.events[0].event_id], NOON)

    assert len(await harness.unpublished()) == 5


async def test_a_rejected_transition_delays_its_policy(harness: Harness) -> None:
    await harness.record_all(*TWO_POLICIES)
    first, second, _, fourth = await harness.unpublished()

    await refuse(harness, first.event_id, next_try_at=SOON)

    assert await harness.unpublished() == [second, fourth]


async def test_after_its_delay_a_rejected_transition_comes_first(harness: Harness) -> None:
    await harness.record_all(*TWO_POLICIES)
    everything = await harness.unpublished()

    await refuse(harness, everything[0].event_id, next_try_at=SOON)

    assert await harness.unpublished(now=SOON) == everything


async def test_no_transition_overtakes_a_delayed_one(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()

    await refuse(harness, everything[1].event_id, next_try_at=SOON)

    assert await harness.unpublished() == everything[:1]


async def test_rejections_are_counted(harness: Harness) -> None:
    await harness.record_all(*TWO_POLICIES)
    event = (await harness.unpublished())[0]

    for _ in range(2):
        await refuse(harness, event.event_id, next_try_at=NOON)

    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        assert unit.refusals == {event.event_id: 2}


async def test_a_dead_lettered_transition_does_not_block_its_policy(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()

    await refuse(harness, everything[0].event_id, next_try_at=None)

    assert await harness.unpublished() == everything[1:]
    assert await harness.unpublished(now=NOON + timedelta(days=1000)) == everything[1:]


async def test_a_rejected_transition_can_still_be_published(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()
    await refuse(harness, everything[0].event_id, next_try_at=SOON)

    async with harness.stores.outbox.claim_batch(10, SOON) as unit:
        await unit.mark_published([everything[0].event_id], SOON)

    assert await harness.unpublished() == everything[1:]


async def test_the_backlog_counts_pending_and_dead_lettered_transitions(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await harness.unpublished()
    await refuse(harness, everything[0].event_id, next_try_at=None)
    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        await unit.mark_published([everything[1].event_id], NOON)

    backlog = await harness.stores.outbox.backlog()

    assert backlog == Backlog(waiting=2, oldest_at=everything[2].detected_at, dead=1)


async def test_the_backlog_of_an_empty_outbox_has_no_age(harness: Harness) -> None:
    assert await harness.stores.outbox.backlog() == Backlog(waiting=0, oldest_at=None, dead=0)


async def test_many_concurrent_readers_publish_every_transition_once(harness: Harness) -> None:
    names = [f"POLICY_{number}" for number in range(8)]
    levels = (1000, 200, 50, -1, 1000)
    await harness.record_all(*ticks(*(tuple(bucket(level, name=name) for name in names) for level in levels)))
    published: list[AlertEvent] = []

    await asyncio.gather(*(publish_all(harness, published) for _ in range(3)))

    assert len(published) == len({event.event_id for event in published}) == 4 * len(names)
    for name in names:
        assert [event.sequence for event in published if event.policy_name == name] == [1, 2, 3, 4]


def as_published(event: AlertEvent) -> AlertEvent:
    """Round what comes next to what readers get."""
    return event if event.outlook is None else replace(event, outlook=Outlook.from_dict(event.outlook.to_dict()))


async def refuse(harness: Harness, event_id: UUID, *, next_try_at: datetime | None) -> None:
    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        await unit.mark_refused(event_id, "too large", NOON, next_try_at)


async def publish_all(harness: Harness, published: list[AlertEvent]) -> None:
    """Publish three at a time until nothing is left."""
    while (await harness.stores.outbox.backlog()).waiting:
        async with harness.stores.outbox.claim_batch(3, NOON) as unit:
            await asyncio.sleep(0)  # others have their turn, also while this one holds something
            for event in unit.events:
                published.append(event)
                await unit.mark_published([event.event_id], NOON)


async def mark_one_then_fail(harness: Harness) -> None:
    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        await unit.mark_published([unit.events[0].event_id], NOON)
        message = "broker"
        raise RuntimeError(message)


async def mark_one_then_hang(harness: Harness, marked: asyncio.Event) -> None:
    async with harness.stores.outbox.claim_batch(10, NOON) as unit:
        await unit.mark_published([unit.events[0].event_id], NOON)
        marked.set()
        await asyncio.Event().wait()
