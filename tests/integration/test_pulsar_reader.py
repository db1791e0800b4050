"""Reading the topic when the broker will not have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulsar
import pytest

from broker.proxy import proxy_to
from broker.publishers import SHORT
from broker.topic import SILENT, new_topic
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress
from dict_rate_limit.adapters.pulsar.reader import EventReader, open_reader
from dict_rate_limit.domain.errors import EventsUnavailableError

if TYPE_CHECKING:
    from broker.server import Broker


async def test_a_silent_connection_times_out(pulsar_broker: Broker) -> None:
    async with proxy_to(pulsar_broker) as proxy:
        proxy.deaf = True
        address = BrokerAddress(url=proxy.url, topic=new_topic())

        with pytest.raises(EventsUnavailableError, match="a server answers but does not accept the connection"):
            await anyhow(address)


async def anyhow(address: BrokerAddress) -> None:
    async with open_reader(address, SystemClock(), earliest=True, timeouts=SHORT):
        pytest.fail("it reads")


async def test_a_closed_reader_raises_an_error(pulsar_broker: Broker) -> None:
    client = pulsar.Client(pulsar_broker.url, logger=SILENT)
    reader = EventReader(client.create_reader(new_topic(), pulsar.MessageId.earliest))
    client.close()

    with pytest.raises(EventsUnavailableError, match="AlreadyClosed"):
        await reader.events()
    assert not reader.connected
