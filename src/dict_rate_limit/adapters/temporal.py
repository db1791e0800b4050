"""The way to Temporal: connection, TLS, schedules, the worker, and its errors in our words."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode, TLSConfig
from temporalio.worker import Worker

from dict_rate_limit.domain.errors import SchedulerUnavailableError, SettingsError
from dict_rate_limit.workflows.definitions import WORKFLOWS
from dict_rate_limit.workflows.schedules import ensure_schedules, restore_schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider
    from temporalio.plugin import SimplePlugin

    from dict_rate_limit.workflows.activities import Activities
    from dict_rate_limit.workflows.schedules import ScheduleConfig

__all__ = ["Client", "TemporalAddress", "TemporalTls", "apply_schedules", "connect", "is_healthy", "run_worker"]

ANSWER_TIMEOUT: Final = timedelta(seconds=5)
SHUTDOWN_GRACE: Final = timedelta(seconds=5)
"""How long the end of a drained worker may take; a Temporal that is away cannot be told of it."""

STICKY_QUEUE_TIMEOUT: Final = timedelta(seconds=2)
"""How long a workflow waits for the worker it last ran on; that one may be dead."""

CONCURRENT_ACTIVITIES: Final = 10
CACHED_WORKFLOWS: Final = 100
"""Each costs memory; one lives for seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalTls:
    """PEM files, each optional but for the key that belongs to a certificate; all None = the system's authorities."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalAddress:
    """Where Temporal is ("host:port") and our namespace in it; without `tls` the connection is plain."""

    host: str
    namespace: str
    tls: TemporalTls | None = None


async def connect(address: TemporalAddress, *, traced: bool = False) -> Client:
    """Connect and see that our namespace is there.

    `traced`: workflows and activities of the client's workers are spans of the process's own tracer provider, which
    `tracer_provider` must have made.

    Raises:
        SchedulerUnavailableError: no answer, or no such namespace; worth trying again.
        SettingsError: a TLS file cannot be read.
    """
    tls = _tls(address.tls)
    with temporal_errors():
        try:
            client = await Client.connect(
                address.host,
                namespace=address.namespace,
                tls=tls,
                runtime=_runtime(),
                plugins=[tracing_plugin()] if traced else [],
            )
        except RuntimeError as error:  # what the SDK raises when nobody answers
            message = f"Temporal at {address.host} cannot be reached: {_first_line(error)}"
            raise SchedulerUnavailableError(message) from error
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=address.namespace), timeout=ANSWER_TIMEOUT
        )
    return client


async def apply_schedules(client: Client, schedule_config: ScheduleConfig) -> None:
    """Bring the schedules to the timetable.

    Raises:
        SchedulerUnavailableError | SettingsError: as `temporal_errors` tells.
    """
    with temporal_errors():
        await ensure_schedules(client, schedule_config)


async def maintain_schedules(client: Client, schedule_config: ScheduleConfig, every: timedelta) -> None:
    """Bring back what gets lost, for ever; while Temporal is away there is nothing to do but wait."""
    while True:
        await asyncio.sleep(every.total_seconds())
        with suppress(SchedulerUnavailableError), temporal_errors():
            await restore_schedules(client, schedule_config)


async def run_worker(
    client: Client, task_queue: str, activities: Activities, *, shutdown: asyncio.Event, drain: timedelta
) -> None:
    """Do what Temporal hands out until `shutdown`; then running activities have until `drain` is over to finish.

    Raises:
        SchedulerUnavailableError: it ended by itself, for instance because the namespace is gone.
    """
    workflow.logger.workflow_info_on_message = workflow.logger.workflow_info_on_extra = False  # log_context has it
    worker = Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        activities=activities.all(),
        graceful_shutdown_timeout=drain,
        max_concurrent_activities=CONCURRENT_ACTIVITIES,
        max_cached_workflows=CACHED_WORKFLOWS,
        sticky_queue_schedule_to_start_timeout=STICKY_QUEUE_TIMEOUT,
    )
    worker_task, shutdown_task = asyncio.create_task(worker.run()), asyncio.create_task(shutdown.wait())
    try:
        await asyncio.wait({worker_task, shutdown_task}, return_when=asyncio.FIRST_COMPLETED)
        if not worker_task.done():
            stop_task = asyncio.create_task(worker.shutdown())
            await asyncio.wait({worker_task}, timeout=(drain + SHUTDOWN_GRACE).total_seconds())
            stop_task.cancel()
        if worker_task.done():
            worker_task.result()
    except RuntimeError as error:  # what the SDK raises for everything
        message = f"worker ended: {_first_line(error)}"
        raise SchedulerUnavailableError(message) from error
    finally:
        shutdown_task.cancel()
        worker_task.cancel()


def log_context() -> Mapping[str, object]:
    """Say which workflow a log line was written for; nothing outside one."""
    if activity.in_activity():
        info = activity.info()
        return {"workflow_id": info.workflow_id, "run_id": info.workflow_run_id, "activity": info.activity_type}
    if workflow.in_workflow():
        run = workflow.info()
        return {"workflow_id": run.workflow_id, "run_id": run.run_id}
    return {}


def tracing_plugin() -> SimplePlugin:
    """Make what has Temporal's clients and workers traced; the libraries it needs are imported here, not before."""
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin  # noqa: PLC0415 -- see above

    return OpenTelemetryPlugin(add_temporal_spans=True)


def tracer_provider() -> Callable[..., ReplaySafeTracerProvider]:
    """Return the maker of a tracer provider whose ids are the same again when a workflow is replayed elsewhere."""
    from temporalio.contrib.opentelemetry import create_tracer_provider  # noqa: PLC0415 -- as above

    return create_tracer_provider


async def is_healthy(client: Client) -> bool:
    """Tell whether Temporal answers now."""
    try:
        return await client.service_client.check_health(timeout=timedelta(seconds=1))
    except RPCError:
        return False


@contextmanager
def temporal_errors() -> Iterator[None]:
    """Put a refused call in our words.

    Raises:
        SchedulerUnavailableError: away, or it does not know the namespace (yet).
        SettingsError: it refuses what it was asked for, as a cron expression it cannot read; trying again is no use.
    """
    try:
        yield
    except RPCError as error:
        text = f"Temporal: {error.status.name}: {_first_line(error)}"
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise SettingsError((text,)) from error
        raise SchedulerUnavailableError(text) from error


@cache
def _runtime() -> Runtime:
    """The SDK's threads, once per process; what they have to say goes to the log, not raw to stdout."""
    logging_config = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core"), append_target_to_name=False),
    )
    return Runtime(telemetry=TelemetryConfig(logging=logging_config))


def _tls(tls: TemporalTls | None) -> TLSConfig | bool:
    if tls is None:
        return False
    return TLSConfig(
        server_root_ca_cert=_read("TEMPORAL_TLS_CA_FILE", tls.ca_file),
        client_cert=_read("TEMPORAL_TLS_CERT_FILE", tls.cert_file),
        client_private_key=_read("TEMPORAL_TLS_KEY_FILE", tls.key_file),
        domain=tls.server_name,
    )


def _read(setting: str, path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        problem = f"{setting}: {path}: {error.strerror}, expected a readable file"
        raise SettingsError((problem,)) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
