"""A client with its producer: made together, given up together, so that nothing of a lost broker is kept."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pulsar

from dict_rate_limit.adapters.pulsar.broker import open_client
from dict_rate_limit.adapters.pulsar.threads import in_thread, run_detached

if TYPE_CHECKING:
    from dict_rate_limit.adapters.pulsar.broker import BrokerAddress, Patience

BATCH_DELAY_MS: Final = 2
FIRST_ID: Final = 1
"""Not zero, which the library takes for none."""

_COMPRESSIONS: Final = {
    "none": pulsar.CompressionType.NONE,
    "lz4": pulsar.CompressionType.LZ4,
    "zlib": pulsar.CompressionType.ZLib,
    "zstd": pulsar.CompressionType.ZSTD,
    "snappy": pulsar.CompressionType.SNAPPY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How messages travel. `compression` is none, lz4, zlib, zstd or snappy; messages of one key share a batch."""

    batching: bool = True
    compression: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConnection:
    """What was connected once; the client library connects it anew after short interruptions."""

    client: pulsar.Client
    producer: pulsar.Producer

    def close(self) -> None:
        """Close both; takes as long as the broker does."""
        close(self.client)


async def connect(address: BrokerAddress, packing: Packing, patience: Patience) -> BrokerConnection:
    """Connect a producer. Cancelled, it leaves nothing behind.

    Raises:
        pulsar.PulsarException | RuntimeError | ValueError: no.
    """
    client = await in_thread(partial(open_client, address, patience))
    try:
        producer = await in_thread(partial(_create_producer, client, address.topic, packing, patience))
    except BaseException:
        run_detached(partial(close, client))
        raise
    return BrokerConnection(client=client, producer=producer)


def close(client: pulsar.Client) -> None:
    """Close a client and all of its making."""
    with suppress(pulsar.PulsarException):
        client.close()


def _create_producer(client: pulsar.Client, topic: str, packing: Packing, patience: Patience) -> pulsar.Producer:
    """Sequence ids are the client's own: ids taken from rows would let the broker drop what is sent again.

    Their beginning is ours. Left to itself, a client that reconnects before its first acknowledgement begins to count
    anew, and a broker that drops repeats acknowledges and drops what it sends next.
    """
    return client.create_producer(
        topic,
        producer_name=_name(),
        initial_sequence_id=FIRST_ID,
        send_timeout_millis=patience.send_sec * 1000,
        max_pending_messages=0,
        compression_type=_COMPRESSIONS[packing.compression],
        batching_enabled=packing.batching,
        batching_type=pulsar.BatchingType.KeyBased,
        batching_max_publish_delay_ms=BATCH_DELAY_MS,
    )


def _name() -> str:
    """A name nobody has or had: the broker refuses one that it believes to be still connected."""
    return f"dict-rate-limit-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
