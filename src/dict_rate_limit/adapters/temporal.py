"""The Temporal adapter: connection, TLS, schedules, worker, and translation of errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode, TLSConfig
from temporalio.worker import Worker

from dict_rate_limit.domain.errors import SchedulerUnavailableError, SettingsError
from dict_rate_limit.workflows.activities import Activities
from dict_rate_limit.workflows.definitions import WORKFLOWS
from dict_rate_limit.workflows.schedules import ScheduleConfig, ensure_schedules, restore_schedules

if TYPE_CHECKING:
    from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider
    from temporalio.plugin import SimplePlugin

__all__ = ["Client", "TemporalAddress", "TemporalTls", "apply_schedules", "connect", "is_healthy", "run_worker"]

ANSWER_TIMEOUT: Final = timedelta(seconds=5)
# A drained worker reports its end to Temporal. When Temporal is unavailable, it would wait without end.
SHUTDOWN_GRACE: Final = timedelta(seconds=5)

# A workflow waits this long for the worker of its last task, which may be dead.
STICKY_QUEUE_TIMEOUT: Final = timedelta(seconds=2)

CONCURRENT_ACTIVITIES: Final = 10
# Each cached workflow takes memory, and most live for seconds only.
CACHED_WORKFLOWS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalTls:
    """PEM files. A certificate needs its key; all None = the system's certificate authorities."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalAddress:
    """Address of Temporal ("host:port") and the namespace. Without `tls` the connection is not encrypted."""

    host: str
    namespace: str
    tls: TemporalTls | None = None


async def connect(address: TemporalAddress, *, traced: bool = False) -> Client:
    """Connect and check that the namespace exists.

    `traced`: workflows and activities of the client's workers are spans of the process's tracer provider, which must
    come from `tracer_provider`.

    Raises:
        SchedulerUnavailableError: no answer, or no such namespace. A retry may help.
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
        # The SDK raises RuntimeError when there is no answer.
        except RuntimeError as error:
            message = f"Temporal at {address.host} cannot be reached: {_first_line(error)}"
            raise SchedulerUnavailableError(message) from error
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=address.namespace), timeout=ANSWER_TIMEOUT
        )
    return client


async def apply_schedules(client: Client, schedule_config: ScheduleConfig) -> None:
    """Create or update the schedules. Raises the errors of `temporal_errors`."""
    with temporal_errors():
        await ensure_schedules(client, schedule_config)


async def maintain_schedules(client: Client, schedule_config: ScheduleConfig, every: timedelta) -> None:
    """Restore lost schedules periodically, without end. Does nothing while Temporal is unavailable."""
    while True:
        await asyncio.sleep(every.total_seconds())
        with suppress(SchedulerUnavailableError), temporal_errors():
            await restore_schedules(client, schedule_config)


async def run_worker(
    client: Client, task_queue: str, activities: Activities, *, shutdown: asyncio.Event, drain: timedelta
) -> None:
    """Run a worker until `shutdown`. Activities in progress then have `drain` to finish.

    Raises:
        SchedulerUnavailableError: the worker ended by itself, for instance because the namespace was deleted.
    """
    # `log_context` already adds these fields to each line.
    workflow.logger.workflow_info_on_message = workflow.logger.workflow_info_on_extra = False
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
    # The SDK raises RuntimeError for every failure of a worker.
    except RuntimeError as error:
        message = f"worker ended: {_first_line(error)}"
        raise SchedulerUnavailableError(message) from error
    finally:
        shutdown_task.cancel()
        worker_task.cancel()


def log_context() -> Mapping[str, object]:
    """Return the log fields of the current workflow or activity; none outside of one."""
    if activity.in_activity():
        info = activity.info()
        return {"workflow_id": info.workflow_id, "run_id": info.workflow_run_id, "activity": info.activity_type}
    if workflow.in_workflow():
        run = workflow.info()
        return {"workflow_id": run.workflow_id, "run_id": run.run_id}
    return {}


def tracing_plugin() -> SimplePlugin:
    """Return the plugin that traces Temporal's clients and workers."""
    # Imported on use: without tracing, a process does not load OpenTelemetry.
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin  # noqa: PLC0415

    return OpenTelemetryPlugin(add_temporal_spans=True)


def tracer_provider() -> Callable[..., ReplaySafeTracerProvider]:
    """Return a factory of tracer providers whose span ids stay the same when another worker replays."""
    from temporalio.contrib.opentelemetry import create_tracer_provider  # noqa: PLC0415 -- as above

    return create_tracer_provider


async def is_healthy(client: Client) -> bool:
    try:
        return await client.service_client.check_health(timeout=timedelta(seconds=1))
    except RPCError:
        return False


@contextmanager
def temporal_errors() -> Iterator[None]:
    """Translate the errors of a call.

    Raises:
        SchedulerUnavailableError: Temporal is unavailable, or does not know the namespace yet.
        SettingsError: Temporal rejects an argument, such as a cron expression. A retry does not help.
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
    # One runtime per process, as it owns threads. Its messages go to the log, not directly to stdout.
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
