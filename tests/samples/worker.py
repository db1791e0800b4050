"""A worker on memory adapters."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.memory.notifications import CountedHeartbeat
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.adapters.temporal import connect
from dict_rate_limit.apps.worker import run
from dict_rate_limit.bootstrap.worker import Progress, WorkerDeps
from dict_rate_limit.serving.readiness import Readiness
from dict_rate_limit.usecases.poll import Fetcher
from dict_rate_limit.workflows.activities import Activities
from dict_rate_limit.workflows.schedules import ScheduleConfig
from samples.domain import RULES
from samples.fake_ports import notifications, reading_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from temporalio.client import ScheduleDescription

    from dict_rate_limit.adapters.temporal import TemporalAddress
    from dict_rate_limit.domain.buckets.reading import Snapshot
    from dict_rate_limit.ports.stores import Stores

HOURLY = "@every 1h"
PATIENCE_SEC = 60


@dataclass(slots=True)
class GatedSource:
    """Responds when the gate is open and counts calls. With `deaf` it ignores cancellation."""

    name: str = "test"
    clock: SystemClock = field(default_factory=SystemClock)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0
    deaf: bool = False

    async def list_policies(self, participant: str) -> Snapshot:
        self.calls += 1
        self.asked.set()
        while not self.gate.is_set():
            with suppress(asyncio.CancelledError) if self.deaf else nullcontext():
                await self.gate.wait()
        return reading_of(participant, self.clock.now())

    async def get_policy(self, participant: str, policy_name: str) -> Snapshot:
        raise AssertionError((participant, policy_name))


@dataclass(slots=True)
class Stage:
    """Everything a worker needs except Temporal. `missing` is the error of the schema check, or None."""

    clock: SystemClock = field(default_factory=SystemClock)
    source: GatedSource = field(default_factory=GatedSource)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    progress: Progress = field(default_factory=Progress)
    missing: Exception | None = None
    stores: Stores = field(init=False)
    cache: MemoryCache = field(init=False)

    def __post_init__(self) -> None:
        self.stores = memory_stores(self.clock)
        self.cache = MemoryCache(self.clock)
        self.source.gate.set()

    async def check_schema(self) -> None:
        if self.missing:
            raise self.missing

    def parts(self, address: TemporalAddress, cron: str = HOURLY) -> WorkerDeps:
        checks = {"worker": self.progress.worker, "temporal": self.progress.temporal}
        return WorkerDeps(
            address=address,
            schedule_config=ScheduleConfig(task_queue="dict-rate-limit", cron=cron, participants=["12345678"]),
            activities=Activities(
                fetcher=Fetcher(source=self.source, clock=self.clock),
                store=self.stores.state,
                cache=self.cache,
                outbox=self.stores.outbox,
                publisher=self.publisher,
                notifications=notifications(self.stores, self.clock),
                heartbeat=CountedHeartbeat(),
                maintenance=self.stores.maintenance,
                clock=self.clock,
                rules=RULES,
                retention_months=13,
            ),
            check_schema=self.check_schema,
            readiness=Readiness(checks, self.clock.monotonic),
            progress=self.progress,
            retry_every=timedelta(milliseconds=20),
            restore_every=timedelta(seconds=1),
        )

    async def recorded(self) -> int:
        return sum((await self.stores.state.poll_counts(["12345678"])).values())

    async def has_recorded(self, polls: int = 1) -> bool:
        return await self.recorded() >= polls


@asynccontextmanager
async def running_worker(parts: WorkerDeps) -> AsyncIterator[asyncio.Event]:
    """Run a worker inside the block. Yields its shutdown event."""
    shutdown = asyncio.Event()
    one_of_each = asyncio.create_task(run(parts, shutdown))
    try:
        yield shutdown
    finally:
        shutdown.set()
        async with asyncio.timeout(PATIENCE_SEC):
            await one_of_each


async def described(address: TemporalAddress, schedule_id: str) -> ScheduleDescription:
    return await (await connect(address)).get_schedule_handle(schedule_id).describe()


async def is_idle(address: TemporalAddress, schedule_id: str) -> bool:
    """Return whether the schedule has no running workflow."""
    return not (await described(address, schedule_id)).info.running_actions


async def is_paused(address: TemporalAddress, schedule_id: str) -> bool:
    """Return whether the schedule is paused. The call that pauses returns earlier."""
    return (await described(address, schedule_id)).schedule.state.paused


async def pause(address: TemporalAddress, *schedule_ids: str) -> None:
    """Pause the schedules and wait for running workflows."""
    client = await connect(address)
    for schedule_id in schedule_ids:
        await client.get_schedule_handle(schedule_id).pause()
        await eventually(partial(is_paused, address, schedule_id))
        await eventually(partial(is_idle, address, schedule_id))


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition in another program."""
    async with asyncio.timeout(PATIENCE_SEC):
        while not await holds():  # noqa: ASYNC110 -- it sends no event
            await asyncio.sleep(0.02)
