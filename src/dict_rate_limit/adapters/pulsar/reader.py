"""Reads the events of a topic without leaving a subscription on the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import pulsar

from dict_rate_limit.adapters.pulsar.connection import (
    DEFAULT_TIMEOUTS,
    BrokerAddress,
    BrokerTimeouts,
    close,
    in_thread,
    open_client,
    run_detached,
)
from dict_rate_limit.adapters.pulsar.diagnosis import explain_failure, probe
from dict_rate_limit.contract.events import ACTION
from dict_rate_limit.domain.errors import EventsUnavailableError
from dict_rate_limit.ports.clock import Clock

POLL_MS: Final = 200
BATCH_SIZE: Final = 500


class EventReader:
    """Reads a topic that may be shared. Returns only events of alerts."""

    def __init__(self, reader: pulsar.Reader) -> None:
        self._reader = reader

    @property
    def connected(self) -> bool:
        """Whether the reader is connected. The client library reconnects by itself."""
        return bool(self._reader.is_connected())

    async def events(self) -> Sequence[bytes]:
        """Return the JSON of the events that arrived, in order; an empty list after a fifth of a second without one.

        Raises:
            EventsUnavailableError: the broker ended the reader.
        """
        try:
            return await in_thread(partial(_receive, self._reader))
        except pulsar.PulsarException as error:
            raise EventsUnavailableError(str(error)) from error


@asynccontextmanager
async def open_reader(
    address: BrokerAddress, clock: Clock, *, earliest: bool, timeouts: BrokerTimeouts = DEFAULT_TIMEOUTS
) -> AsyncIterator[EventReader]:
    """Open a reader while the block runs, from the oldest message or from now on.

    Raises:
        EventsUnavailableError: no connection in time, with the reason.
    """
    failure = await probe(address)
    if failure is not None:
        raise _error(address, failure)
    client = open_client(address, timeouts)
    try:
        yield EventReader(await _reader(client, address, clock, timeouts, earliest=earliest))
    finally:
        run_detached(partial(close, client))


async def _reader(
    client: pulsar.Client, address: BrokerAddress, clock: Clock, timeouts: BrokerTimeouts, *, earliest: bool
) -> pulsar.Reader:
    start = pulsar.MessageId.earliest if earliest else pulsar.MessageId.latest
    try:
        async with asyncio.timeout(timeouts.connect_sec):
            return await in_thread(partial(client.create_reader, address.topic, start))
    except TimeoutError:
        failure = "Timeout"
    except pulsar.PulsarException as error:
        failure = type(error).__name__
    raise _error(address, explain_failure(address, failure, clock.now()))


def _receive(reader: pulsar.Reader) -> Sequence[bytes]:
    found: list[bytes] = []
    timeouts = POLL_MS
    try:
        while len(found) < BATCH_SIZE:
            message = reader.read_next(timeouts)
            timeouts = 1
            if message.properties().get("action") == ACTION:
                found.append(message.data())
    except pulsar.Timeout:
        pass
    return found


def _error(address: BrokerAddress, cause: str) -> EventsUnavailableError:
    return EventsUnavailableError(f"{address}: {cause}")
