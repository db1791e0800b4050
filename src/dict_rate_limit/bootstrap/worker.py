"""The components of the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dict_rate_limit.adapters import temporal
from dict_rate_limit.bootstrap.container import Container
from dict_rate_limit.bootstrap.notifications import notifications
from dict_rate_limit.bootstrap.operations import readiness
from dict_rate_limit.bootstrap.publisher import Publishing
from dict_rate_limit.bootstrap.telemetry import LogContexts, Telemetry, open_telemetry
from dict_rate_limit.domain.alerts.state import AlertConfig
from dict_rate_limit.ports.delivery import EventPublisher
from dict_rate_limit.ports.telemetry import CountMetric, DurationMetric, Metrics
from dict_rate_limit.serving.readiness import Readiness
from dict_rate_limit.settings import Settings
from dict_rate_limit.usecases.poll import Fetcher
from dict_rate_limit.workflows.activities import Activities
from dict_rate_limit.workflows.names import FETCH, MAINTAIN, NOTIFY, PUBLISH, RECORD
from dict_rate_limit.workflows.schedules import ScheduleConfig

RETRY_EVERY: Final = timedelta(seconds=2)
RESTORE_EVERY: Final = timedelta(minutes=1)
DRAIN: Final = timedelta(seconds=20)


@dataclass(slots=True, kw_only=True)
class Progress:
    """What a worker waits for. Its methods are checks of `/ready`."""

    waiting_for: str | None = "the first check"
    client: temporal.Client | None = None

    async def worker(self) -> str:
        """Return whether the worker runs, or what it waits for."""
        return "ok" if self.waiting_for is None else f"waiting: {self.waiting_for}"

    async def temporal(self) -> str:
        return "ok" if self.client is not None and await temporal.is_healthy(self.client) else "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeps:
    """The components of a worker.

    `check_schema` raises SchemaError or StoreUnavailableError while this code cannot use the database. `traced`: the
    process has a tracer provider that Temporal can use. `retry_every` is the pause between two attempts to start,
    `restore_every` the pause between two checks for lost schedules, `drain` the time for running activities to finish.
    """

    address: temporal.TemporalAddress
    schedule_config: ScheduleConfig
    activities: Activities
    check_schema: Callable[[], Awaitable[None]]
    readiness: Readiness
    progress: Progress
    traced: bool = False
    retry_every: timedelta = RETRY_EVERY
    restore_every: timedelta = RESTORE_EVERY
    drain: timedelta = DRAIN

    async def connect(self) -> temporal.Client:
        """Connect to Temporal and bring the schedules up to date. Raises the errors of `adapters.temporal.connect`."""
        client = await temporal.connect(self.address, traced=self.traced)
        await temporal.apply_schedules(client, self.schedule_config)
        return client

    async def restore_schedules(self, client: temporal.Client) -> None:
        await temporal.maintain_schedules(client, self.schedule_config, self.restore_every)

    async def run_activities(self, client: temporal.Client, shutdown: asyncio.Event) -> None:
        """Run what Temporal schedules until `shutdown`, or raise SchedulerUnavailableError when Temporal ends it."""
        queue = self.schedule_config.task_queue
        await temporal.run_worker(client, queue, self.activities, shutdown=shutdown, drain=self.drain)


def worker_telemetry(settings: Settings, service: str, log_contexts: LogContexts) -> AbstractContextManager[Telemetry]:
    """Open telemetry that Temporal's workflows and activities are part of."""
    log_contexts.append(temporal.log_context)
    return open_telemetry(settings, service, log_contexts, temporal.tracer_provider)


def worker_deps(container: Container, publishing: Publishing, *, drain: timedelta = DRAIN) -> WorkerDeps:
    progress = Progress()
    checks = {"worker": progress.worker, "pulsar": publishing.check, "temporal": progress.temporal}
    declare_metrics(container.telemetry.metrics)
    return WorkerDeps(
        address=temporal_address(container.settings),
        schedule_config=schedule_config(container.settings),
        activities=activities(container, publishing.publisher),
        check_schema=container.database.require_schema,
        readiness=readiness(container, checks),
        progress=progress,
        traced=container.telemetry.traced,
        drain=drain,
    )


def declare_metrics(metrics: Metrics) -> None:
    for result in ("good", "bad"):
        metrics.declare(CountMetric.CYCLES, result)
    metrics.declare(DurationMetric.CYCLE)
    for activity in (FETCH, RECORD, PUBLISH, NOTIFY, MAINTAIN):
        metrics.declare(CountMetric.ACTIVITY_FAILURES, activity)
        metrics.declare(DurationMetric.ACTIVITY, activity)


def activities(container: Container, publisher: EventPublisher) -> Activities:
    settings, stores = container.settings, container.database.stores
    sending = notifications(container)
    return Activities(
        fetcher=Fetcher(source=container.source.policies, clock=container.clock),
        store=stores.state,
        cache=container.cache,
        outbox=stores.outbox,
        publisher=publisher,
        notifications=sending.notify,
        heartbeat=sending.heartbeat,
        maintenance=stores.maintenance,
        clock=container.clock,
        rules=AlertConfig(
            thresholds=settings.thresholds,
            interval=settings.poll_interval,
            unreachable_after=settings.unreachable_after_intervals,
            remind_every=settings.remind_every,
        ),
        retention_months=settings.retention_months,
        metrics=container.telemetry.metrics,
    )


def schedule_config(settings: Settings) -> ScheduleConfig:
    return ScheduleConfig(
        task_queue=settings.temporal_task_queue,
        cron=str(settings.workflow_cron_schedule),
        participants=settings.participants,
    )


def temporal_address(settings: Settings) -> temporal.TemporalAddress:
    tls = temporal.TemporalTls(
        ca_file=settings.temporal_tls_ca_file,
        cert_file=settings.temporal_tls_cert_file,
        key_file=settings.temporal_tls_key_file,
        server_name=settings.temporal_tls_server_name,
    )
    return temporal.TemporalAddress(
        host=settings.temporal_host or "",
        namespace=settings.temporal_namespace,
        tls=tls if settings.temporal_tls else None,
    )
