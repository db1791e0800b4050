from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.usecases.deliver import MAX_REJECTIONS, Delivery, deliver, deliver_all
from samples.domain import NOON
from samples.fake_ports import FailingPublisher, FakeClock, ListOutbox, RejectingPublisher, opened_and_resolved

MINUTE = timedelta(minutes=1)
AWAY = PublishError("away")


async def test_transitions_are_published_in_order_and_marked() -> None:
    events = opened_and_resolved()
    outbox, publisher = ListOutbox(list(events)), MemoryPublisher()

    delivery = await deliver(outbox, publisher, FakeClock(), batch=10)

    assert publisher.published == events
    assert outbox.waiting == []
    assert outbox.marked_at == [NOON]
    assert delivery == Delivery(delivered=3)


async def test_a_batch_is_no_larger_than_asked() -> None:
    outbox = ListOutbox(opened_and_resolved())

    delivery = await deliver(outbox, MemoryPublisher(), FakeClock(), batch=2)

    assert (delivery.delivered, len(outbox.waiting)) == (2, 1)


async def test_a_failure_stops_the_batch_to_preserve_order() -> None:
    events = opened_and_resolved()
    outbox, publisher = ListOutbox(list(events)), FailingPublisher(1, AWAY)

    delivery = await deliver(outbox, publisher, FakeClock(), batch=10)

    assert publisher.published == events[:1]
    assert outbox.waiting == events[1:]
    assert delivery == Delivery(delivered=1, failure=AWAY)


async def test_published_transitions_are_marked_after_a_cancellation() -> None:
    events = opened_and_resolved()
    outbox = ListOutbox(list(events))

    with pytest.raises(asyncio.CancelledError):
        await deliver(outbox, FailingPublisher(2, asyncio.CancelledError()), FakeClock(), batch=10)

    assert outbox.waiting == events[2:]


async def test_an_outbox_claimed_by_another_worker_is_skipped() -> None:
    publisher = MemoryPublisher()

    delivery = await deliver(ListOutbox(opened_and_resolved(), busy=True), publisher, FakeClock(), batch=10)

    assert delivery == Delivery(delivered=0)
    assert publisher.published == []


async def test_an_empty_outbox_is_not_written_to() -> None:
    outbox = ListOutbox([])

    await deliver(outbox, MemoryPublisher(), FakeClock(), batch=10)

    assert outbox.marked_at == []


async def test_batches_follow_until_the_outbox_is_empty() -> None:
    events = opened_and_resolved()
    publisher = MemoryPublisher()

    delivery = await deliver_all(ListOutbox(list(events)), publisher, FakeClock(), batch=1, within=MINUTE)

    assert publisher.published == events
    assert delivery == Delivery(delivered=3)


async def test_a_backlog_beyond_the_deadline_waits_for_the_next_run() -> None:
    outbox = ListOutbox(opened_and_resolved())

    delivery = await deliver_all(outbox, MemoryPublisher(), FakeClock(), batch=2, within=timedelta(0))

    assert delivery == Delivery(delivered=2)
    assert len(outbox.waiting) == 1


async def test_batches_end_at_the_first_failure() -> None:
    events = opened_and_resolved()

    delivery = await deliver_all(
        ListOutbox(list(events)), FailingPublisher(2, AWAY), FakeClock(), batch=1, within=MINUTE
    )

    assert delivery == Delivery(delivered=2, failure=AWAY)


async def test_a_rejected_transition_is_retried_with_backoff() -> None:
    events = opened_and_resolved()
    outbox = ListOutbox(list(events), refusals={events[0].event_id: 2})

    delivery = await deliver(outbox, RejectingPublisher(events[0].event_id), FakeClock(), batch=10)

    assert outbox.refused == [(events[0].event_id, "too big", NOON + timedelta(seconds=4))]
    assert delivery == Delivery(delivered=0, refused=1)


async def test_a_transition_rejected_too_often_is_dead_lettered() -> None:
    events = opened_and_resolved()
    outbox = ListOutbox(list(events), refusals={events[0].event_id: MAX_REJECTIONS - 1})
    publisher = RejectingPublisher(events[0].event_id)

    delivery = await deliver_all(outbox, publisher, FakeClock(), batch=10, within=MINUTE)

    assert outbox.refused == [(events[0].event_id, "too big", None)]
    assert publisher.published == events[1:]
    assert delivery == Delivery(delivered=2, refused=1)


async def test_an_outage_does_not_count_as_a_rejection() -> None:
    outbox = ListOutbox(opened_and_resolved())

    for _ in range(MAX_REJECTIONS + 1):
        await deliver(outbox, FailingPublisher(0, AWAY), FakeClock(), batch=10)

    assert (len(outbox.waiting), outbox.refused) == (3, [])
