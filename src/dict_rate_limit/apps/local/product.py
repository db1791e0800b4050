"""The product as one process: schema, worker, API, and one port for metrics and health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from dict_rate_limit.apps import worker
from dict_rate_limit.apps.api.program import api, serve_api
from dict_rate_limit.apps.local.port import accepts_connections
from dict_rate_limit.apps.local.startup import API, SCHEMA, WORKER, Startup
from dict_rate_limit.bootstrap.container import Container, open_container
from dict_rate_limit.bootstrap.migrations import migrate
from dict_rate_limit.bootstrap.operations import exporter
from dict_rate_limit.bootstrap.publisher import open_publisher
from dict_rate_limit.bootstrap.worker import WorkerDeps, worker_deps, worker_telemetry
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp
from dict_rate_limit.settings import Settings, required

# `up` promises to end within three seconds of Ctrl-C.
DRAIN: Final = timedelta(seconds=1)
POLL_SEC: Final = 0.02
FOREVER_SEC: Final = 3600.0


@asynccontextmanager
async def running(settings: Settings, startup: Startup) -> AsyncIterator[None]:
    """Run the product; entered when it serves and polls, exited when it has drained after a shutdown request.

    Raises:
        StoreError: the schema cannot be brought up to date.
    """
    await bring_schema_up_to_date(settings, startup)
    with worker_telemetry(settings, "dict-rate-limit-up", startup.contexts) as telemetry:
        async with (
            open_container(settings, telemetry) as container,
            open_publisher(container, startup.log) as publishing,
        ):
            work = worker_deps(container, publishing, drain=DRAIN)
            tasks = started(container, work, startup)
            try:
                await asyncio.gather(worker_up(settings, work, tasks[0], startup), api_up(settings, tasks[1], startup))
                yield
            finally:
                startup.shutdown.requested.set()
                await asyncio.wait(tasks)


async def bring_schema_up_to_date(settings: Settings, startup: Startup) -> None:
    """Bring the schema up to date."""
    startup.progress.begin(SCHEMA)
    applied = await migrate(required(settings.database_url, "DATABASE_URL"))
    startup.progress.ready(SCHEMA, f"{len(applied)} migrations applied" if applied else "up to date")


def started(container: Container, work: WorkerDeps, startup: Startup) -> tuple[asyncio.Task[None], ...]:
    """Start the worker, the API and the metrics server."""
    shutdown, settings = startup.shutdown.requested, container.settings
    served = api(container)
    operations = OperationsApp(work.readiness, exporter(container, [served.components.request_metrics]).scrape)
    return (
        watched(WORKER, worker.run(work, shutdown), startup),
        watched(API, serve_api(served, container, shutdown), startup),
        watched("Metrics", serve(operations, settings.host, settings.metrics_port, shutdown), startup),
    )


def watched(component: str, coroutine: Coroutine[None, None, None], startup: Startup) -> asyncio.Task[None]:
    """Start a component. When it ends by itself, request a shutdown."""

    def ended(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        startup.shutdown.component_lost(f"{component} ended: {error or 'no shutdown was requested'}")

    task = asyncio.create_task(coroutine)
    task.add_done_callback(ended)
    return task


async def worker_up(settings: Settings, work: WorkerDeps, task: asyncio.Task[None], startup: Startup) -> None:
    startup.progress.begin(WORKER)
    at_first = work.progress.waiting_for

    def ready() -> bool:
        waiting_for = work.progress.waiting_for
        if waiting_for not in {None, at_first}:
            startup.progress.show_waiting(WORKER, f"waiting: {waiting_for}")
        return waiting_for is None

    await until(ready, task)
    startup.progress.ready(WORKER, f"polls {settings.workflow_cron_schedule}")


async def api_up(settings: Settings, task: asyncio.Task[None], startup: Startup) -> None:
    startup.progress.begin(API)
    await until(lambda: accepts_connections(settings.host, settings.port), task)
    startup.progress.ready(API, f"{settings.host}:{settings.port}")


async def until(ready: Callable[[], bool], task: asyncio.Task[None]) -> None:
    """Poll until ready. When the task has ended, wait to be cancelled: its end has requested a shutdown."""
    while task.done() or not ready():
        pause = FOREVER_SEC if task.done() else POLL_SEC
        await asyncio.sleep(pause)
