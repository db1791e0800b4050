"""Where alert events are published: the broker, or the log if none is configured."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.log_publisher import LogPublisher
from dict_rate_limit.bootstrap.container import Container
from dict_rate_limit.ports.delivery import EventPublisher
from dict_rate_limit.serving.readiness import Check
from dict_rate_limit.settings import Settings, required

if TYPE_CHECKING:
    from dict_rate_limit.adapters.pulsar.connection import BrokerAddress
    from dict_rate_limit.adapters.pulsar.reader import EventReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    publisher: EventPublisher
    check: Check


@asynccontextmanager
async def open_publisher(container: Container, log: TextIO | None = None) -> AsyncIterator[Publishing]:
    """Yield the publisher. Without a broker it writes to `log`, by default stdout."""
    settings, clock = container.settings, container.clock
    address = broker_address(settings)
    if address is None:
        to_log = LogPublisher(stream=log or sys.stdout, clock=clock, version=container.version)
        yield Publishing(publisher=to_log, check=_log_only)
        return
    # imported here: without a broker a process must not pay for the library
    from dict_rate_limit.adapters.pulsar.connection import ProducerOptions  # noqa: PLC0415
    from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher  # noqa: PLC0415

    options = ProducerOptions(batching=settings.pulsar_batching, compression=settings.pulsar_compression)
    publisher = PulsarPublisher(address, options, clock, container.version, tracer=container.telemetry.tracer)

    async def state() -> str:
        return publisher.state

    try:
        yield Publishing(publisher=publisher, check=state)
    finally:
        await publisher.close()


def open_event_reader(settings: Settings, *, earliest: bool) -> AbstractAsyncContextManager[EventReader]:
    """Open a reader of the published events, from the oldest message or from now on.

    Raises:
        SettingsError: no broker is configured.
    """
    address = required(broker_address(settings), "PULSAR_BROKER_URL")
    from dict_rate_limit.adapters.pulsar.reader import open_reader  # noqa: PLC0415 -- as above

    return open_reader(address, SystemClock(), earliest=earliest)


def broker_address(settings: Settings) -> BrokerAddress | None:
    """Return the address of the broker; None if none is configured."""
    if settings.pulsar_broker_url is None:
        return None
    from dict_rate_limit.adapters.pulsar.connection import BrokerAddress  # noqa: PLC0415 -- as above

    return BrokerAddress(
        url=settings.pulsar_broker_url,
        topic=settings.pulsar_topic,
        token=settings.pulsar_token,
        token_file=settings.provenance["PULSAR_TOKEN"].file,
        tls_ca_file=settings.pulsar_tls_ca_file,
    )


async def _log_only() -> str:
    return "log only"
