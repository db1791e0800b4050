"""Notifications: routing, tested with memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.notifications.routing import Status
from samples.domain import NOON, bucket, ticks
from samples.notifications import notification, route_all

if TYPE_CHECKING:
    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from store_harness import Harness
TROUBLE = ticks(bucket(), bucket(200), bucket(50), bucket())
OTHER = "KEYS_CHECK"


async def test_transitions_are_routed_in_the_order_they_were_recorded(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    assert await unrouted(harness) == await harness.unpublished()


async def test_routing_takes_the_oldest_up_to_the_limit(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await unrouted(harness)

    assert await unrouted(harness, limit=2) == everything[:2]


async def test_a_routed_transition_without_channels_is_not_routed_again(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    everything = await unrouted(harness)

    async with harness.stores.notifications.routing(2) as unit:
        await unit.route([])

    assert await unrouted(harness) == everything[2:]


async def test_a_router_that_marks_nothing_changes_nothing(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with harness.stores.notifications.routing(10):
        pass

    assert len(await unrouted(harness)) == 3


async def test_an_error_while_routing_stores_nothing(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    with pytest.raises(RuntimeError, match="lost"):
        await route_then_fail(harness)

    assert len(await unrouted(harness)) == 3
    assert await harness.stores.notifications.notification_counts() == {}


async def test_a_second_router_gets_nothing_while_the_first_works(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with harness.stores.notifications.routing(1) as first, harness.stores.notifications.routing(10) as second:
        assert len(first.events) == 1
        assert list(second.events) == []
        assert second.notified == {}


async def test_a_rejected_router_does_not_release_the_lock(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with harness.stores.notifications.routing(10):
        async with harness.stores.notifications.routing(10) as second:
            assert list(second.events) == []
        async with harness.stores.notifications.routing(10) as third:
            assert list(third.events) == []


async def test_routing_continues_after_a_cancelled_router(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    opened = asyncio.Event()
    router = asyncio.create_task(hold_open(harness, opened))
    await opened.wait()

    router.cancel()
    await asyncio.wait([router])

    assert len(await unrouted(harness)) == 3


async def test_routing_does_not_wait_for_the_broker(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with harness.stores.outbox.claim_batch(10, NOON) as reader:
        await route_all(harness.stores, "slack")
        await reader.mark_published([event.event_id for event in reader.events], NOON)

    assert await unrouted(harness) == []
    assert await harness.unpublished() == []


async def test_transitions_are_routed_before_and_after_publishing(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    async with harness.stores.outbox.claim_batch(10, NOON) as reader:
        await reader.mark_published([reader.events[0].event_id], NOON)
        await reader.mark_refused(reader.events[1].event_id, "too large", NOON, None)

    assert len(await unrouted(harness)) == 3


async def test_a_new_alert_has_no_notified_channels(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)

    async with harness.stores.notifications.routing(10) as unit:
        assert unit.notified == {}


async def test_the_notified_channels_of_an_alert_are_known_later(harness: Harness) -> None:
    await harness.record_all(
        *ticks((bucket(), bucket(name=OTHER)), (bucket(200), bucket(200, name=OTHER)), (bucket(50), bucket(name=OTHER)))
    )
    async with harness.stores.notifications.routing(2) as unit:
        first, second = unit.events
        await unit.route(
            [notification(first, "slack"), notification(first, "pagerduty"), notification(second, "teams")]
        )

    async with harness.stores.notifications.routing(10) as unit:
        assert unit.notified == {first.alert_id: {"slack", "pagerduty"}, second.alert_id: {"teams"}}


async def test_only_alerts_of_the_unit_are_looked_up(harness: Harness) -> None:
    await harness.record_all(*ticks((bucket(), bucket(200, name=OTHER)), (bucket(200), bucket(200, name=OTHER))))
    async with harness.stores.notifications.routing(1) as unit:
        await unit.route([notification(unit.events[0], "slack")])

    async with harness.stores.notifications.routing(10) as unit:
        assert len(unit.events) == 1
        assert unit.notified == {}


async def test_a_suppressed_channel_was_not_notified(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    async with harness.stores.notifications.routing(1) as unit:
        (event,) = unit.events
        silenced = notification(event, "slack", status=Status.SUPPRESSED)
        await unit.route([silenced, notification(event, "teams")])

    async with harness.stores.notifications.routing(10) as unit:
        assert unit.notified == {event.alert_id: {"teams"}}


async def test_an_existing_notification_is_unchanged(harness: Harness) -> None:
    await harness.record_all(*TROUBLE)
    async with harness.stores.notifications.routing(1) as unit:
        again = notification(unit.events[0], "slack")
        await unit.route([again])
        await unit.route([again])

    assert await harness.stores.notifications.notification_counts() == {("slack", Status.PENDING): 1}


async def unrouted(harness: Harness, limit: int = 100) -> list[AlertEvent]:
    async with harness.stores.notifications.routing(limit) as unit:
        return list(unit.events)


async def route_then_fail(harness: Harness) -> None:
    async with harness.stores.notifications.routing(10) as unit:
        await unit.route([notification(event, "slack") for event in unit.events])
        message = "lost"
        raise RuntimeError(message)


async def hold_open(harness: Harness, opened: asyncio.Event) -> None:
    async with harness.stores.notifications.routing(10):
        opened.set()
        await asyncio.Event().wait()
