"""The orchestration worker: waits for what it needs, monitors until told to stop, drains."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dict_rate_limit.adapters import temporal
from dict_rate_limit.bootstrap.container import backing as opened
from dict_rate_limit.bootstrap.container import exporter, readiness
from dict_rate_limit.bootstrap.publisher import publishing as published
from dict_rate_limit.bootstrap.telemetry import log_context, tracing
from dict_rate_limit.bootstrap.worker import activities, schedule_config, temporal_address
from dict_rate_limit.domain.errors import (
    SchedulerUnavailableError,
    SchemaError,
    SchemaRefusedError,
    StoreUnavailableError,
)
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dict_rate_limit.adapters.temporal import Client, TemporalAddress
    from dict_rate_limit.bootstrap.container import Container
    from dict_rate_limit.bootstrap.publisher import Publishing
    from dict_rate_limit.serving.readiness import Readiness
    from dict_rate_limit.settings import Settings
    from dict_rate_limit.workflows.activities import Activities
    from dict_rate_limit.workflows.schedules import ScheduleConfig

LOOK_AGAIN: Final = timedelta(seconds=2)
LOOK_AFTER: Final = timedelta(minutes=1)
DRAIN: Final = timedelta(seconds=20)

LOG_CONTEXTS: Final = (temporal.log_context, log_context)
"""What else stands on this program's log lines."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Progress:
    """What the worker can say of itself; its methods are checks for /ready."""

    waiting_for: str | None = "the first look"
    client: Client | None = None

    async def worker(self) -> str:
        """Say whether it works, or what it waits for."""
        return "ok" if self.waiting_for is None else f"waiting: {self.waiting_for}"

    async def temporal(self) -> str:
        """Say whether Temporal answers."""
        return "ok" if self.client is not None and await temporal.answers(self.client) else "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeps:
    """What a worker is made of.

    `check_schema` returns when the database has a schema this code can use, and raises SchemaError or
    StoreUnavailableError otherwise. `traced`: the process has a tracer
    provider that Temporal can use. `look_again` is the pause between looks for what is missing at the start,
    `look_after` that between looks for lost schedules.
    """

    address: TemporalAddress
    schedule_config: ScheduleConfig
    activities: Activities
    check_schema: Callable[[], Awaitable[None]]
    readiness: Readiness
    progress: Progress
    traced: bool = False
    look_again: timedelta = LOOK_AGAIN
    look_after: timedelta = LOOK_AFTER
    drain: timedelta = DRAIN


def assemble(settings: Settings, backing: Container, publishing: Publishing) -> WorkerDeps:
    """Put a worker together."""
    progress = Progress()
    checks = {"worker": progress.worker, "pulsar": publishing.check, "temporal": progress.temporal}
    return WorkerDeps(
        address=temporal_address(settings),
        schedule_config=schedule_config(settings),
        activities=activities(settings, backing, publishing.publisher),
        check_schema=backing.require_schema,
        readiness=readiness(settings, backing, checks),
        progress=progress,
    )


async def program(settings: Settings, shutdown: asyncio.Event) -> None:
    """Run the process `dict-rate-limit worker`: everything machines ask is answered on METRICS_PORT.

    Raises:
        OSError: the port is taken; and what `run` raises.
    """
    with tracing(settings, "dict-rate-limit-worker", temporal.tracer_provider) as traced:
        async with opened(settings, traced.tracer) as backing, published(settings, backing) as publishing:
            parts = replace(assemble(settings, backing, publishing), traced=traced.on)
            app = OperationsApp(parts.readiness, exporter(settings, backing).scrape)
            await run_with_operations(parts, app, (settings.host, settings.metrics_port), shutdown)


async def run(parts: WorkerDeps, shutdown: asyncio.Event) -> None:
    """Monitor until `shutdown` is set, through any outage; returns when running activities have finished.

    Raises:
        SettingsError: Temporal cannot make sense of the cron expression, or a TLS file cannot be read.
        SchemaRefusedError: the database serves newer code only.
    """
    life, told = asyncio.create_task(_live(parts, shutdown)), asyncio.create_task(shutdown.wait())
    try:
        await asyncio.wait({life, told}, return_when=asyncio.FIRST_COMPLETED)
        parts.readiness.drain()
        if parts.progress.waiting_for is not None and not life.done():
            life.cancel()
        await asyncio.wait({life})
        if not life.cancelled():
            life.result()
    finally:
        told.cancel()
        life.cancel()


async def run_with_operations(
    parts: WorkerDeps, app: OperationsApp, address: tuple[str, int], shutdown: asyncio.Event
) -> None:
    """Run, and answer machines on (host, port) until the last activity has finished.

    Raises:
        OSError: the port cannot be had; and what `run` raises.
    """
    ended = asyncio.Event()
    serving = asyncio.create_task(serve(app, *address, ended))
    life = asyncio.create_task(run(parts, shutdown))
    try:
        await asyncio.wait({serving, life}, return_when=asyncio.FIRST_COMPLETED)
        shutdown.set()
        await life
    finally:
        ended.set()
        life.cancel()
        await serving


async def _live(parts: WorkerDeps, shutdown: asyncio.Event) -> None:
    while not shutdown.is_set():
        try:
            client = await _prepared(parts)
            await _work(parts, client, shutdown)
        except SchemaRefusedError:
            raise
        except (SchedulerUnavailableError, SchemaError, StoreUnavailableError) as error:
            _wait_for(parts.progress, str(error))
            await asyncio.sleep(parts.look_again.total_seconds())


async def _prepared(parts: WorkerDeps) -> Client:
    await parts.check_schema()
    client = await temporal.connect(parts.address, traced=parts.traced)
    await temporal.schedule(client, parts.schedule_config)
    return client


async def _work(parts: WorkerDeps, client: Client, shutdown: asyncio.Event) -> None:
    parts.progress.client, parts.progress.waiting_for = client, None
    parts.readiness.start()
    facts = {"participants": len(parts.schedule_config.participants), "schedule": parts.schedule_config.cron}
    _log.info("monitoring.started", extra=facts)
    keeper = asyncio.create_task(temporal.look_after_schedules(client, parts.schedule_config, parts.look_after))
    try:
        await temporal.work(
            client, parts.schedule_config.task_queue, parts.activities, shutdown=shutdown, drain=parts.drain
        )
    finally:
        keeper.cancel()


def _wait_for(progress: Progress, missing: str) -> None:
    """Say it once, not at every look."""
    if progress.waiting_for != missing:
        _log.warning("worker.waiting", extra={"missing": missing})
    progress.waiting_for = missing
