"""One monitoring cycle of the real worker process through Temporal, and the same without Temporal."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import TYPE_CHECKING

import psycopg
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from bench import activities as our_activities
from bench.errors import BenchError
from bench.figure import Comparison, Figure, Target
from bench.resource_usage import cpu_seconds, memory_of
from bench.stack import product, start_services
from bench.stats import MS_PER_SEC, quantile
from dict_rate_limit.apps.local.port import LOOPBACK, free_port
from dict_rate_limit.apps.local.temporal import NAMESPACE
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.workflows import inputs, names
from dict_rate_limit.workflows.schedules import groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.figure import Result
    from bench.resource_usage import MemoryUsage
    from bench.scale import Scale
    from bench.stack import Services
    from dict_rate_limit.workflows.activities import Activities

TASK_QUEUE = "dict-rate-limit"
ALTERNATING = 20  # participants used in turns, so that none exhausts its POLICIES_LIST
FIRST_CYCLE_TIMEOUT_SEC = 120.0
CHECK_INTERVAL_SEC = 0.1
POLL_OUTCOMES = "SELECT outcome, sum(polls)::integer FROM dict_rate_limit_poll_counts GROUP BY outcome"
POLLED = "SELECT count(*) FROM dict_rate_limit_participants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds of cycles over one participant, seconds of cycles over all."""

    published: list[float] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)
    without_temporal: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)
    large_without_temporal: list[float] = field(default_factory=list)
    large_cpu: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """Runs monitoring workflows on the started worker. `worker` is its process id."""

    client: Client
    worker: int
    numbers: count[int] = field(default_factory=count)

    async def run(self, participants: Sequence[str]) -> tuple[float, float]:
        """Run one workflow; return milliseconds until its last activity ended, and as seen by its caller.

        Raises:
            BenchError: a poll was not recorded.
        """
        began = time.perf_counter()
        handle = await self.client.start_workflow(
            names.MONITOR_WORKFLOW,
            inputs.MonitorInput(participants=list(participants)),
            id=f"bench-{next(self.numbers):06}",
            task_queue=TASK_QUEUE,
            result_type=inputs.MonitorOutput,
        )
        result: inputs.MonitorOutput = await handle.result()
        closed = (time.perf_counter() - began) * MS_PER_SEC
        require_recorded(len(participants), result.recorded)
        times_ms = [
            event.event_time.ToNanoseconds() / 1e6
            async for event in handle.fetch_history_events()
            if event.event_type
            in {EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED}
        ]
        return times_ms[-1] - times_ms[0], closed


async def measure(scale: Scale) -> Sequence[Result]:
    """Start the worker for all participants, wait for its own first cycle, then run the measured ones."""
    participants = [f"{10_000_000 + number}" for number in range(scale.participants)]
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(start_services(participants, temporal=True))
        port = free_port()
        environment = {
            **services.environment(),
            "HOST": LOOPBACK,
            "METRICS_PORT": str(port),
            "WORKFLOW_CRON_SCHEDULE": "@every 12h",
        }
        worker = await stack.enter_async_context(product("worker", services.folder / "worker", environment, port))
        idle = memory_of(worker.pid)
        await wait_for_first_cycle(services)
        client = await Client.connect(str(services.temporal), namespace=NAMESPACE)
        activities = await stack.enter_async_context(our_activities.open_activities(services))
        times = await timed(Cycles(client=client, worker=worker.pid), activities, services, scale)
        busy = memory_of(worker.pid)
        await require_good_polls(services)
    return (*figures(times, scale), memory(idle, busy, scale))


async def wait_for_first_cycle(services: Services) -> None:
    """Wait until the worker has polled all participants.

    Raises:
        BenchError: it did not in time.
    """
    deadline = time.monotonic() + FIRST_CYCLE_TIMEOUT_SEC
    async with await psycopg.AsyncConnection.connect(services.database_url, autocommit=True) as connection:
        while await one_number(connection, POLLED) < len(services.participants):
            if time.monotonic() > deadline:
                message = f"the worker had not polled all participants after {FIRST_CYCLE_TIMEOUT_SEC:.0f} s"
                raise BenchError(message)
            await asyncio.sleep(CHECK_INTERVAL_SEC)


