"""Where transitions go: to the broker, or for good to the log where there is none."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.log_publisher import LogPublisher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import TextIO

    from dict_rate_limit.adapters.pulsar.connection import BrokerAddress
    from dict_rate_limit.bootstrap.container import Container
    from dict_rate_limit.ports.delivery import EventPublisher
    from dict_rate_limit.serving.readiness import Check
    from dict_rate_limit.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """A publisher, and what `/ready` tells of it."""

    publisher: EventPublisher
    check: Check


@asynccontextmanager
async def publishing(
    settings: Settings, parts: Container, transitions: TextIO | None = None
) -> AsyncIterator[Publishing]:
    """Hold the publisher open. Without a broker transitions go to `transitions`, by default stdout."""
    address = broker_address(settings)
    if address is None:
        log = LogPublisher(stream=transitions or sys.stdout, clock=parts.clock, version=parts.version)
        yield Publishing(publisher=log, check=_log_only)
        return
    # Here, for what it costs: an installation without a broker shall not carry the library.
    from dict_rate_limit.adapters.pulsar.connection import ProducerOptions  # noqa: PLC0415
    from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher  # noqa: PLC0415

    options = ProducerOptions(batching=settings.pulsar_batching, compression=settings.pulsar_compression)
    publisher = PulsarPublisher(address, options, parts.clock, parts.version, tracer=parts.tracer)

    async def state() -> str:
        return publisher.state

    try:
        yield Publishing(publisher=publisher, check=state)
    finally:
        await publisher.close()


def broker_address(settings: Settings) -> BrokerAddress | None:
    """Say where the broker is; None without one."""
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
