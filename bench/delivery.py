"""Transitions from the database to a real broker, compared with the client alone and with a publisher to memory."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

import pulsar

from bench.broker import broker
from bench.errors import BenchError
from bench.figure import Comparison, Figure, Target
from bench.history import RULES
from bench.policies import snapshot
from bench.tempdir import open_folder
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.adapters.postgres.migrations.runner import up
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.pulsar.connection import BATCH_DELAY_MS, BrokerAddress, ProducerOptions
from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher
from dict_rate_limit.apps.local.postgres import embedded_postgres
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.contract.events import event_json
from dict_rate_limit.usecases.deliver import deliver_all
from dict_rate_limit.usecases.poll import record_group

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bench.figure import Result
    from bench.scale import Scale
    from dict_rate_limit.ports.delivery import EventPublisher
    from dict_rate_limit.ports.stores import Stores

TOPIC = "persistent://lb-conn/dict/core-events"
BATCH = 200
TIMEOUT = timedelta(minutes=5)
PARTICIPANTS = [f"{10_000_000 + number}" for number in range(10)]
POLICIES = 29


@dataclass(slots=True, kw_only=True)
class Rates:
    """Transitions per second, one value per round."""

    relay: list[float] = field(default_factory=list)
    without_broker: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Bench:
    """The database, which every round fills and empties, and the broker URL."""

    stores: Stores
    url: str
    transitions: int
    ticks: int = 0

    async def record(self) -> None:
        """Record polls of ten participants, all buckets critical and OK in turns, until enough transitions wait."""
        for _ in range(self.transitions // (POLICIES * len(PARTICIPANTS))):
            at = SystemClock().now() + self.ticks * RULES.interval
            share = 0.05 if self.ticks % 2 == 0 else 1.0
            polls = [snapshot(participant, at, share) for participant in PARTICIPANTS]
            await record_group(self.stores.state, polls, RULES, asyncio.Semaphore(4))
            self.ticks += 1

    async def publish_pending(self, publisher: EventPublisher) -> float:
        """Publish the pending transitions as the worker does; return transitions per second.

        Raises:
            BenchError: some were not published.
        """
        waiting = (await self.stores.outbox.backlog()).waiting
        began = time.perf_counter()
        done = await deliver_all(self.stores.outbox, publisher, SystemClock(), batch=BATCH, within=TIMEOUT)
        took = time.perf_counter() - began
        if done.failure is not None or done.delivered != waiting:
            message = f"{done.delivered} of {waiting} transitions were published: {done.failure}"
            raise BenchError(message)
        return waiting / took


async def measure(scale: Scale) -> Sequence[Result]:
    """Fill the outbox and publish to the broker, then to memory, then send the same with the client alone."""
    rates = Rates()
    async with services(scale) as bench, publisher_to(bench.url) as publisher:
        await bench.record()
        await bench.publish_pending(publisher)  # connects
        for _ in range(scale.rounds):
            await bench.record()
            rates.relay.append(await bench.publish_pending(publisher))
            await bench.record()
            memory = MemoryPublisher()
            rates.without_broker.append(await bench.publish_pending(memory))
            clock = SystemClock()
            contents = [(event.policy_name, event_json(event, "1", clock.now())) for event in memory.published]
            rates.bare.append(await asyncio.to_thread(bare, bench.url, contents))
    return (figure(rates, scale),)


@asynccontextmanager
async def services(scale: Scale) -> AsyncIterator[Bench]:
    """Start a durable PostgreSQL and the broker."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(open_folder())
        address = await stack.enter_async_context(broker(folder / "pulsar"))
        url = await stack.enter_async_context(embedded_postgres(folder / "postgres"))
        await up(url)
        stores = postgres_stores(await stack.enter_async_context(open_pool(url)))
        yield Bench(stores=stores, url=address, transitions=scale.transitions)


@asynccontextmanager
async def publisher_to(url: str) -> AsyncIterator[EventPublisher]:
    """Open the product's publisher."""
    publisher = PulsarPublisher(BrokerAddress(url=url, topic=TOPIC), ProducerOptions(), SystemClock(), "bench")
    try:
        yield publisher
    finally:
        await publisher.close()


def bare(url: str, contents: Sequence[tuple[str, bytes]]) -> float:
    """Send contents with the client library, all at once, with the product's settings; return messages per second.

    Raises:
        BenchError: some were not acknowledged.
    """
    client = pulsar.Client(url, logger=pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull))
    producer = client.create_producer(
        TOPIC,
        max_pending_messages=0,
        batching_enabled=True,
        batching_type=pulsar.BatchingType.KeyBased,
        batching_max_publish_delay_ms=BATCH_DELAY_MS,
    )
    results: list[str] = []
    all_acknowledged = threading.Event()

    def answered(result: pulsar.Result, _: object) -> None:
        results.append(result.name)
        if len(results) == len(contents):
            all_acknowledged.set()

    began = time.perf_counter()
    for key, content in contents:
        producer.send_async(content, answered, partition_key=key)
    all_acknowledged.wait(TIMEOUT.total_seconds())
    took = time.perf_counter() - began
    client.close()
    if results.count("Ok") != len(contents):
        message = f"the bare client: {results.count('Ok')} of {len(contents)} messages were acknowledged"
        raise BenchError(message)
    return len(contents) / took


def figure(rates: Rates, scale: Scale) -> Figure:
    """Return the figure with its comparisons."""
    return Figure(
        group="delivery",
        name="transitions published",
        value=median(rates.relay),
        unit="/s",
        target=Target(limit=1000, at_least=True),
        comparisons=(
            Comparison(name="into memory", value=median(rates.without_broker), unit="/s"),
            Comparison(name="bare client", value=median(rates.bare), unit="/s"),
            Comparison(name="slowest round", value=min(rates.relay), unit="/s"),
        ),
        note=f"PostgreSQL to broker, marked; {scale.transitions:,} of {POLICIES} policies, median of {scale.rounds}",
    )
