"""Cost of a scrape of /metrics with a real store."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from bench.figure import Comparison, Figure, Target
from bench.history import RULES
from bench.policies import snapshot
from bench.stats import MS_PER_SEC
from bench.tempdir import open_folder
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.postgres.migrations.runner import up
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.telemetry.prometheus.exporter import Exporter, StoredSource
from dict_rate_limit.apps.local.postgres import embedded_postgres
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.usecases.poll import record_group

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bench.figure import Result
    from bench.scale import Scale
    from dict_rate_limit.ports.stores import Stores

ONE = Target(limit=20)
THOUSAND = Target(limit=1000)
BEFORE = timedelta(minutes=5)


async def measure(scale: Scale) -> Sequence[Result]:
    """Scrape a store with one participant, then with many."""
    found = []
    for count, target in ((1, ONE), (scale.participants, THOUSAND)):
        names = [f"{10_000_000 + number}" for number in range(count)]
        async with filled_stores(names) as stores:
            found.append(await measure_scrapes(stores, names, scale.rounds + 1, target))
    return found


@asynccontextmanager
async def filled_stores(participants: Sequence[str]) -> AsyncIterator[Stores]:
    """Store two readings of each participant, so that consumption is known too."""
    now, limit = SystemClock().now(), asyncio.Semaphore(4)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(open_folder())
        url = await stack.enter_async_context(embedded_postgres(folder / "postgres"))
        await up(url)
        stores = postgres_stores(await stack.enter_async_context(open_pool(url)))
        for at, share in ((now - BEFORE, 0.9), (now, 0.6)):
            await record_group(stores.state, [snapshot(name, at, share) for name in participants], RULES, limit)
        yield stores


async def measure_scrapes(stores: Stores, participants: Sequence[str], rounds: int, target: Target) -> Figure:
    """Scrape repeatedly. The first scrape prepares statements and does not count."""
    source = StoredSource(
        stores=stores,
        participants=participants,
        thresholds=RULES.thresholds,
        interval=RULES.interval,
        clock=SystemClock(),
    )
    exporter = Exporter("bench", source)
    scrapes, reads, text = [], [], b""
    for _ in range(rounds + 1):
        began = time.perf_counter()
        await stores.state.latest(participants)
        reads.append((time.perf_counter() - began) * MS_PER_SEC)
        began = time.perf_counter()
        text = await exporter.scrape()
        scrapes.append((time.perf_counter() - began) * MS_PER_SEC)
    return Figure(
        group="scrape",
        name=f"{len(participants):,} participants" if len(participants) > 1 else "one participant",
        value=median(scrapes[1:]),
        unit="ms",
        target=target,
        comparisons=(
            Comparison(name="latest readings alone", value=median(reads[1:]), unit="ms"),
            Comparison(name="text", value=len(text) / 1e6, unit="MB"),
        ),
        note=f"{text.count(b'dict_rate_limit_tokens_available{'):,} buckets, median of {rounds}",
    )
