"""The publisher against a real broker that is well: what arrives, and how."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from broker.publishers import ids, publishing_to, receipts_of
from broker.topic import arrived, new_topic
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress, ProducerOptions
from dict_rate_limit.domain.alerts.alert import Severity
from samples.events import CLAIMS, ENTRIES, KEYS, interleaved, transitions_of

if TYPE_CHECKING:
    from broker.server import Broker


@pytest.fixture
def topic() -> str:
    return new_topic()


@pytest.fixture
def address(pulsar_broker: Broker, topic: str) -> BrokerAddress:
    return BrokerAddress(url=pulsar_broker.url, topic=topic)


async def test_a_message_has_properties_for_filtering(
    pulsar_broker: Broker, address: BrokerAddress, topic: str
) -> None:
    (event,) = transitions_of(CLAIMS, 1)

    async with publishing_to(address) as publisher:
        await receipts_of(publisher, [event])

    (message,) = arrived(pulsar_broker, topic)
    assert message.key == CLAIMS
    assert message.properties == {
        "action": "ActionRateLimitAlert",
        "severity": Severity.WARNING,
        "event_id": str(event.event_id),
    }
    assert message.document["data"]["message"] == event.message


async def test_deduplication_loses_nothing_of_interleaved_policies(
    pulsar_broker: Broker, address: BrokerAddress, topic: str
) -> None:
    stories = [transitions_of(f"POLICY_{number}", 40) for number in range(25)]
    halves = [interleaved(*(story[:20] for story in stories)), interleaved(*(story[20:] for story in stories))]

    async with publishing_to(address) as publisher:
        receipts = await asyncio.gather(*(receipts_of(publisher, half) for half in halves))

    by_policy = defaultdict(list)
    for message in arrived(pulsar_broker, topic):
        by_policy[message.key].append(message.event_id)
    assert [len(each) for each in receipts] == [500, 500]
    assert by_policy == {story[0].policy_name: ids(story) for story in stories}


async def test_messages_that_share_a_batch_share_their_policy(
    pulsar_broker: Broker, address: BrokerAddress, topic: str
) -> None:
    stories = [transitions_of(name, 30) for name in (CLAIMS, ENTRIES, KEYS)]

    async with publishing_to(address) as publisher:
        await receipts_of(publisher, interleaved(*stories))

    keys = defaultdict(set)
    for message in arrived(pulsar_broker, topic):
        keys[message.batch].add(message.key)
    assert len(keys) < 90, "nothing was batched"
    assert all(len(each) == 1 for each in keys.values())


@pytest.mark.parametrize("compression", ["none", "lz4", "zlib", "zstd", "snappy"])
@pytest.mark.parametrize("batching", [True, False], ids=["batched", "one by one"])
async def test_every_batching_and_compression_delivers_all_messages(
    pulsar_broker: Broker, address: BrokerAddress, topic: str, compression: str, *, batching: bool
) -> None:
    events = interleaved(transitions_of(CLAIMS, 3), transitions_of(KEYS, 3))

    async with publishing_to(address, ProducerOptions(batching=batching, compression=compression)) as publisher:
        await receipts_of(publisher, events)

    assert {message.event_id for message in arrived(pulsar_broker, topic)} == set(ids(events))


async def test_two_replicas_can_publish_concurrently(pulsar_broker: Broker, address: BrokerAddress, topic: str) -> None:
    stories = [transitions_of(CLAIMS, 50), transitions_of(KEYS, 50)]

    async with publishing_to(address) as one, publishing_to(address) as other:
        await asyncio.gather(receipts_of(one, stories[0]), receipts_of(other, stories[1]))

    messages = arrived(pulsar_broker, topic)
    assert [[m.event_id for m in messages if m.key == key] for key in (CLAIMS, KEYS)] == [ids(s) for s in stories]
    assert len({message.producer for message in messages}) == 2


async def test_a_partitioned_topic_preserves_the_order(
    pulsar_broker: Broker, address: BrokerAddress, topic: str
) -> None:
    pulsar_broker.must("PUT", f"{topic.replace('://', '/')}/partitions", 3)
    stories = [transitions_of(f"POLICY_{number}", 10) for number in range(9)]

    async with publishing_to(address) as publisher:
        await receipts_of(publisher, interleaved(*stories))

    partitions = [arrived(pulsar_broker, f"{topic}-partition-{number}") for number in range(3)]
    by_policy = defaultdict(list)
    for message in (message for partition in partitions for message in partition):
        by_policy[message.key].append(message.event_id)
    assert by_policy == {story[0].policy_name: ids(story) for story in stories}
    assert sum(bool(partition) for partition in partitions) > 1, "all went to one partition"


async def test_a_reader_that_never_acknowledges_blocks_no_publisher(
    pulsar_broker: Broker, address: BrokerAddress, topic: str
) -> None:
    pulsar_broker.must("PUT", f"{topic.replace('://', '/')}")
    pulsar_broker.must("PUT", f"{topic.replace('://', '/')}/subscription/silent")

    async with publishing_to(address) as publisher:
        receipts = [await receipts_of(publisher, transitions_of(name, 20)) for name in (CLAIMS, KEYS)]

    assert [len(each) for each in receipts] == [20, 20]


async def test_the_library_writes_no_log_lines(address: BrokerAddress, capfd: pytest.CaptureFixture[str]) -> None:
    async with publishing_to(address) as publisher:
        await receipts_of(publisher, transitions_of(CLAIMS, 3))

    assert capfd.readouterr() == ("", "")


async def test_the_publisher_reports_its_state(address: BrokerAddress) -> None:
    async with publishing_to(address) as publisher:
        before = publisher.state
        await receipts_of(publisher, transitions_of(CLAIMS, 1))

        assert (before, publisher.state) == ("not used yet", "ok")
