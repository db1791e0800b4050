from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.memory.maintenance import MemoryMaintenance
from dict_rate_limit.adapters.memory.metrics import MemoryMetrics
from dict_rate_limit.adapters.memory.notifications import CountedHeartbeat
from dict_rate_limit.adapters.memory.polls import MemoryStateStore
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.codec import decode_poll, encode_poll
from dict_rate_limit.domain.errors import (
    CacheUnavailableError,
    Outcome,
    PublishError,
    SchemaError,
    StoreError,
    StoreUnavailableError,
)
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
from dict_rate_limit.ports.telemetry import NULL_METRICS, CountMetric, DurationMetric
from dict_rate_limit.usecases.poll import Fetcher
from dict_rate_limit.workflows import inputs, names
from dict_rate_limit.workflows.activities import INTERNAL_ERROR_ATTEMPTS, SCHEMA_RETRY_DELAY, Activities
from dict_rate_limit.workflows.names import GROUP_SIZE
from log_lines import log_lines
from samples.domain import NOON, RULES, bucket
from samples.fake_ports import LATER, FailingPublisher, FakeClock, ScriptedSource, notifications, reading_of, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from dict_rate_limit.adapters.memory.polls import MemoryRecordingUnitOfWork
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.cache import CachedSnapshot
    from dict_rate_limit.ports.delivery import EventPublisher

PUBLISHED_POLICIES = 29
PAYLOAD_LIMIT = 2 * 1024 * 1024
CALM, LOW = reading_of("a"), reading_of("a", NOON + LATER, available=200)


@dataclass
class World:
    """The dependencies of the activities and a Temporal environment."""

    clock: FakeClock = field(default_factory=FakeClock)
    environment: ActivityEnvironment = field(default_factory=ActivityEnvironment)

    def __post_init__(self) -> None:
        self.source = ScriptedSource(self.clock)
        stores = memory_stores(self.clock)
        self.state = BrokenState(stores.database)
        maintenance = SlowMaintenance(stores.database, self.clock.now())
        self.stores = replace(stores, state=self.state, maintenance=maintenance)
        self.cache = BrokenCache(self.clock)
        self.publisher: EventPublisher = MemoryPublisher()
        self.heartbeat = CountedHeartbeat()
        self.metrics = MemoryMetrics()
        self.channels: list[Channel] = []

    @property
    def activities(self) -> Activities:
        return Activities(
            fetcher=Fetcher(source=self.source, clock=self.clock, sleep=self.clock.sleep),
            store=self.stores.state,
            cache=self.cache,
            outbox=self.stores.outbox,
            publisher=self.publisher,
            notifications=notifications(self.stores, self.clock, *self.channels),
            heartbeat=self.heartbeat,
            maintenance=self.stores.maintenance,
            clock=self.clock,
            rules=RULES,
            retention_months=13,
            metrics=self.metrics,
        )

    async def record(self, *polls: Poll) -> inputs.RecordOutput:
        order = inputs.RecordInput(polls=[encode_poll(poll) for poll in polls])
        return await self.environment.run(self.activities.record, order)

    async def publish(self, *polls: Poll) -> inputs.PublishOutput:
        order = inputs.PublishInput(polls=[encode_poll(poll) for poll in polls])
        return await self.environment.run(self.activities.publish, order)


class BrokenState(MemoryStateStore):
    """Raises `fault` if there is one."""

    fault: Exception | None = None

    @asynccontextmanager
    async def begin(self, participant: str) -> AsyncIterator[MemoryRecordingUnitOfWork]:
        if self.fault:
            raise self.fault
        async with super().begin(participant) as unit:
            yield unit


class SlowMaintenance(MemoryMaintenance):
    """Yields to other tasks."""

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        await asyncio.sleep(0)
        return await super().make_partitions(today)


class BrokenCache(MemoryCache):
    """Raises `fault` if there is one."""

    fault: Exception | None = None

    async def put(self, entry: CachedSnapshot) -> None:
        if self.fault:
            raise self.fault
        await super().put(entry)


@pytest.fixture
def world() -> World:
    return World()


