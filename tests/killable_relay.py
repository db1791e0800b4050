"""A relay that a test kills. It publishes an outbox until SIGTERM. Its argument is a RelayConfig as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress, ProducerOptions
from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.usecases.deliver import deliver_all

if TYPE_CHECKING:
    from dict_rate_limit.ports.delivery import EventPublisher, Outbox

PAUSE_SEC = 0.02
"""Between sweeps that found nothing: short, so that kills find it at work."""
SWEEP = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig:
    """The configuration of the relay. A small batch is more often interrupted."""

    database_url: str
    broker_url: str
    topic: str
    batch: int


async def main(config: RelayConfig) -> None:
    """Write "working" once and publish until SIGTERM."""
    shutdown = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, shutdown.set)
    address = BrokerAddress(url=config.broker_url, topic=config.topic)
    publisher = PulsarPublisher(address, ProducerOptions(), SystemClock(), "test")
    async with open_pool(config.database_url) as pool:
        sys.stdout.write("working\n")
        sys.stdout.flush()
        await relay(postgres_stores(pool).outbox, publisher, config.batch, shutdown)
    await publisher.close()


async def relay(outbox: Outbox, publisher: EventPublisher, batch: int, shutdown: asyncio.Event) -> None:
    while not shutdown.is_set():
        done = await deliver_all(outbox, publisher, SystemClock(), batch=batch, within=SWEEP)
        if done.failure or not done.delivered:
            await asyncio.sleep(PAUSE_SEC)


if __name__ == "__main__":
    asyncio.run(main(RelayConfig(**json.loads(sys.argv[1]))))
    os._exit(0)  # as the product does
