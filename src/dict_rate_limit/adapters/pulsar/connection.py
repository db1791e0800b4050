"""The broker's address, and a connection to it: a client with its producer, opened and discarded together."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import pulsar

TLS: Final = "pulsar+ssl"
BATCH_DELAY_MS: Final = 2
# The library takes zero as "not set".
FIRST_ID: Final = 1

_COMPRESSIONS: Final = {
    "none": pulsar.CompressionType.NONE,
    "lz4": pulsar.CompressionType.LZ4,
    "zlib": pulsar.CompressionType.ZLib,
    "zstd": pulsar.CompressionType.ZSTD,
    "snappy": pulsar.CompressionType.SNAPPY,
}


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerTimeouts:
    """Timeouts of a connection and of an acknowledgement, in whole seconds."""

    connect_sec: int = 10
    send_sec: int = 10


DEFAULT_TIMEOUTS: Final = BrokerTimeouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker and a topic. `token_file` takes precedence over `token`, and is read again on each connection.

    `tls_ca_file` of None = the system's certificate authorities.
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
        """Host and port of each broker in the URL."""
        usual = 6651 if self.tls else 6650
        parts = (urlsplit(f"//{host}") for host in self._hosts.split(","))
        return [(part.hostname or "", part.port or usual) for part in parts]

    @property
    def tls(self) -> bool:
        """Whether the connection uses TLS, which includes the check of the host name."""
        return urlsplit(self.url).scheme == TLS

    @property
    def _hosts(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def current_token(self) -> str | None:
        """Return the current token; the token read at the start while its file cannot be read."""
        if self.token_file is not None:
            try:
                return self.token_file.read_text(encoding="utf-8").strip() or self.token
            except (OSError, ValueError):
                return self.token
        return self.token


def open_client(address: BrokerAddress, timeouts: BrokerTimeouts) -> pulsar.Client:
    """Create a client. It does not connect yet.

    Raises:
        pulsar.PulsarException | RuntimeError | ValueError: the address is malformed.
    """
    authenticated = address.current_token() is not None
    return pulsar.Client(
        address.url,
        authentication=pulsar.AuthenticationToken(lambda: address.current_token() or "") if authenticated else None,
        operation_timeout_seconds=timeouts.connect_sec,
        connection_timeout_ms=timeouts.connect_sec * 1000 // 2,
        stats_interval_in_seconds=0,
        tls_trust_certs_file_path=None if address.tls_ca_file is None else str(address.tls_ca_file),
        tls_validate_hostname=True,
        # Errors come back as results. The library's own log would mix with our lines on stdout.
        logger=pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerOptions:
    """Options of the producer. `compression` is none, lz4, zlib, zstd or snappy. A batch has messages of one key."""

    batching: bool = True
    compression: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConnection:
    """A connected client and producer. The client library reconnects after short interruptions."""

    client: pulsar.Client
    producer: pulsar.Producer

    def close(self) -> None:
        """Close both. Blocks until the broker answers."""
        close(self.client)


async def connect(address: BrokerAddress, options: ProducerOptions, timeouts: BrokerTimeouts) -> BrokerConnection:
    """Connect a producer. A cancelled call leaves no connection behind.

    Raises:
        pulsar.PulsarException | RuntimeError | ValueError: the connection failed.
    """
    client = await in_thread(partial(open_client, address, timeouts))
    try:
        producer = await in_thread(partial(_create_producer, client, address.topic, options, timeouts))
    except BaseException:
        run_detached(partial(close, client))
        raise
    return BrokerConnection(client=client, producer=producer)


def close(client: pulsar.Client) -> None:
    with suppress(pulsar.PulsarException):
        client.close()


def _create_producer(
    client: pulsar.Client, topic: str, options: ProducerOptions, timeouts: BrokerTimeouts
) -> pulsar.Producer:
    # Sequence ids are the client's own: with ids of database rows, the broker would drop an event that is sent again.
    # The first id is explicit. Otherwise a client that reconnects before its first acknowledgement starts to count
    # again, and a broker with deduplication acknowledges and drops the next messages.
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
    # The broker rejects a name that it believes to be still connected, so each producer has a new name.
    return f"dict-rate-limit-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"


async def in_thread(work: Callable[[], T]) -> T:
    """Run a blocking call in a new daemon thread and await it.

    A cancelled caller leaves the call running. Neither the loop nor the process waits for it at the end.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 -- raised again in the awaiting task
            post_to_loop(loop, _settle, future, future.set_exception, error)
        else:
            post_to_loop(loop, _settle, future, future.set_result, result)

    run_detached(run)
    return await future


def run_detached(work: Callable[[], None]) -> None:
    """Run a call in a new daemon thread without waiting for it."""
    threading.Thread(target=work, name="pulsar", daemon=True).start()


def post_to_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    """Call a function on the loop, from any thread. Does nothing when the loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)


def _settle(future: asyncio.Future[T], settle: Callable[[object], None], value: object) -> None:
    if not future.done():
        settle(value)
