"""A client with its producer: made together, given up together, so that nothing of a lost broker is kept."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pulsar

from dict_rate_limit.adapters.pulsar.threads import in_thread, run_detached

if TYPE_CHECKING:
    from pathlib import Path

TLS: Final = "pulsar+ssl"
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
class BrokerTimeouts:
    """How long a connection, and then an acknowledgement, may take, in whole seconds."""

    connect_sec: int = 10
    send_sec: int = 10


DEFAULT_TIMEOUTS: Final = BrokerTimeouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker and a topic. Of a token, the file wins where both are there: it is read again at each connection.

    `tls_ca_file` of None = the authorities that everybody trusts.
    """

    url: str = field(repr=False)
    topic: str
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    tls_ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{urlsplit(self.url).scheme}://{self._hosts} {self.topic}"

    @property
    def brokers(self) -> list[tuple[str, int]]:
        """Host and port of each broker that the URL names."""
        usual = 6651 if self.tls else 6650
        parts = (urlsplit(f"//{host}") for host in self._hosts.split(","))
        return [(part.hostname or "", part.port or usual) for part in parts]

    @property
    def tls(self) -> bool:
        """Whether TLS is spoken; the name in the certificate is compared then."""
        return urlsplit(self.url).scheme == TLS

    @property
    def _hosts(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def current_token(self) -> str | None:
        """Return the token as it is now; what was read first while its file cannot be read."""
        if self.token_file is not None:
            try:
                return self.token_file.read_text(encoding="utf-8").strip() or self.token
            except (OSError, ValueError):
                return self.token
        return self.token


def open_client(address: BrokerAddress, timeouts: BrokerTimeouts) -> pulsar.Client:
    """Make a client; nothing is connected yet.

    It logs nowhere: what matters comes back as results, and its own log would go to stdout, beside our lines.

    Raises:
        pulsar.PulsarException | RuntimeError | ValueError: an address that it cannot make sense of.
    """
    shows_itself = address.current_token() is not None
    return pulsar.Client(
        address.url,
        authentication=pulsar.AuthenticationToken(lambda: address.current_token() or "") if shows_itself else None,
        operation_timeout_seconds=timeouts.connect_sec,
        connection_timeout_ms=timeouts.connect_sec * 1000 // 2,
        stats_interval_in_seconds=0,
        tls_trust_certs_file_path=None if address.tls_ca_file is None else str(address.tls_ca_file),
        tls_validate_hostname=True,
        logger=pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerOptions:
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


async def connect(address: BrokerAddress, options: ProducerOptions, timeouts: BrokerTimeouts) -> BrokerConnection:
    """Connect a producer. Cancelled, it leaves nothing behind.

    Raises:
        pulsar.PulsarException | RuntimeError | ValueError: no.
    """
    client = await in_thread(partial(open_client, address, timeouts))
    try:
        producer = await in_thread(partial(_create_producer, client, address.topic, options, timeouts))
    except BaseException:
        run_detached(partial(close, client))
        raise
    return BrokerConnection(client=client, producer=producer)


def close(client: pulsar.Client) -> None:
    """Close a client and all of its making."""
    with suppress(pulsar.PulsarException):
        client.close()


def _create_producer(
    client: pulsar.Client, topic: str, options: ProducerOptions, timeouts: BrokerTimeouts
) -> pulsar.Producer:
    """Sequence ids are the client's own: ids taken from rows would let the broker drop what is sent again.

    Their beginning is ours. Left to itself, a client that reconnects before its first acknowledgement begins to count
    anew, and a broker that drops repeats acknowledges and drops what it sends next.
    """
    return client.create_producer(
        topic,
        producer_name=_name(),
        initial_sequence_id=FIRST_ID,
        send_timeout_millis=timeouts.send_sec * 1000,
        max_pending_messages=0,
        compression_type=_COMPRESSIONS[options.compression],
        batching_enabled=options.batching,
        batching_type=pulsar.BatchingType.KeyBased,
        batching_max_publish_delay_ms=BATCH_DELAY_MS,
    )


def _name() -> str:
    """A name nobody has or had: the broker refuses one that it believes to be still connected."""
    return f"dict-rate-limit-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
