"""Runs the worker as a traced program for one cycle on real servers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from temporalio.client import Client, ScheduleState

from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.workflows import names
from dict_rate_limit.workflows.schedules import ScheduleConfig, entries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from temporalio.client import WorkflowHistory

    from otel_collector import Collector, Seen

MONITOR: Final = f"RunWorkflow:{names.MONITOR_WORKFLOW}"
TIMETABLE: Final = ScheduleConfig(task_queue="dict-rate-limit", cron="@every 1h", participants=["default"])
SWEEP: Final = next(entry for entry in entries(TIMETABLE) if entry.schedule_id == names.SWEEP_SCHEDULE)
END_SEC: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The addresses of the servers of the worker."""

    database_url: str
    redis: str
    temporal: str
    namespace: str
    bridge: str

    def environ(self) -> dict[str, str]:
        """Return the settings of a worker that opens an alert for every policy in its first cycle."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_ADDR": self.redis,
            "TEMPORAL_HOST": self.temporal,
            "TEMPORAL_NAMESPACE": self.namespace,
            "BRIDGE_GRPC_ADDRESS": self.bridge,
            "METRICS_PORT": str(free_port()),
            "WORKFLOW_CRON_SCHEDULE": "@every 1h",  # a new schedule runs once at once
            "WARNING_THRESHOLD_PCT": "100",
            "LOG_FORMAT": "json",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The trace of the first cycle, the worker's log, Temporal's history of the cycle, and how the worker ended."""

    spans: list[Seen]
    collector: Collector
    log: str
    history: WorkflowHistory
    code: int | None

    def one(self, name: str) -> Seen:
        (span,) = (span for span in self.spans if span.name == name)
        return span

    @property
    def trace_id(self) -> str:
        return self.one(MONITOR).trace_id

    def lines(self, event: str) -> list[dict[str, object]]:
        return [line for line in map(json.loads, self.log.splitlines()) if line["event"] == event]


async def first_cycle(servers: Servers, collector: Collector, extra: Mapping[str, str], log: Path) -> Cycle:
    """Run a worker until its first cycle is reported, then stop it.

    The sweep is paused before: it would run at once beside the cycle, and may hand over what the cycle recorded.
    """
    client = await Client.connect(servers.temporal, namespace=servers.namespace)
    await client.create_schedule(SWEEP.schedule_id, SWEEP.schedule(ScheduleState(paused=True)))
    async with worker({**servers.environ(), **extra}, log) as process:
        await collector.until(lambda collected: bool(collected.named(MONITOR)))
        await ended(process)
    (spans,) = collector.traces_of(MONITOR).values()
    run = next(span for span in spans if span.name == MONITOR).attributes
    handle = client.get_workflow_handle(str(run["temporalWorkflowID"]), run_id=str(run["temporalRunID"]))
    return Cycle(
        spans=spans,
        collector=collector,
        log=await asyncio.to_thread(log.read_text, encoding="utf-8"),
        history=await handle.fetch_history(),
        code=process.returncode,
    )


@asynccontextmanager
async def worker(environ: Mapping[str, str], log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker inside the block; kill it at the end if it still runs."""
    with log.open("ab") as out:
        variables = {**os.environ, **environ}  # noqa: TID251 -- coverage measures the program by variables of its own
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dict_rate_limit", "worker"), env=variables, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ended(process: asyncio.subprocess.Process) -> None:
    """Stop the worker and wait for its end."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(END_SEC):
        await process.wait()
