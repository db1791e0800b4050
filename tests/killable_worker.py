"""A worker that kills itself at a named point: `python killable_worker.py '<json of WorkerConfig>'`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.bridge.source import BridgeSource
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.log_publisher import LogPublisher
from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.memory.notifications import CountedHeartbeat
from dict_rate_limit.adapters.postgres.outbox import PostgresOutbox
from dict_rate_limit.adapters.postgres.polls import PostgresStateStore
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.temporal import TemporalAddress
from dict_rate_limit.apps.worker import run
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.bootstrap.worker import Progress, WorkerDeps
from dict_rate_limit.domain.alerts.state import AlertConfig
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.codec import encode_poll
from dict_rate_limit.serving.readiness import Readiness
from dict_rate_limit.usecases.poll import Fetcher
from dict_rate_limit.workflows.activities import Activities
from dict_rate_limit.workflows.schedules import ScheduleConfig
from samples.fake_ports import notifications

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
    from datetime import datetime
    from typing import TextIO
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState
    from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
    from dict_rate_limit.ports.delivery import ClaimUnitOfWork, PublishResult
    from dict_rate_limit.ports.stores import RecordingUnitOfWork

RULES = AlertConfig(
    thresholds=Thresholds(warning=2500, critical=1000, margin=200), interval=timedelta(seconds=1), unreachable_after=3
)
MATURE_POLLS = 6
"""Polls after which there is a history that a kill could harm."""


class Point(StrEnum):
    """The point at which the worker kills itself."""

    NOWHERE = "nowhere"
    ANSWERED = "fetch: the source has answered"
    EVALUATED = "record: everything is written, nothing committed"
    RECORDED = "record: committed, Temporal does not know"
    PUBLISHED = "publish: published, not marked"
    MARKED = "publish: marked, Temporal does not know"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """`journal` is the file of all responses of the source, `published` that of all transitions."""

    temporal: str
    namespace: str
    database_url: str
    bridge: str
    participants: list[str]
    journal: str
    published: str
    point: str


@dataclass(slots=True)
class Killer:
    """Kills the process when its point is reached after enough polls."""

    point: Point
    polls: int = 0

    def reach(self, point: Point) -> None:
        if point is self.point and self.polls >= MATURE_POLLS:
            os.kill(os.getpid(), signal.SIGKILL)


class KillingSource:
    """The Bridge, with a journal."""

    def __init__(self, source: BridgeSource, journal: TextIO, killer: Killer) -> None:
        self._source, self._journal, self._killer = source, journal, killer
        self.name = source.name

    async def list_policies(self, participant: str) -> Snapshot:
        snapshot = await self._source.list_policies(participant)
        self._journal.write(encode_poll(snapshot) + "\n")
        self._journal.flush()
        self._killer.polls += 1
        self._killer.reach(Point.ANSWERED)
        return snapshot

    async def get_policy(self, participant: str, policy_name: str) -> Snapshot:
        return await self._source.get_policy(participant, policy_name)


class KillingUnit:
    """A transaction that may be interrupted."""

    def __init__(self, unit: RecordingUnitOfWork, killer: Killer) -> None:
        self._unit, self._killer = unit, killer

    async def load(self, poll: Poll) -> ParticipantState | None:
        return await self._unit.load(poll)

    async def save(self, evaluation: Evaluation, events: Sequence[AlertEvent]) -> None:
        await self._unit.save(evaluation, events)
        self._killer.reach(Point.EVALUATED)


class KillingClaim:
    """A batch that may be interrupted."""

    def __init__(self, unit: ClaimUnitOfWork) -> None:
        self._unit = unit

    @property
    def events(self) -> Sequence[AlertEvent]:
        return self._unit.events

    @property
    def refusals(self) -> Mapping[UUID, int]:
        return self._unit.refusals

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        await self._unit.mark_published(event_ids, at)

    async def mark_refused(self, event_id: UUID, reason: str, at: datetime, next_try_at: datetime | None) -> None:
        await self._unit.mark_refused(event_id, reason, at, next_try_at)


class KillingState(PostgresStateStore):
    killer: Killer

    @asynccontextmanager
    async def begin(self, participant: str) -> AsyncIterator[KillingUnit]:  # type: ignore[override]
        async with super().begin(participant) as unit:
            yield KillingUnit(unit, self.killer)
        self.killer.reach(Point.RECORDED)


class KillingOutbox(PostgresOutbox):
    killer: Killer

    @asynccontextmanager
    async def claim_batch(self, limit: int, now: datetime) -> AsyncIterator[KillingClaim]:  # type: ignore[override]
        async with super().claim_batch(limit, now) as unit:
            yield KillingClaim(unit)
        if unit.events:
            self.killer.reach(Point.MARKED)


class KillingPublisher:
    def __init__(self, publisher: LogPublisher, killer: Killer) -> None:
        self._publisher, self._killer = publisher, killer

    @property
    def destination(self) -> str:
        return self._publisher.destination

    async def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        async for receipt in self._publisher.publish(events):
            self._killer.reach(Point.PUBLISHED)
            yield receipt


async def main(config: WorkerConfig) -> None:
    """Work until SIGTERM, or until the killer ends the process."""
    clock, killer, shutdown = SystemClock(), Killer(Point(config.point)), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, shutdown.set)
    bridge = BridgeSource(config.bridge, clock=clock)
    log = LogPublisher(stream=appended(config.published), clock=clock, version="test")
    async with open_pool(config.database_url) as pool:
        state, outbox, stores = KillingState(pool), KillingOutbox(pool), postgres_stores(pool)
        state.killer = outbox.killer = killer
        source = KillingSource(bridge, appended(config.journal), killer)
        activities = Activities(
            fetcher=Fetcher(source=source, clock=clock),
            store=state,
            cache=MemoryCache(clock),
            outbox=outbox,
            publisher=KillingPublisher(log, killer),
            notifications=notifications(stores, clock),
            heartbeat=CountedHeartbeat(),
            maintenance=stores.maintenance,
            clock=clock,
            rules=RULES,
            retention_months=13,
        )
        await run(parts(config, activities, clock), shutdown)
    await bridge.close()


def appended(path: str) -> TextIO:
    return Path(path).open("a", encoding="utf-8")


def parts(config: WorkerConfig, activities: Activities, clock: SystemClock) -> WorkerDeps:
    async def schema_is_there() -> None:
        await asyncio.sleep(0)

    return WorkerDeps(
        address=TemporalAddress(host=config.temporal, namespace=config.namespace),
        schedule_config=ScheduleConfig(task_queue="queue", cron="@every 1s", participants=config.participants),
        activities=activities,
        check_schema=schema_is_there,
        readiness=Readiness({}, clock.monotonic),
        progress=Progress(),
    )


if __name__ == "__main__":
    asyncio.run(main(WorkerConfig(**json.loads(sys.argv[1]))))
    os._exit(0)  # as the product does: threads of the Temporal client do not survive an ordinary end
