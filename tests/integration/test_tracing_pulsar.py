"""A message on the topic names the cycle that sent it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bridge_server import fake_bridge
from broker.proxy import proxy_to
from broker.publishers import SHORT, receipts_of
from broker.topic import arrived, new_topic
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress, ProducerOptions
from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher
from dict_rate_limit.domain.errors import PublishError
from otel_collector import collecting
from samples.events import CLAIMS, transitions_of
from span_memory import SpanMemory, attributes
from temporal_namespace import new_namespace
from traced_worker import Servers, first_cycle

if TYPE_CHECKING:
    from pathlib import Path

    from broker.server import Broker

PRODUCER = 4
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")


def carried(traceparent: str) -> tuple[str, str]:
    found = TRACEPARENT.fullmatch(traceparent)
    assert found is not None
    return found[1], found[2]


async def test_each_message_of_a_cycle_carries_its_span(
    pulsar_broker: Broker, migrated_database_url: str, valkey: str, temporal_address: str, tmp_path: Path
) -> None:
    namespace, topic = (await new_namespace(temporal_address)).namespace, new_topic()
    async with fake_bridge() as (_, bridge), collecting() as collector:
        servers = Servers(
            database_url=migrated_database_url,
            redis=valkey,
            temporal=temporal_address,
            namespace=namespace,
            bridge=bridge,
        )
        extra = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "PULSAR_BROKER_URL": pulsar_broker.url,
            "PULSAR_TOPIC": topic,
        }

        cycle = await first_cycle(servers, collector, extra, tmp_path / "worker.log")

    messages = arrived(pulsar_broker, topic)
    sent = {span.span_id: span for span in cycle.spans if span.name == f"send {topic}"}
    seen = [(message, *carried(message.properties["traceparent"])) for message in messages]
    assert len(messages) == 29
    assert {trace for _, trace, _ in seen} == {cycle.trace_id}
    assert [sent[span].attributes["messaging.message.id"] for _, _, span in seen] == [one.event_id for one in messages]
    assert {(span.kind, span.failed) for span in sent.values()} == {(PRODUCER, False)}


async def test_a_message_without_an_acknowledgement_is_a_failed_span(pulsar_broker: Broker) -> None:
    memory = SpanMemory()
    first, second = transitions_of(CLAIMS, 2)
    async with proxy_to(pulsar_broker) as proxy:
        address = BrokerAddress(url=proxy.url, topic=new_topic())
        publisher = PulsarPublisher(address, ProducerOptions(), SystemClock(), "1.2.3", SHORT, memory.tracer)
        with memory.under_way():
            await receipts_of(publisher, [first])
            proxy.loses_answers = True
            with pytest.raises(PublishError):
                await receipts_of(publisher, [second])
        await publisher.close()

    by_event = {attributes(span)["messaging.message.id"]: attributes(span).get("error.type") for span in memory.spans}
    assert by_event == {str(first.event_id): None, str(second.event_id): "Timeout"}
