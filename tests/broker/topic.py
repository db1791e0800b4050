from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulsar

from broker.server import NAMESPACE

if TYPE_CHECKING:
    from broker.server import Broker

NUMBERS = itertools.count(1)
SILENT = pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull)


def new_topic(namespace: str = NAMESPACE) -> str:
    """Name a topic that no other test uses."""
    return f"persistent://{namespace}/test-{os.getpid()}-{next(NUMBERS)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message. Messages of one batch have the same `batch`."""

    key: str
    properties: dict[str, str]
    document: dict[str, Any]
    producer: str
    batch: tuple[int, int]

    @property
    def event_id(self) -> str:
        return str(self.document["metadata"]["event_id"])


def arrived(broker: Broker, topic: str) -> list[Arrived]:
    """Read all current messages of a topic."""
    client = pulsar.Client(broker.url, operation_timeout_seconds=10, logger=SILENT)
    try:
        reader = client.create_reader(topic, pulsar.MessageId.earliest)
        messages = []
        while reader.has_message_available():
            messages.append(_read(reader.read_next(10_000)))
        return messages
    finally:
        client.close()


def _read(message: pulsar.Message) -> Arrived:
    place = message.message_id()
    return Arrived(
        key=message.partition_key(),
        properties=message.properties(),
        document=json.loads(message.data()),
        producer=message.producer_name(),
        batch=(place.ledger_id(), place.entry_id()),
    )