async def test_fetch_returns_readings_and_failures(world: World) -> None:
    world.source.script["b"] = [refusal(Outcome.GONE)]

    texts = await world.environment.run(world.activities.fetch, inputs.FetchInput(participants=["a", "b"]))

    assert [decode_poll(text).participant for text in texts] == ["a", "b"]


async def test_the_polls_of_a_whole_group_are_far_below_temporals_limit() -> None:
    buckets = tuple(
        bucket(36_000, 36_000, f"{number:02}_REPORTS_LIST_WITHOUT_ROLE", 1200) for number in range(PUBLISHED_POLICIES)
    )
    polls = [encode_poll(replace(CALM, buckets=buckets)) for _ in range(GROUP_SIZE)]

    (payload,) = await DataConverter.default.encode([inputs.RecordInput(polls=polls)])

    assert payload.ByteSize() < PAYLOAD_LIMIT / 8


async def test_record_returns_new_readings(world: World) -> None:
    await world.record(CALM)

    assert await world.record(CALM) == inputs.RecordOutput(recorded=0, transitions=0)
    assert await world.record(LOW) == inputs.RecordOutput(recorded=1, transitions=1, advanced=1)


async def test_publish_caches_snapshots_and_publishes_transitions(world: World) -> None:
    await world.record(CALM)
    await world.record(LOW)

    assert await world.publish(LOW) == inputs.PublishOutput(cached=1, delivered=1)


