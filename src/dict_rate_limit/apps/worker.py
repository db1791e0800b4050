"""The worker process: it waits for its dependencies, monitors until the shutdown, and drains."""

from __future__ import annotations

import asyncio
import logging

from dict_rate_limit.bootstrap.container import open_container
from dict_rate_limit.bootstrap.operations import exporter
from dict_rate_limit.bootstrap.publisher import open_publisher
from dict_rate_limit.bootstrap.telemetry import LogContexts
from dict_rate_limit.bootstrap.worker import Progress, WorkerDeps, worker_deps, worker_telemetry
from dict_rate_limit.domain.errors import (
    SchedulerUnavailableError,
    SchemaError,
    SchemaRefusedError,
    StoreUnavailableError,
)
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp
from dict_rate_limit.settings import Settings

_log = logging.getLogger(__name__)


async def program(settings: Settings, shutdown: asyncio.Event, log_contexts: LogContexts) -> None:
    """Run the process `dict-rate-limit worker`; METRICS_PORT serves probes and metrics.

    Raises:
        OSError: the port is taken; and the errors of `run`.
    """
    with worker_telemetry(settings, "dict-rate-limit-worker", log_contexts) as telemetry:
        async with open_container(settings, telemetry) as container, open_publisher(container) as publishing:
            deps = worker_deps(container, publishing)
            app = OperationsApp(deps.readiness, exporter(container).scrape)
            await run_with_operations(deps, app, (settings.host, settings.metrics_port), shutdown)


async def run(deps: WorkerDeps, shutdown: asyncio.Event) -> None:
    """Monitor until `shutdown` is set, through any outage; returns when running activities have finished.

    Raises:
        SettingsError: Temporal rejects the cron expression, or a TLS file cannot be read.
        SchemaRefusedError: the database serves newer code only.
    """
    monitoring, stopping = asyncio.create_task(_monitor(deps, shutdown)), asyncio.create_task(shutdown.wait())
    try:
        await asyncio.wait({monitoring, stopping}, return_when=asyncio.FIRST_COMPLETED)
        deps.readiness.drain()
        # a worker that still waits has no activities to finish
        if deps.progress.waiting_for is not None and not monitoring.done():
            monitoring.cancel()
        await asyncio.wait({monitoring})
        if not monitoring.cancelled():
            monitoring.result()
    finally:
        stopping.cancel()
        monitoring.cancel()


async def run_with_operations(
    deps: WorkerDeps, app: OperationsApp, address: tuple[str, int], shutdown: asyncio.Event
) -> None:
    """Run, and serve probes and metrics on (host, port) until the last activity has finished.

    Raises:
        OSError: the port is taken; and the errors of `run`.
    """
    finished = asyncio.Event()
    serving = asyncio.create_task(serve(app, *address, finished))
    running = asyncio.create_task(run(deps, shutdown))
    try:
        await asyncio.wait({serving, running}, return_when=asyncio.FIRST_COMPLETED)
        shutdown.set()
        await running
    finally:
        finished.set()
        running.cancel()
        await serving


async def _monitor(deps: WorkerDeps, shutdown: asyncio.Event) -> None:
    while not shutdown.is_set():
        try:
            await deps.check_schema()
            await _work(deps, shutdown)
        except SchemaRefusedError:
            raise
        except (SchedulerUnavailableError, SchemaError, StoreUnavailableError) as error:
            _wait_for(deps.progress, str(error))
            await asyncio.sleep(deps.retry_every.total_seconds())


async def _work(deps: WorkerDeps, shutdown: asyncio.Event) -> None:
    client = await deps.connect()
    deps.progress.client, deps.progress.waiting_for = client, None
    deps.readiness.start()
    fields = {"participants": len(deps.schedule_config.participants), "schedule": deps.schedule_config.cron}
    _log.info("monitoring.started", extra=fields)
    restoring = asyncio.create_task(deps.restore_schedules(client))
    try:
        await deps.run_activities(client, shutdown)
    finally:
        restoring.cancel()


def _wait_for(progress: Progress, missing: str) -> None:
    # logged once for each reason, not at every attempt
    if progress.waiting_for != missing:
        _log.warning("worker.waiting", extra={"missing": missing})
    progress.waiting_for = missing