async def timed(cycles: Cycles, activities: Activities, services: Services, scale: Scale) -> Times:
    """Run small and large cycles, in turns with and without Temporal."""
    times = Times()
    taking_turns = services.participants[:ALTERNATING]
    for number in range(scale.cycles):
        one = [taking_turns[number % len(taking_turns)]]
        published, closed = await cycles.run(one)
        times.published.append(published)
        times.closed.append(closed)
        began = time.perf_counter()
        require_recorded(1, await our_activities.cycle(activities, one))
        times.without_temporal.append((time.perf_counter() - began) * MS_PER_SEC)
    participant_groups = groups(services.participants)
    for _ in range(scale.large_cycles):
        cpu, began = cpu_seconds(cycles.worker), time.perf_counter()
        await asyncio.gather(*(cycles.run(group) for group in participant_groups))
        times.large_cpu.append(cpu_seconds(cycles.worker) - cpu)
        between = time.perf_counter()
        await asyncio.gather(*(our_activities.cycle(activities, group) for group in participant_groups))
        times.large.append(between - began)
        times.large_without_temporal.append(time.perf_counter() - between)
    return times


async def require_good_polls(services: Services) -> None:
    """Check that the simulated DICT answered every poll, because a rejected one costs less.

    Raises:
        BenchError: a poll failed.
    """
    async with await psycopg.AsyncConnection.connect(services.database_url, autocommit=True) as connection:
        outcomes = await (await connection.execute(POLL_OUTCOMES)).fetchall()
    if [outcome for outcome, _ in outcomes] != [Outcome.OK]:
        message = f"polls ended {outcomes}, expected all to be OK"
        raise BenchError(message)


async def one_number(connection: psycopg.AsyncConnection[tuple[int]], query: str) -> int:
    """Return the single number of a query."""
    row = await (await connection.execute(query.encode())).fetchone()
    return row[0] if row else 0


def require_recorded(polls: int, recorded: int) -> None:
    """Check that a cycle recorded all its polls.

    Raises:
        BenchError: it did not.
    """
    if recorded != polls:
        message = f"a cycle over {polls} participants recorded {recorded} polls"
        raise BenchError(message)


def figures(times: Times, scale: Scale) -> Sequence[Result]:
    """Return the figures of both kinds of cycle."""
    direct = quantile(times.without_temporal, 0.5)
    many = f"{scale.participants:,} participants"
    return (
        Figure(
            group="cycle",
            name="one participant, p50",
            value=quantile(times.published, 0.5),
            unit="ms",
            target=Target(limit=150),
            comparisons=(
                Comparison(name="without Temporal", value=direct, unit="ms"),
                Comparison(name="p90", value=quantile(times.published, 0.9), unit="ms"),
                Comparison(name="as seen by its caller, p50", value=quantile(times.closed, 0.5), unit="ms"),
            ),
            note=f"workflow started to published, Temporal's clock; {scale.cycles} cycles",
        ),
        Figure(
            group="cycle",
            name="one participant without Temporal, p50",
            value=direct,
            unit="ms",
            target=Target(limit=25),
            comparisons=(Comparison(name="p90", value=quantile(times.without_temporal, 0.9), unit="ms"),),
            note="the same activities in one process, heartbeats included",
        ),
        Figure(
            group="cycle",
            name=f"{many}, one cycle",
            value=median(times.large),
            unit="s",
            target=Target(limit=15),
            comparisons=(
                Comparison(name="without Temporal", value=median(times.large_without_temporal), unit="s"),
                Comparison(name="slowest", value=max(times.large), unit="s"),
                Comparison(name="CPU of the worker", value=median(times.large_cpu), unit="s"),
            ),
            note=f"{-(-scale.participants // names.GROUP_SIZE)} groups at once, median of {scale.large_cycles}",
        ),
    )


def memory(idle: MemoryUsage, busy: MemoryUsage, scale: Scale) -> Figure:
    """Return the figure of the worker process."""
    return Figure(
        group="memory",
        name="worker, peak",
        value=busy.peak,
        unit="MiB",
        target=Target(limit=160),
        comparisons=(
            Comparison(name="at the end", value=busy.now, unit="MiB"),
            Comparison(name="when ready", value=idle.now, unit="MiB"),
        ),
        note=f"highest resident size, over the cycles of {scale.participants:,} participants",
    )
