"""The orchestration worker: waits for what it needs, monitors until told to stop, drains."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from dict_rate_limit.adapters import temporal
from dict_rate_limit.domain.errors import SchedulerUnavailableError, SchemaError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from temporalio.client import Client

    from dict_rate_limit.adapters.temporal import TemporalAddress
    from dict_rate_limit.workflows.activities import Activities
    from dict_rate_limit.workflows.schedules import Timetable

LOOK_AGAIN: Final = timedelta(seconds=2)
DRAIN: Final = timedelta(seconds=20)

_log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where the worker stands."""

    STARTING = "starting"  # waits for the schema or for Temporal
    RUNNING = "running"  # does what Temporal hands out
    DRAINING = "draining"  # lets running activities finish
    STOPPED = "stopped"


@dataclass(slots=True, kw_only=True)
class Progress:
    """What /ready tells. `waiting_for` says in words what is missing while starting."""

    phase: Phase = Phase.STARTING
    waiting_for: str | None = None

    @property
    def ready(self) -> bool:
        """An outage of Temporal that comes later is no reason to be taken out of service: nothing else would help."""
        return self.phase is Phase.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """What a worker is made of.

    `check_schema` returns when the database has a schema this code can use, and raises SchemaError or
    StoreUnavailableError otherwise.
    """

    address: TemporalAddress
    timetable: Timetable
    activities: Activities
    check_schema: Callable[[], Awaitable[None]]
    progress: Progress
    look_again: timedelta = LOOK_AGAIN
    drain: timedelta = DRAIN


async def run(parts: WorkerParts, shutdown: asyncio.Event) -> None:
    """Monitor until `shutdown` is set, through any outage; returns when running activities have finished.

    Raises:
        SettingsError: Temporal cannot make sense of the cron expression, a TLS file cannot be read.
    """
    life = asyncio.create_task(_live(parts, shutdown))
    told = asyncio.create_task(shutdown.wait())
    try:
        await asyncio.wait({life, told}, return_when=asyncio.FIRST_COMPLETED)
        if parts.progress.phase is Phase.STARTING:
            life.cancel()
        else:
            parts.progress.phase = Phase.DRAINING
        await asyncio.wait({life})
        if not life.cancelled():
            life.result()
    finally:
        parts.progress.phase = Phase.STOPPED
        told.cancel()
        life.cancel()


async def _live(parts: WorkerParts, shutdown: asyncio.Event) -> None:
    while not shutdown.is_set():
        try:
            client = await _prepared(parts)
            await _work(parts, client, shutdown)
        except (SchedulerUnavailableError, SchemaError, StoreUnavailableError) as error:
            _wait_for(parts.progress, str(error))
            await asyncio.sleep(parts.look_again.total_seconds())


async def _prepared(parts: WorkerParts) -> Client:
    await parts.check_schema()
    client = await temporal.connect(parts.address)
    await temporal.schedule(client, parts.timetable)
    return client


async def _work(parts: WorkerParts, client: Client, shutdown: asyncio.Event) -> None:
    parts.progress.phase, parts.progress.waiting_for = Phase.RUNNING, None
    _log.info("monitoring %d participants on schedule %s", len(parts.timetable.participants), parts.timetable.cron)
    await temporal.work(client, parts.timetable.task_queue, parts.activities, shutdown=shutdown, drain=parts.drain)


def _wait_for(progress: Progress, missing: str) -> None:
    """Say it once, not at every look."""
    if progress.waiting_for != missing:
        _log.warning("waiting: %s", missing)
    progress.phase, progress.waiting_for = Phase.STARTING, missing
