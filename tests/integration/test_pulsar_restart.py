"""A broker that is stopped, and one that is killed while it receives messages."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from broker.publishers import ids, publishing_to, receipts_of
from broker.server import KillableBroker, configure_broker
from broker.topic import arrived, new_topic
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress
from dict_rate_limit.domain.errors import PublishError
from dict_rate_limit.usecases.deliver import deliver_all
from samples.events import CLAIMS, ENTRIES, KEYS, interleaved, transitions_of
from samples.fake_ports import FakeClock, ListOutbox
from samples.worker import eventually
from tool_box import find_data, find_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.ports.delivery import EventPublisher

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def killable_broker(server_folder: Path) -> AsyncIterator[KillableBroker]:
    find_tool("java")
    find_data("pulsar/jars")
    killable_broker = KillableBroker(configure_broker(server_folder / "mortal-pulsar"))
    await killable_broker.begin()
    yield killable_broker
    killable_broker.kill()


async def test_pending_transitions_are_published_when_the_broker_is_back(killable_broker: KillableBroker) -> None:
    topic, stories = new_topic(), [transitions_of(name, 10) for name in (CLAIMS, ENTRIES, KEYS)]
    outbox, clock = ListOutbox(interleaved(*stories)), FakeClock()
    async with publishing_to(BrokerAddress(url=killable_broker.broker.url, topic=topic)) as publisher:
        first = await deliver_all(outbox, publisher, clock, batch=3, within=timedelta(0))
        killable_broker.kill()
        down = await deliver_all(outbox, publisher, clock, batch=10, within=MINUTE)
        still = await deliver_all(outbox, publisher, clock, batch=10, within=MINUTE)

        await killable_broker.begin()
        await eventually(lambda: emptied(outbox, publisher))

    assert [one.delivered for one in (first, down, still)] == [3, 0, 0]
    assert isinstance(down.failure, PublishError)
    assert outbox.waiting == []
    messages = arrived(killable_broker.broker, topic)
    by_key = [list(dict.fromkeys(m.event_id for m in messages if m.key == key)) for key in (CLAIMS, ENTRIES, KEYS)]
    assert by_key == [ids(transitions) for transitions in stories]


async def emptied(outbox: ListOutbox, publisher: EventPublisher) -> bool:
    """Sweep once."""
    await deliver_all(outbox, publisher, FakeClock(), batch=5_000, within=MINUTE)
    return not outbox.waiting


async def test_no_acknowledged_message_is_lost_when_the_broker_is_killed(killable_broker: KillableBroker) -> None:
    # few enough that a busy machine returns the first result before the publisher times out
    topic, stories = new_topic(), [transitions_of(name, 300) for name in (CLAIMS, ENTRIES, KEYS)]
    events = interleaved(*stories)
    received: list[str] = []  # event ids
    async with publishing_to(BrokerAddress(url=killable_broker.broker.url, topic=topic)) as publisher:
        await receipts_of(publisher, events[:1])
        with pytest.raises(PublishError):
            await publish_until_killed(publisher, events[1:], received, killable_broker)
        assert 0 < len(received) < len(events), "it was not killed in mid batch"

        await killable_broker.begin()
        outbox = ListOutbox([event for event in events[1:] if str(event.event_id) not in received])
        await eventually(lambda: emptied(outbox, publisher))

    messages = arrived(killable_broker.broker, topic)
    by_key = [list(dict.fromkeys(m.event_id for m in messages if m.key == key)) for key in (CLAIMS, ENTRIES, KEYS)]
    assert by_key == [ids(transitions) for transitions in stories]


async def publish_until_killed(
    publisher: EventPublisher, events: Sequence[AlertEvent], received: list[str], killable_broker: KillableBroker
) -> None:
    """Kill the broker at the first receipt, and go on."""
    async with aclosing(publisher.publish(events)) as receipts:
        async for receipt in receipts:
            received.append(str(receipt.event_id))
            killable_broker.kill()
