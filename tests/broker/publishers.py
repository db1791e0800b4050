from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress, BrokerTimeouts, ProducerOptions
from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.ports.delivery import EventPublisher, PublishResult

SHORT = BrokerTimeouts(connect_sec=3, send_sec=2)
"""Outages of the tests last seconds."""


@asynccontextmanager
async def publishing_to(
    address: BrokerAddress, options: ProducerOptions | None = None, timeouts: BrokerTimeouts = SHORT
) -> AsyncIterator[PulsarPublisher]:
    publisher = PulsarPublisher(address, options or ProducerOptions(), SystemClock(), "1.2.3", timeouts)
    try:
        yield publisher
    finally:
        await publisher.close()


async def receipts_of(publisher: EventPublisher, events: Sequence[AlertEvent]) -> list[PublishResult]:
    async with aclosing(publisher.publish(events)) as receipts:
        return [receipt async for receipt in receipts]


def ids(events: Sequence[AlertEvent]) -> list[str]:
    return [str(event.event_id) for event in events]
