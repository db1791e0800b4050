"""A thousand transitions, two relays and a broker that are killed at random: the ledger of a reader matches the table.

`LEDGER_KILLS=20 make test ARGS=tests/acceptance/test_delivery_ledger.py` kills the relays twenty times and the broker
twenty times, in minutes; by default each three times.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

import killable_relay
from broker.server import KillableBroker, configure_broker
from broker.topic import arrived, new_topic
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.usecases.poll import record_group
from killable_relay import RelayConfig
from samples.domain import NOON, RULES, bucket, snapshot
from tool_box import find_data, find_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from broker.topic import Arrived
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.stores import Stores

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("LEDGER_KILLS", "3"))  # noqa: TID251 -- how long it may take is for the caller to say
SEED = 20_261_125
POLICIES = 10
TRANSITIONS = 1_000
RELAYS = 2
BATCH = 4
BATCH_SEC = 0.02
"""Longer than one batch, from its claim to its commit."""
PATIENCE_SEC = 120.0
TABLE = """
    SELECT event_id::text, policy_name, published_at IS NOT NULL, dead_at IS NULL AND refusals = 0
    FROM dict_rate_limit_alert_events ORDER BY position
"""


def polls() -> Iterator[Poll]:
    """Return readings that each cause a transition of every policy, critical and OK in turns."""
    names = [f"POLICY_{number}" for number in range(POLICIES)]
    for tick in range(TRANSITIONS // POLICIES):
        left = 50 if tick % 2 == 0 else 1000
        yield snapshot(*(bucket(left, name=name) for name in names), at=NOON + tick * timedelta(minutes=5))


@dataclass(slots=True, kw_only=True)
class Experiment:
    """The database, the broker and the running relays."""

    config: RelayConfig
    killable_broker: KillableBroker
    stores: Stores
    chance: random.Random
    polls: Iterator[Poll] = field(default_factory=polls)
    relays: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def record(self, number: int) -> None:
        """Record the next readings, ten transitions each."""
        for _ in range(number):
            poll = next(self.polls, None)
            if poll is not None:
                await record_group(self.stores.state, [poll], RULES, asyncio.Semaphore(1))

    async def start_relay(self) -> None:
        command = (sys.executable, killable_relay.__file__, json.dumps(asdict(self.config)))
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        assert process.stdout is not None
        self.relays.append(process)
        await process.stdout.readline()

    async def kill_a_relay(self) -> None:
        victim = self.relays.pop(self.chance.randrange(len(self.relays)))
        victim.kill()
        await victim.wait()
        await self.start_relay()

    async def kill_the_broker(self) -> None:
        self.killable_broker.kill()
        await self.record(1)  # transitions for it
        await self.killable_broker.begin()

    async def amid_delivery(self) -> None:
        """Wait until a random number of transitions is published, at a random time of the next batch."""
        waiting = (await self.stores.outbox.backlog()).waiting
        await self.until_waiting(self.chance.randrange(max(1, waiting)))
        await asyncio.sleep(self.chance.uniform(0, BATCH_SEC))

    async def until_waiting(self, number: int) -> None:
        """Wait until at most that many transitions are pending."""
        async with asyncio.timeout(PATIENCE_SEC):
            while (await self.stores.outbox.backlog()).waiting > number:  # noqa: ASYNC110 -- it sends no event
                await asyncio.sleep(0.001)

    async def end_relays(self) -> list[int]:
        for relay in self.relays:
            relay.send_signal(signal.SIGTERM)
        return [await relay.wait() for relay in self.relays]


@asynccontextmanager
async def experiment(database_url: str, folder: Path) -> AsyncIterator[Experiment]:
    killable_broker = KillableBroker(configure_broker(folder / "pulsar"))
    await killable_broker.begin()
    config = RelayConfig(
        database_url=database_url, broker_url=killable_broker.broker.url, topic=new_topic(), batch=BATCH
    )
    async with open_pool(database_url) as pool:
        made = Experiment(
            config=config,
            killable_broker=killable_broker,
            stores=postgres_stores(pool),
            chance=random.Random(SEED),  # noqa: S311 -- no secret
        )
        try:
            yield made
        finally:
            for relay in made.relays:
                if relay.returncode is None:
                    relay.kill()
                    await relay.wait()
            killable_broker.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Transitions of the table in their order, and events of a topic reader in their order of arrival."""

    recorded: list[tuple[str, str, bool, bool]]
    seen: list[Arrived]

    @property
    def missing(self) -> int:
        return len({row[0] for row in self.recorded} - {message.event_id for message in self.seen})

    @property
    def unknown(self) -> int:
        return len({message.event_id for message in self.seen} - {row[0] for row in self.recorded})

    @property
    def repeats(self) -> int:
        return len(self.seen) - len({message.event_id for message in self.seen})

    @property
    def out_of_order(self) -> int:
        """Count events in the wrong order within their key, without repeats."""
        wrong = 0
        for key in {row[1] for row in self.recorded}:
            received = list(dict.fromkeys(message.event_id for message in self.seen if message.key == key))
            table = [row[0] for row in self.recorded if row[1] == key]
            wrong += sum(one != other for one, other in zip(received, table, strict=False))
        return wrong


async def test_after_any_kill_the_reader_has_each_transition_in_order(
    migrated_database_url: str, server_folder: Path
) -> None:
    find_tool("java")
    find_data("pulsar/jars")
    async with experiment(migrated_database_url, server_folder / "ledger") as run:
        acts = [run.kill_a_relay, run.kill_the_broker] * KILLS
        run.chance.shuffle(acts)
        for _ in range(RELAYS):
            await run.start_relay()
        share = max(1, TRANSITIONS // POLICIES // len(acts))
        for act in acts:
            await run.record(share)
            await run.amid_delivery()
            await act()
        await run.record(TRANSITIONS)
        await run.until_waiting(0)

        codes = await run.end_relays()
        ledger = Ledger(
            recorded=table(migrated_database_url), seen=arrived(run.killable_broker.broker, run.config.topic)
        )

    report(ledger, len(acts))
    assert codes == [0] * RELAYS
    assert len(ledger.recorded) == TRANSITIONS
    assert (ledger.missing, ledger.unknown, ledger.out_of_order) == (0, 0, 0)
    assert all(published and good for _, _, published, good in ledger.recorded)


def table(database_url: str) -> list[tuple[str, str, bool, bool]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(TABLE).fetchall()


def report(ledger: Ledger, kills: int) -> None:
    """Print the result. `pytest -s` or a failure shows it."""
    often = Counter(Counter(message.event_id for message in ledger.seen).values())
    sys.stdout.write(
        f"\nkills {kills}, recorded {len(ledger.recorded)}, read {len(ledger.seen)}, missing {ledger.missing}, "
        f"out of order {ledger.out_of_order}, repeats {ledger.repeats}, "
        f"producers {len({message.producer for message in ledger.seen})}, copies {dict(sorted(often.items()))}\n"
    )
