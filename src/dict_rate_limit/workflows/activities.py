"""Activities. Each reports to Temporal whether another attempt can help."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from dict_rate_limit.domain.alerts.state import AlertConfig
from dict_rate_limit.domain.codec import decode_poll, encode_poll
from dict_rate_limit.domain.errors import DictRateLimitError, SchemaError
from dict_rate_limit.ports.cache import SnapshotCache
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.delivery import EventPublisher, Outbox
from dict_rate_limit.ports.notifications import Heartbeat
from dict_rate_limit.ports.stores import Maintenance, StateStore
from dict_rate_limit.ports.telemetry import NULL_METRICS, CountMetric, DurationMetric, Metrics
from dict_rate_limit.usecases.deliver import deliver_all
from dict_rate_limit.usecases.maintain import maintain
from dict_rate_limit.usecases.notify import NotifyDeps, send_notifications
from dict_rate_limit.usecases.poll import Fetcher, cache_group, record_group
from dict_rate_limit.workflows import inputs, names

# well below the heartbeat timeouts, by which Temporal notices that a worker has died
HEARTBEAT_INTERVAL_SEC: Final = 2.0

# one activity drains a backlog for this long, well below its timeout; the sweep continues
DELIVERY_BUDGET: Final = timedelta(seconds=15)

# one activity starts new messages for this long; the last one may take half a minute more
NOTIFY_BUDGET: Final = timedelta(seconds=20)

# between attempts while a migration is missing
SCHEMA_RETRY_DELAY: Final = timedelta(seconds=15)

# attempts after an unexpected error, in case it was a passing one
INTERNAL_ERROR_ATTEMPTS: Final = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """The activities and their dependencies.

    `recording_slots` limits the transactions of all groups together. It is below the size of the database pool, where a
    transaction that waits too long fails.
    """

    fetcher: Fetcher
    store: StateStore
    cache: SnapshotCache
    outbox: Outbox
    publisher: EventPublisher
    notifications: NotifyDeps
    heartbeat: Heartbeat
    maintenance: Maintenance
    clock: Clock
    rules: AlertConfig
    retention_months: int
    recording_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    delivery_batch: int = 200
    metrics: Metrics = NULL_METRICS

    def all(self) -> Sequence[Callable[..., Awaitable[object]]]:
        """Return the activities of a Temporal worker."""
        return (self.fetch, self.record, self.publish, self.notify, self.maintain)

    @activity.defn(name=names.FETCH)
    async def fetch(self, request: inputs.FetchInput) -> list[str]:
        """Poll the source. A failure is a poll too."""
        async with self._attempt():
            polls = await self.fetcher.fetch_group(request.participants)
            return [encode_poll(poll) for poll in polls]

    @activity.defn(name=names.RECORD)
    async def record(self, request: inputs.RecordInput) -> inputs.RecordOutput:
        """Store and evaluate the polls. A repetition changes nothing."""
        async with self._attempt():
            polls = [decode_poll(text) for text in request.polls]
            done = await record_group(self.store, polls, self.rules, self.recording_slots)
            return inputs.RecordOutput(
                recorded=sum(not one.repeated for one in done),
                transitions=sum(one.events for one in done),
                advanced=sum(one.is_new_reading for one in done),
            )

    @activity.defn(name=names.PUBLISH)
    async def publish(self, request: inputs.PublishInput) -> inputs.PublishOutput:
        """Cache the snapshots, then publish the outbox."""
        async with self._attempt():
            cached = await cache_group(self.cache, (decode_poll(text) for text in request.polls))
            if cached.failure:
                # no reason to fail: readers get the older snapshots until the next cycle
                _log.warning("cache.unavailable", extra={"error": str(cached.failure)})
            delivery = await deliver_all(
                self.outbox, self.publisher, self.clock, batch=self.delivery_batch, within=DELIVERY_BUDGET
            )
            if delivery.failure:
                raise delivery.failure
            return inputs.PublishOutput(cached=cached.snapshots, delivered=delivery.delivered)

    @activity.defn(name=names.NOTIFY)
    async def notify(self, request: inputs.NotifyInput) -> inputs.NotifyOutput:
        """Send the heartbeat after a good cycle, then the notifications."""
        async with self._attempt():
            self._count_cycle(request)
            if request.beat:
                await self.heartbeat.beat()
            sent = await send_notifications(self.notifications, within=NOTIFY_BUDGET)
            return inputs.NotifyOutput(routed=sent.routed, delivered=sent.delivered, failed=sent.failed)

    @activity.defn(name=names.MAINTAIN)
    async def maintain(self, _: inputs.MaintainInput) -> inputs.MaintainOutput:
        """Create partitions ahead, roll up, drop old partitions."""
        async with self._attempt():
            done = await maintain(self.maintenance, self.clock.now(), retention_months=self.retention_months)
            return inputs.MaintainOutput(made=list(done.made), dropped=list(done.dropped), rolled_up=done.rolled_up)

    def _count_cycle(self, request: inputs.NotifyInput) -> None:
        # the first attempt only: a retried activity is still one cycle
        if request.began is not None and activity.info().attempt == 1:
            seconds = self.clock.now().timestamp() - request.began
            self.metrics.count(CountMetric.CYCLES, "good" if request.beat else "bad")
            self.metrics.observe(DurationMetric.CYCLE, max(0.0, seconds))

    @asynccontextmanager
    async def _attempt(self) -> AsyncIterator[None]:
        started, failed = self.clock.monotonic(), True
        try:
            async with _heartbeats():
                yield
            failed = False
        finally:
            name = activity.info().activity_type
            self.metrics.observe(DurationMetric.ACTIVITY, self.clock.monotonic() - started, name)
            if failed:
                self.metrics.count(CountMetric.ACTIVITY_FAILURES, name)


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    """Send heartbeats while the activity runs; turn each error into one that says whether another attempt can help."""
    info = activity.info()
    beats = asyncio.create_task(_send_heartbeats())
    try:
        yield
    except DictRateLimitError as error:
        raise _application_error(error, info.activity_type) from error
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        raise ApplicationError(
            text, type=type(error).__name__, non_retryable=info.attempt >= INTERNAL_ERROR_ATTEMPTS
        ) from error
    finally:
        beats.cancel()
        await asyncio.wait({beats})


async def _send_heartbeats() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT_INTERVAL_SEC)


def _application_error(error: DictRateLimitError, activity_type: str) -> ApplicationError:
    # an outage is expected, and a missing migration will come: one log line without a stack trace
    again = error.retry_helps or isinstance(error, SchemaError)
    if again:
        _log.warning("activity.postponed", extra={"activity": activity_type, "error": str(error)})
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        non_retryable=not again,
        next_retry_delay=SCHEMA_RETRY_DELAY if isinstance(error, SchemaError) else None,
        category=ApplicationErrorCategory.BENIGN if again else ApplicationErrorCategory.UNSPECIFIED,
    )
