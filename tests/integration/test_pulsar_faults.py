"""The wire between publisher and broker fails in every way it can."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from broker.proxy import Proxy, proxy_to
from broker.publishers import ids, publishing_to, receipts_of
from broker.topic import arrived, new_topic
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress, BrokerTimeouts
from dict_rate_limit.adapters.pulsar.publisher import MAX_EVENT_BYTES
from dict_rate_limit.domain.errors import PublishError
from samples.events import CLAIMS, KEYS, enlarged, interleaved, transitions_of
from samples.worker import eventually
from tool_box import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from broker.server import Broker

LONG = BrokerTimeouts(connect_sec=10, send_sec=10)


@pytest.fixture
async def proxy(pulsar_broker: Broker) -> AsyncIterator[Proxy]:
    async with proxy_to(pulsar_broker) as between:
        yield between


@pytest.fixture
def address(proxy: Proxy) -> BrokerAddress:
    return BrokerAddress(url=proxy.url, topic=new_topic())


async def test_a_lost_acknowledgement_is_an_outage_followed_by_a_repeat(
    pulsar_broker: Broker, proxy: Proxy, address: BrokerAddress
) -> None:
    transitions = transitions_of(CLAIMS, 3)
    async with publishing_to(address) as publisher:
        await receipts_of(publisher, transitions[:1])
        proxy.loses_answers = True
        with pytest.raises(PublishError, match="Timeout"):
            await receipts_of(publisher, transitions[1:])

        proxy.loses_answers = False
        receipts = await receipts_of(publisher, transitions[1:])

    assert [str(receipt.event_id) for receipt in receipts] == ids(transitions[1:])
    received = [message.event_id for message in arrived(pulsar_broker, address.topic)]
    assert list(dict.fromkeys(received)) == ids(transitions)
    assert len(received) > len(transitions), "nothing was published twice: the broker had not received it"


async def test_a_short_interruption_causes_no_repeat(
    pulsar_broker: Broker, proxy: Proxy, address: BrokerAddress
) -> None:
    events = interleaved(transitions_of(CLAIMS, 200), transitions_of(KEYS, 200))
    async with publishing_to(address, timeouts=LONG) as publisher:
        await receipts_of(publisher, events[:2])
        proxy.loses_answers = True
        publishing = asyncio.create_task(receipts_of(publisher, events[2:]))
        await until_arrived(pulsar_broker, address.topic, 3)

        proxy.cut()
        proxy.loses_answers = False
        await proxy.open()
        receipts = await publishing

    assert len(receipts) == 398
    received = [message.event_id for message in arrived(pulsar_broker, address.topic)]
    assert sorted(received) == sorted(ids(events))


async def test_an_early_interruption_has_no_later_effect(
    pulsar_broker: Broker, proxy: Proxy, address: BrokerAddress
) -> None:
    transitions = transitions_of(CLAIMS, 6)
    async with publishing_to(address, timeouts=LONG) as publisher:
        await receipts_of(publisher, [enlarged(transitions[0], MAX_EVENT_BYTES)])  # connects, and sends nothing
        proxy.deaf = True
        publishing = asyncio.create_task(receipts_of(publisher, transitions[:3]))
        await proxy.swallowed.wait()

        proxy.cut()
        proxy.deaf = False
        await proxy.open()
        await publishing
        await receipts_of(publisher, transitions[3:])

    received = [message.event_id for message in arrived(pulsar_broker, address.topic)]
    assert received == ids(transitions)


async def until_arrived(broker: Broker, topic: str, number: int) -> None:
    async def there() -> bool:
        return len(await asyncio.to_thread(arrived, broker, topic)) >= number

    await eventually(there)


async def test_after_an_outage_the_publisher_reconnects(
    pulsar_broker: Broker, proxy: Proxy, address: BrokerAddress
) -> None:
    transitions = transitions_of(CLAIMS, 4)
    async with publishing_to(address) as publisher:
        await receipts_of(publisher, transitions[:1])
        proxy.cut()
        for _ in range(2):
            with pytest.raises(PublishError):
                await receipts_of(publisher, transitions[1:])
        waiting = publisher.state

        await proxy.open()
        await receipts_of(publisher, transitions[1:])

        assert (waiting, publisher.state) == ("waiting", "ok")
    received = [message.event_id for message in arrived(pulsar_broker, address.topic)]
    assert received == ids(transitions)


async def test_a_silent_connection_times_out(proxy: Proxy, address: BrokerAddress) -> None:
    proxy.deaf = True

    async with publishing_to(address) as publisher:
        with pytest.raises(PublishError, match="a server answers but does not accept the connection"):
            await receipts_of(publisher, transitions_of(CLAIMS, 1))


async def test_closing_does_not_wait_for_a_silent_connection(proxy: Proxy, address: BrokerAddress) -> None:
    async with publishing_to(address, timeouts=LONG) as publisher:
        await receipts_of(publisher, transitions_of(CLAIMS, 1))
        proxy.deaf = True

        async with asyncio.timeout(5):
            await publisher.close()


async def test_outages_leave_no_threads(proxy: Proxy, address: BrokerAddress) -> None:
    async with publishing_to(address) as publisher:
        await receipts_of(publisher, transitions_of(CLAIMS, 1))
        before = threads()
        for _ in range(2):
            proxy.cut()
            with pytest.raises(PublishError):
                await receipts_of(publisher, transitions_of(KEYS, 1))
            await proxy.open()
            await receipts_of(publisher, transitions_of(CLAIMS, 1))

        await eventually(lambda: no_more_than(before))


def threads() -> int:
    """Count those of the process, also those Python knows nothing of."""
    return len(list(Path("/proc/self/task").iterdir()))


async def no_more_than(number: int) -> bool:
    return threads() <= number


async def test_a_cancelled_transition_can_be_published_again(
    pulsar_broker: Broker, proxy: Proxy, address: BrokerAddress
) -> None:
    transitions = transitions_of(CLAIMS, 5)
    async with publishing_to(address) as publisher:
        async with aclosing(publisher.publish(transitions[:1])) as receipts:
            await anext(receipts)
        proxy.loses_answers = True
        publishing = asyncio.create_task(receipts_of(publisher, transitions[1:]))
        await until_arrived(pulsar_broker, address.topic, 5)
        publishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await publishing

        proxy.loses_answers = False
        proxy.cut()
        await proxy.open()
        receipts_again = await receipts_of(publisher, transitions[1:])

    assert len(receipts_again) == 4
    received = [message.event_id for message in arrived(pulsar_broker, address.topic)]
    assert list(dict.fromkeys(received)) == ids(transitions)


LEFT_IN_MID_AIR = """
import asyncio, sys
from contextlib import suppress
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress, ProducerOptions
from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher
from samples.events import transitions_of
from broker.publishers import SHORT, receipts_of

address = BrokerAddress(url=sys.argv[1], topic=sys.argv[2])
publisher = PulsarPublisher(address, ProducerOptions(), SystemClock(), "1", SHORT)

async def main():
    events = transitions_of("A", 3)
    await receipts_of(publisher, events[:1])
    print("connected", flush=True)
    sys.stdin.readline()
    with suppress(TimeoutError):
        await asyncio.wait_for(receipts_of(publisher, events[1:]), 0.2)

asyncio.run(main())
publisher._connection.close()  # reports a result for every message in flight
print("alive")
"""


async def test_acknowledgements_after_the_end_of_the_loop_are_ignored(proxy: Proxy, address: BrokerAddress) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LEFT_IN_MID_AIR, proxy.url, address.topic),
        stdin=PIPE,
        stdout=PIPE,
        env={"PYTHONPATH": str(REPOSITORY / "tests")},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = await process.stdout.readline()
    proxy.loses_answers = True

    rest, _ = await process.communicate(b"go on\n")

    assert (said, rest, process.returncode) == (b"connected\n", b"alive\n", 0)
