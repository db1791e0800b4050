from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from dict_rate_limit.adapters.memory.notifications import MemoryNotifier
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.errors import NotFoundError
from dict_rate_limit.domain.notifications.channel import ChannelType
from dict_rate_limit.domain.notifications.routing import MAX_REJECTIONS, DeliveryResult, Status
from dict_rate_limit.usecases.deliver import MAX_REJECTIONS as BROKER_REFUSALS
from dict_rate_limit.usecases.deliver import deliver_all
from dict_rate_limit.usecases.drill import DrillResult, drill_result, send_drill
from dict_rate_limit.usecases.notify import send_notifications
from samples.alerts import HOUR, channel
from samples.domain import NOON, PARTICIPANT, bucket, snapshot
from samples.fake_ports import FakeClock, RejectingPublisher, notifications
from samples.readings import recorded


class Rehearsal:
    """A test alert and its delivery."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stores = memory_stores(self.clock)
        self.alert_id = UUID(int=0)

    async def send(self) -> None:
        self.alert_id = (await send_drill(self.stores.alerts, self.clock, PARTICIPANT, "ana", "weekly test")).alert_id

    async def publish(self) -> None:
        await deliver_all(self.stores.outbox, MemoryPublisher(), self.clock, batch=10, within=HOUR)

    async def send_notifications(self, *answers: DeliveryResult) -> None:
        parts = notifications(
            self.stores, self.clock, channel(format=ChannelType.WEBHOOK), notifier=MemoryNotifier(list(answers))
        )
        await send_notifications(parts, within=HOUR)

    async def result(self) -> DrillResult:
        return await drill_result(self.stores, self.alert_id)


@pytest.fixture
async def rehearsal() -> Rehearsal:
    rehearsal = Rehearsal()
    await rehearsal.send()
    return rehearsal


def steps(result: DrillResult) -> tuple[bool, bool, bool, bool]:
    return result.published, result.routed, result.done, result.good


async def test_a_new_test_alert_is_only_stored(rehearsal: Rehearsal) -> None:
    result = await rehearsal.result()

    assert steps(result) == (False, False, False, False)
    assert len(result.history.events) == 2
    assert result.ledger == []


async def test_a_published_test_alert_is_not_yet_notified(rehearsal: Rehearsal) -> None:
    await rehearsal.publish()

    assert steps(await rehearsal.result()) == (True, False, False, False)


async def test_a_notified_test_alert_is_not_yet_published(rehearsal: Rehearsal) -> None:
    await rehearsal.send_notifications()

    assert steps(await rehearsal.result()) == (False, True, False, False)


async def test_a_test_alert_succeeds_when_every_channel_accepts_both_transitions(rehearsal: Rehearsal) -> None:
    await rehearsal.publish()
    await rehearsal.send_notifications()

    result = await rehearsal.result()

    assert steps(result) == (True, True, True, True)
    assert [entry.notification.status for entry in result.ledger] == [Status.DELIVERED] * 2


async def test_the_result_has_the_last_response_of_each_channel(rehearsal: Rehearsal) -> None:
    await rehearsal.send_notifications(DeliveryResult(ok=False, text="503"))

    result = await rehearsal.result()

    assert {name: attempt.answer.text for name, attempt in result.last.items()} == {"ops": "503"}


async def test_a_pending_channel_leaves_the_drill_undone(rehearsal: Rehearsal) -> None:
    await rehearsal.publish()
    await rehearsal.send_notifications(DeliveryResult(ok=False, text="503"))

    assert steps(await rehearsal.result()) == (True, True, False, False)


async def test_a_channel_that_dropped_it_completes_the_drill_as_failed(rehearsal: Rehearsal) -> None:
    await rehearsal.publish()
    refused = DeliveryResult(ok=False, text="400", refused=True)
    for _ in range(MAX_REJECTIONS):
        await rehearsal.send_notifications(refused)
        rehearsal.clock.move(HOUR)
    await rehearsal.send_notifications()

    result = await rehearsal.result()

    assert steps(result) == (True, True, True, False)
    assert [entry.notification.status for entry in result.ledger] == [Status.DEAD, Status.DELIVERED]


async def test_a_dead_lettered_transition_completes_the_drill_as_failed(rehearsal: Rehearsal) -> None:
    await rehearsal.send_notifications()
    first, second = (await rehearsal.result()).history.events
    for _ in range(BROKER_REFUSALS):
        await deliver_all(
            rehearsal.stores.outbox,
            RejectingPublisher(first.event_id),
            rehearsal.clock,
            batch=10,
            within=timedelta(seconds=1),
        )
        rehearsal.clock.move(HOUR)

    result = await rehearsal.result()

    assert steps(result) == (False, True, True, False)
    assert (result.history.dead, result.history.published) == (
        frozenset({first.event_id}),
        frozenset({second.event_id}),
    )


async def test_without_channels_no_notification_can_fail(rehearsal: Rehearsal) -> None:
    await rehearsal.publish()
    await send_notifications(notifications(rehearsal.stores, rehearsal.clock), within=HOUR)

    assert steps(await rehearsal.result()) == (True, True, True, True)


async def test_an_ordinary_alert_is_not_found(rehearsal: Rehearsal) -> None:
    await recorded(rehearsal.stores, snapshot(bucket(200), at=NOON))
    (alert,) = await rehearsal.stores.state.open_alerts([PARTICIPANT])
    rehearsal.alert_id = alert.alert_id

    with pytest.raises(NotFoundError, match="expected the id of a test alert"):
        await rehearsal.result()


async def test_an_unknown_id_is_not_found(rehearsal: Rehearsal) -> None:
    rehearsal.alert_id = UUID(int=1)

    with pytest.raises(NotFoundError, match="expected the id of a test alert"):
        await rehearsal.result()