async def test_transitions_are_published_while_the_cache_is_unavailable(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.cache.fault = CacheUnavailableError("Redis is away")
    await world.record(CALM)
    await world.record(LOW)

    assert await world.publish(LOW) == inputs.PublishOutput(cached=0, delivered=1)
    assert "cache.unavailable error=Redis is away" in log_lines(caplog)


async def test_publish_is_retried_while_the_broker_is_unavailable(world: World) -> None:
    world.publisher = FailingPublisher(0, PublishError("broker is away"))
    await world.record(CALM)
    await world.record(LOW)

    with pytest.raises(ApplicationError, match="broker is away") as caught:
        await world.publish(LOW)

    assert not caught.value.non_retryable


async def test_notify_sends_the_transitions(world: World) -> None:
    world.channels.append(Channel(name="ops", format=ChannelType.WEBHOOK, url="https://ops.example/"))
    await world.record(CALM)
    await world.record(LOW)

    result = await world.environment.run(world.activities.notify, inputs.NotifyInput(beat=False))

    assert result == inputs.NotifyOutput(routed=1, delivered=1, failed=0)


@pytest.mark.parametrize("beat", [True, False])
async def test_the_heartbeat_is_sent_only_for_a_successful_cycle(world: World, beat: bool) -> None:  # noqa: FBT001 -- a table's column
    await world.environment.run(world.activities.notify, inputs.NotifyInput(beat=beat))

    assert world.heartbeat.beats == int(beat)


async def test_maintain_returns_its_result(world: World) -> None:
    world.clock.at = NOON.replace(year=2027, month=1)

    done = await world.environment.run(world.activities.maintain, inputs.MaintainInput())

    assert len(done.made) > 0
    assert done.rolled_up == 0


@pytest.mark.parametrize(
    ("fault", "final"),
    [
        (StoreUnavailableError("away"), False),
        (SchemaError("a migration is missing"), False),
        (StoreError("refused"), True),
        (KeyError("an internal error"), False),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_error_is_marked_as_retryable_or_not(world: World, fault: Exception, final: bool) -> None:  # noqa: FBT001 -- a table's column
    world.state.fault = fault

    with pytest.raises(ApplicationError) as caught:
        await world.record(CALM)

    assert caught.value.non_retryable is final
    assert caught.value.type == type(fault).__name__


async def test_a_missing_migration_is_retried_slowly(world: World) -> None:
    world.state.fault = SchemaError("a migration is missing")

    with pytest.raises(ApplicationError) as caught:
        await world.record(CALM)

    assert caught.value.next_retry_delay == SCHEMA_RETRY_DELAY


async def test_an_internal_error_is_not_retried_forever(world: World) -> None:
    world.state.fault = KeyError("an internal error")
    world.environment.info = replace(world.environment.info, attempt=INTERNAL_ERROR_ATTEMPTS)

    with pytest.raises(ApplicationError) as caught:
        await world.record(CALM)

    assert caught.value.non_retryable


async def test_polls_of_another_version_are_rejected_permanently(world: World) -> None:
    with pytest.raises(ApplicationError, match="unreadable") as caught:
        await world.environment.run(world.activities.record, inputs.RecordInput(polls=["{"]))

    assert caught.value.non_retryable


async def test_a_running_activity_sends_heartbeats(world: World) -> None:
    beats: list[tuple[object, ...]] = []
    world.environment.on_heartbeat = lambda *details: beats.append(details)

    await world.environment.run(world.activities.maintain, inputs.MaintainInput())

    assert beats == [()]


async def test_an_attempt_is_reported_with_activity_and_duration(world: World) -> None:
    world.source.takes = timedelta(seconds=3)
    named = activity_named(world, names.FETCH)

    await named.run(world.activities.fetch, inputs.FetchInput(participants=["a"]))

    assert world.metrics.durations == [(DurationMetric.ACTIVITY, 3.0, (names.FETCH,))]
    assert not world.metrics.counts


async def test_a_failed_attempt_is_reported(world: World) -> None:
    world.state.fault = StoreUnavailableError("away")

    with pytest.raises(ApplicationError):
        await world.record(CALM)

    assert failures(world) == 1


async def test_a_cancelled_attempt_counts_as_failed(world: World) -> None:
    world.source.script["a"] = [asyncio.CancelledError()]

    with pytest.raises(asyncio.CancelledError):
        await world.environment.run(world.activities.fetch, inputs.FetchInput(participants=["a"]))

    assert failures(world) == 1


@pytest.mark.parametrize("good", [True, False])
async def test_a_cycle_lasts_from_its_start_until_the_notifications(world: World, good: bool) -> None:  # noqa: FBT001 -- a table's column
    began = (NOON - timedelta(seconds=4)).timestamp()

    await world.environment.run(world.activities.notify, inputs.NotifyInput(beat=good, began=began))

    assert cycles(world) == ([4.0], {"good" if good else "bad": 1})


async def test_the_sweep_is_no_cycle(world: World) -> None:
    await world.environment.run(world.activities.notify, inputs.NotifyInput(beat=False))

    assert cycles(world) == ([], {})


async def test_a_cycle_counts_once_despite_retries_of_its_end(world: World) -> None:
    again = ActivityEnvironment()
    again.info = replace(again.info, attempt=2)

    await again.run(world.activities.notify, inputs.NotifyInput(beat=True, began=NOON.timestamp()))

    assert cycles(world) == ([], {})


async def test_a_cycle_started_in_the_future_has_zero_duration(world: World) -> None:
    ahead = (NOON + timedelta(seconds=1)).timestamp()  # Temporal's clock is not ours

    await world.environment.run(world.activities.notify, inputs.NotifyInput(beat=True, began=ahead))

    assert cycles(world) == ([0.0], {"good": 1})


async def test_activities_run_without_metrics(world: World) -> None:
    uncounted = replace(world.activities, metrics=NULL_METRICS)

    result = await world.environment.run(uncounted.notify, inputs.NotifyInput(beat=True, began=NOON.timestamp()))

    assert result == inputs.NotifyOutput(routed=0, delivered=0, failed=0)


def failures(world: World) -> int:
    return sum(count for (metric, *_), count in world.metrics.counts.items() if metric is CountMetric.ACTIVITY_FAILURES)


def cycles(world: World) -> tuple[list[float], dict[str, int]]:
    """Return the durations of cycles, and their number by result."""
    seconds = [value for metric, value, _ in world.metrics.durations if metric is DurationMetric.CYCLE]
    counts = world.metrics.counts.items()
    return seconds, {labels[0]: count for (metric, *labels), count in counts if metric is CountMetric.CYCLES}


def activity_named(world: World, name: str) -> ActivityEnvironment:
    world.environment.info = replace(world.environment.info, activity_type=name)
    return world.environment
