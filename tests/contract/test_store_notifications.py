"""Notifications: attempts and the ledger, tested with memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.notifications.routing import Status
from samples.domain import NOON, bucket, ticks
from samples.notifications import PAUSE, SILENCE_ID, delivered, failed, given_up, notification, route_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from dict_rate_limit.domain.notifications.routing import Attempt, Notification
    from dict_rate_limit.ports.notifications import LedgerEntry
    from store_harness import Harness
LEASE = timedelta(seconds=90)
LATER = NOON + timedelta(days=1)
SOON = NOON + timedelta(seconds=1)


@pytest.fixture(autouse=True)
async def _transitions(harness: Harness) -> None:
    """Two alerts: one opens, gets worse and ends; then the other opens."""
    good, dry = bucket(name="KEYS_CHECK"), bucket(0, name="KEYS_CHECK")
    levels = (bucket(), good), (bucket(200), good), (bucket(50), good), (bucket(), good), (bucket(), dry)
    await harness.record_all(*ticks(*levels))


async def test_notifications_are_claimed_in_routing_order(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")

    claimed = await claim(harness)

    assert len(claimed) == 4
    assert claimed == routed


async def test_a_claim_takes_the_oldest_up_to_the_limit(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")

    assert await claim(harness, limit=3) == routed[:3]


async def test_a_claim_is_for_one_channel(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack", "teams")

    claimed = await claim(harness, "teams")

    assert claimed == routed[1::2]


async def test_nothing_is_claimed_before_it_is_due(harness: Harness) -> None:
    await route_all(harness.stores, "slack", next_try_at=SOON)

    assert await claim(harness) == []


async def test_all_pending_notifications_are_claimed_with_the_oldest(harness: Harness) -> None:
    async with harness.stores.notifications.routing(10) as unit:
        first, *rest = unit.events
        await unit.route([notification(first, "slack"), *(notification(e, "slack", next_try_at=SOON) for e in rest)])

    assert len(await claim(harness)) == 4


async def test_no_notification_overtakes_the_oldest(harness: Harness) -> None:
    async with harness.stores.notifications.routing(10) as unit:
        first, *rest = unit.events
        await unit.route([notification(first, "slack", next_try_at=SOON), *(notification(e, "slack") for e in rest)])

    assert await claim(harness) == []
    assert len(await claim(harness, now=SOON)) == 4


async def test_a_suppressed_notification_is_never_claimed(harness: Harness) -> None:
    async with harness.stores.notifications.routing(10) as unit:
        await unit.route([notification(event, "slack", status=Status.SUPPRESSED) for event in unit.events])

    assert await claim(harness) == []


async def test_a_claimed_notification_is_leased(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    await claim(harness)

    assert await claim(harness, now=NOON + LEASE - timedelta(seconds=1)) == []
    assert await claim(harness, now=NOON + LEASE) == routed


async def test_notifications_after_a_claimed_one_are_not_claimed(harness: Harness) -> None:
    await route_all(harness.stores, "slack")
    await claim(harness, limit=1)

    assert await claim(harness) == []


async def test_only_one_of_many_concurrent_senders_claims_a_channel(harness: Harness) -> None:
    await route_all(harness.stores, "slack")

    claims = await asyncio.gather(*(claim(harness) for _ in range(10)))

    assert sorted(len(claimed) for claimed in claims) == [0] * 9 + [4]


async def test_a_delivered_notification_is_not_claimed(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    await claim(harness, limit=2)

    await harness.stores.notifications.record_attempts([delivered(routed[:2])])

    assert await claim(harness) == routed[2:]


async def test_a_delivery_releases_no_other_claim(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    await claim(harness)

    await harness.stores.notifications.record_attempts([delivered(routed[:1])])

    assert await claim(harness) == []


async def test_a_failed_notification_delays_its_channel(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    await claim(harness)

    await harness.stores.notifications.record_attempts([failed(routed[:1])])

    assert await claim(harness) == []
    again = await claim(harness, now=NOON + PAUSE)
    assert [one.notification_id for one in again] == [one.notification_id for one in routed]
    assert [one.attempts for one in again] == [1, 0, 0, 0]


async def test_a_dropped_notification_does_not_block_its_channel(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    await claim(harness)

    await harness.stores.notifications.record_attempts([given_up(routed[:1])])

    assert await claim(harness) == routed[1:]


async def test_a_failure_releases_no_claim_of_other_channels(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack", "teams")
    await claim(harness, "slack")
    await claim(harness, "teams")

    await harness.stores.notifications.record_attempts([failed(routed[:1])])

    assert await claim(harness, "teams", now=NOON + PAUSE) == []


async def test_a_late_result_does_not_change_a_delivered_notification(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    await harness.stores.notifications.record_attempts([delivered(routed[:1])])

    await harness.stores.notifications.record_attempts([failed(routed[:1], SOON)])

    (entry, *_) = await ledger(harness, routed)
    assert entry.notification.status is Status.DELIVERED
    assert len(entry.attempts) == 2


@pytest.mark.parametrize(("late", "status"), [(delivered, Status.DELIVERED), (failed, Status.DEAD)])
async def test_a_dropped_notification_can_only_become_delivered(
    harness: Harness, late: Callable[[Sequence[Notification], datetime], Attempt], status: Status
) -> None:
    routed = await route_all(harness.stores, "slack")
    await harness.stores.notifications.record_attempts([given_up(routed[:1])])

    await harness.stores.notifications.record_attempts([late(routed[:1], SOON)])

    (entry, *_) = await ledger(harness, routed)
    assert entry.notification.status is status


async def test_the_ledger_has_every_notification_of_the_alert_by_transition_then_channel(harness: Harness) -> None:
    routed = await route_all(harness.stores, "teams", "slack")

    entries = await ledger(harness, routed)

    own = [one for one in routed if one.event.alert_id == routed[0].event.alert_id]
    assert [entry.notification for entry in entries] == sorted(own, key=lambda n: (n.event.sequence, n.channel))
    assert [len(entry.attempts) for entry in entries] == [0] * 6


async def test_the_ledger_of_an_unknown_alert_is_empty(harness: Harness) -> None:
    assert await harness.stores.notifications.ledger(SILENCE_ID) == []


async def test_the_ledger_has_every_attempt_in_order(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    first, second = failed(routed[:1]), delivered(routed[:1], NOON + PAUSE)

    await harness.stores.notifications.record_attempts([first])
    await harness.stores.notifications.record_attempts([second])

    (entry, *_) = await ledger(harness, routed)
    assert list(entry.attempts) == [first, second]
    assert (entry.notification.status, entry.notification.attempts) == (Status.DELIVERED, 1)


async def test_an_attempt_of_several_notifications_appears_with_each(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")
    one_message = failed(routed[:2])

    await harness.stores.notifications.record_attempts([one_message])

    first, second, third = await ledger(harness, routed)
    assert list(first.attempts) == [replace(one_message, notification_ids=(routed[0].notification_id,))]
    assert list(second.attempts) == [replace(one_message, notification_ids=(routed[1].notification_id,))]
    assert list(third.attempts) == []


async def test_a_repeated_attempt_counts_once(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")

    for _ in range(2):
        await harness.stores.notifications.record_attempts([failed(routed[:1])])

    (entry, *_) = await ledger(harness, routed)
    assert (len(entry.attempts), entry.notification.attempts) == (1, 1)


async def test_a_suppressed_notification_names_its_silence(harness: Harness) -> None:
    async with harness.stores.notifications.routing(1) as unit:
        silenced = notification(unit.events[0], "slack", status=Status.SUPPRESSED)
        await unit.route([silenced])

    (entry,) = await ledger(harness, [silenced])
    assert entry.notification == silenced
    assert entry.notification.silence_id == SILENCE_ID


async def test_notifications_of_removed_channels_are_dropped(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack", "teams")
    await harness.stores.notifications.record_attempts([delivered(routed[:1])])

    given_up_on = await harness.stores.notifications.discard_orphans(["teams"], NOON, LATER)

    assert given_up_on == 3
    assert await harness.stores.notifications.notification_counts() == {
        ("slack", Status.DELIVERED): 1,
        ("slack", Status.DEAD): 3,
        ("teams", Status.PENDING): 4,
    }


async def test_recent_notifications_of_an_unknown_channel_stay_pending(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack")

    assert await harness.stores.notifications.discard_orphans([], NOON, min(one.created_at for one in routed)) == 0


async def test_without_any_channel_all_notifications_are_dropped(harness: Harness) -> None:
    await route_all(harness.stores, "slack")

    assert await harness.stores.notifications.discard_orphans([], NOON, LATER) == 4
    assert await harness.stores.notifications.discard_orphans([], NOON, LATER) == 0


async def test_a_leased_notification_is_dropped_after_its_lease(harness: Harness) -> None:
    await route_all(harness.stores, "slack")
    await claim(harness, limit=1)

    assert await harness.stores.notifications.discard_orphans([], NOON, LATER) == 3
    assert await harness.stores.notifications.discard_orphans([], NOON + LEASE, LATER) == 1


async def test_the_last_attempt_of_each_channel_is_known(harness: Harness) -> None:
    slack, teams, *_ = await route_all(harness.stores, "slack", "teams", "zulip")
    other, last = failed([teams]), delivered([slack], NOON + PAUSE)

    await harness.stores.notifications.record_attempts([failed([slack]), other, last])

    assert await harness.stores.notifications.last_attempts() == {"slack": last, "teams": other}


async def test_before_the_first_attempt_there_is_no_last_one(harness: Harness) -> None:
    await route_all(harness.stores, "slack")

    assert await harness.stores.notifications.last_attempts() == {}


async def test_the_age_of_the_oldest_pending_notification_is_known(harness: Harness) -> None:
    routed = await route_all(harness.stores, "slack", "teams")
    await harness.stores.notifications.record_attempts([delivered([one for one in routed if one.channel == "teams"])])

    assert await harness.stores.notifications.oldest_pending() == {"slack": NOON}


async def claim(
    harness: Harness, channel: str = "slack", *, now: datetime = NOON, limit: int = 100
) -> list[Notification]:
    return list(await harness.stores.notifications.claim(channel, now, LEASE, limit))


async def ledger(harness: Harness, routed: Sequence[Notification]) -> list[LedgerEntry]:
    return list(await harness.stores.notifications.ledger(routed[0].event.alert_id))
