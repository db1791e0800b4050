"""Where a reading comes from, and what it costs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.memory.database import MemoryDatabase
from dict_rate_limit.adapters.memory.polls import MemoryStateStore
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.alerts.state import PolicyOverride
from dict_rate_limit.domain.buckets.level import Level
from dict_rate_limit.domain.errors import InvalidValueError, NoReadingError, Outcome, SourceError
from dict_rate_limit.ports.cache import CachedSnapshot, CacheStatus
from dict_rate_limit.usecases.readings import reader as reader_module
from dict_rate_limit.usecases.readings.budget import BudgetConfig
from samples.domain import NOON, PARTICIPANT, bucket, failure, snapshot
from samples.readings import OTHER, TTL, AbsentCache, AbsentState, ReadingWorld, absent_stores, policies_list, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

DOWN = SourceError(Outcome.UNAVAILABLE, "nobody there")


@pytest.fixture
def world() -> ReadingWorld:
    return ReadingWorld()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every timeout short."""
    monkeypatch.setattr(reader_module, "TIMEOUT_SEC", 0.01)
    monkeypatch.setattr(reader_module, "WINNER_POLL_SEC", 0.001)


def entry(at_seconds: float = 0, available: int = 1000) -> CachedSnapshot:
    at = NOON + timedelta(seconds=at_seconds)
    return CachedSnapshot(snapshot=snapshot(bucket(available), policies_list(), at=at), fetched_at=at)


async def test_the_first_reading_comes_from_the_source(world: ReadingWorld) -> None:
    reading = await world.reader().read(PARTICIPANT)

    assert (reading.status, reading.expires_in, reading.age) == (CacheStatus.MISS, 60, 0)


async def test_the_next_reading_comes_from_memory(world: ReadingWorld) -> None:
    reader = world.reader()
    first = await reader.read(PARTICIPANT)

    second = await reader.read(PARTICIPANT)

    assert second.status is CacheStatus.HIT
    assert second.view is first.view
    assert len(world.source.calls) == 1


async def test_another_process_reads_from_the_cache(world: ReadingWorld) -> None:
    await world.reader().read(PARTICIPANT)

    reading = await world.reader().read(PARTICIPANT)

    assert (reading.status, len(world.source.calls)) == (CacheStatus.HIT, 1)


async def test_memory_is_used_for_one_second(world: ReadingWorld) -> None:
    reader = world.reader()
    await reader.read(PARTICIPANT)
    world.clock.advance(1)
    await world.cache.put(entry(1, available=5))

    forgotten = reader.cached(PARTICIPANT)
    reading = await reader.read(PARTICIPANT)

    assert forgotten is None
    assert reading.view.snapshot == entry(1, available=5).snapshot


async def test_memory_never_exceeds_the_cache_ttl(world: ReadingWorld) -> None:
    reader = world.reader()
    await world.cache.put(entry())
    world.clock.advance(59.5)
    fresh = await reader.read(PARTICIPANT)

    world.clock.advance(0.5)

    assert (fresh.status, fresh.expires_in, reader.cached(PARTICIPANT)) == (CacheStatus.HIT, 1, None)


async def test_the_age_of_a_reading_is_in_whole_seconds(world: ReadingWorld) -> None:
    reader = world.reader()
    await world.cache.put(entry())
    world.clock.advance(10.6)
    at_first = await reader.read(PARTICIPANT)
    repeated = reader.cached(PARTICIPANT)
    again = reader.cached(PARTICIPANT)

    world.clock.advance(0.5)
    later = reader.cached(PARTICIPANT)

    assert repeated is again
    assert later is not None
    assert [(r.age, r.expires_in) for r in (at_first, later)] == [(10, 50), (11, 49)]


async def test_no_state_is_stored_for_unknown_participants(world: ReadingWorld) -> None:
    assert world.reader().cached("00000000") is None


async def test_an_unknown_participant_is_rejected(world: ReadingWorld) -> None:
    with pytest.raises(InvalidValueError, match="participant"):
        await world.reader().read("00000000")


async def test_the_source_is_read_again_after_the_cache_ttl(world: ReadingWorld) -> None:
    reader = world.reader()
    await reader.read(PARTICIPANT)
    world.clock.advance(60)

    reading = await reader.read(PARTICIPANT)

    assert (reading.status, len(world.source.calls)) == (CacheStatus.MISS, 2)


async def test_concurrent_requests_share_one_call(world: ReadingWorld) -> None:
    reader = world.reader()
    world.source.hold = asyncio.Event()

    waiting = [asyncio.create_task(reader.read(PARTICIPANT)) for _ in range(20)]
    await asyncio.sleep(0)
    world.source.hold.set()
    readings = await asyncio.gather(*waiting)

    assert {reading.status for reading in readings} == {CacheStatus.MISS}
    assert len(world.source.calls) == 1


async def test_a_cancelled_caller_does_not_cancel_the_call(world: ReadingWorld) -> None:
    reader = world.reader()
    world.source.hold = asyncio.Event()
    gone = asyncio.create_task(reader.read(PARTICIPANT))
    stays = asyncio.create_task(reader.read(PARTICIPANT))
    await asyncio.sleep(0)

    gone.cancel()
    world.source.hold.set()

    assert (await stays).status is CacheStatus.MISS


@pytest.mark.usefixtures("quick")
async def test_concurrent_processes_wait_for_one_shared_call(world: ReadingWorld) -> None:
    world.source.hold = asyncio.Event()
    winner, loser = world.reader(), world.reader()
    winning = asyncio.create_task(winner.read(PARTICIPANT))
    await asyncio.sleep(0.005)
    losing = asyncio.create_task(loser.read(PARTICIPANT))
    await asyncio.sleep(0.005)

    world.source.hold.set()

    assert [(await winning).status, (await losing).status] == [CacheStatus.MISS, CacheStatus.HIT]
    assert len(world.source.calls) == 1


@pytest.mark.usefixtures("quick")
async def test_waiting_for_another_process_times_out(world: ReadingWorld) -> None:
    world.source.hold = asyncio.Event()
    winner, loser = world.reader(), world.reader()
    winning = asyncio.create_task(winner.read(PARTICIPANT))
    await asyncio.sleep(0.005)

    for _ in range(2):
        with pytest.raises(NoReadingError):
            await loser.read(PARTICIPANT)

    await winner.close()
    with pytest.raises(asyncio.CancelledError):
        await winning


async def test_participants_do_not_share_readings(world: ReadingWorld) -> None:
    reader = world.reader()

    await asyncio.gather(reader.read(PARTICIPANT), reader.read(OTHER))

    assert sorted(name for name, _ in world.source.calls) == [PARTICIPANT, OTHER]


async def test_a_failed_call_serves_the_last_reading_as_stale(world: ReadingWorld) -> None:
    reader = world.reader()
    await reader.read(PARTICIPANT)
    world.clock.advance(61.2)
    world.source.error = DOWN

    reading = await reader.read(PARTICIPANT)

    assert (reading.status, reading.expires_in, reading.age) == (CacheStatus.STALE, 0, 61)


async def test_a_failed_call_is_not_repeated_before_the_spacing(world: ReadingWorld) -> None:
    reader = world.reader()
    world.source.error = DOWN
    for _ in range(59):
        with pytest.raises(NoReadingError):
            await reader.read(PARTICIPANT)
        world.clock.advance(1)

    assert len(world.source.calls) == 1


async def test_calls_are_counted_by_outcome(world: ReadingWorld) -> None:
    reader = world.reader()
    await reader.read(PARTICIPANT)
    world.clock.advance(60)
    world.source.error = DOWN

    await reader.read(PARTICIPANT)

    calls = {(participant, outcome): count for (_, participant, outcome), count in world.metrics.counts.items()}
    assert calls == {(PARTICIPANT, Outcome.OK): 1, (PARTICIPANT, Outcome.UNAVAILABLE): 1}


async def test_an_empty_response_is_no_data(world: ReadingWorld) -> None:
    reader = world.reader()
    first = await reader.read(PARTICIPANT)
    world.clock.advance(60)
    world.source.buckets = ()

    reading = await reader.read(PARTICIPANT)

    assert (reading.status, reading.view) == (CacheStatus.STALE, first.view)


async def test_the_reserve_of_the_budget_is_not_spent(world: ReadingWorld) -> None:
    world.source.buckets = (policies_list(5, 20),)
    world.budget = BudgetConfig(cache_ttl=timedelta(seconds=1))
    reader = world.reader()
    await reader.read(PARTICIPANT)
    world.clock.advance(9)

    reading = await reader.read(PARTICIPANT)

    assert (reading.status, len(world.source.calls)) == (CacheStatus.STALE, 1)


@pytest.mark.usefixtures("quick")
async def test_a_slow_source_does_not_delay_the_last_reading(world: ReadingWorld) -> None:
    reader = world.reader()
    await world.cache.put(entry())
    world.clock.advance(60)
    world.source.hold = asyncio.Event()

    meanwhile = await reader.read(PARTICIPANT)
    world.source.hold.set()
    afterwards = await reader.read(PARTICIPANT)

    assert (meanwhile.status, afterwards.status) == (CacheStatus.STALE, CacheStatus.MISS)


@pytest.mark.usefixtures("quick")
async def test_without_a_reading_a_slow_source_is_awaited(world: ReadingWorld) -> None:
    reader = world.reader()
    world.source.hold = asyncio.Event()
    waiting = asyncio.create_task(reader.read(PARTICIPANT))
    await asyncio.sleep(0.03)

    world.source.hold.set()

    assert (await waiting).status is CacheStatus.MISS


async def test_the_last_reading_of_the_monitor_saves_a_call(world: ReadingWorld) -> None:
    await recorded(world.stores, entry().snapshot)

    reading = await world.reader().read(PARTICIPANT)

    assert (reading.status, world.source.calls) == (CacheStatus.HIT, [])


async def test_an_old_reading_of_the_monitor_is_served_as_stale(world: ReadingWorld) -> None:
    await recorded(world.stores, entry().snapshot)
    world.clock.advance(3600)
    world.source.error = DOWN

    reading = await world.reader().read(PARTICIPANT)

    assert (reading.status, reading.age) == (CacheStatus.STALE, 3600)


async def test_a_monitor_that_only_failed_has_no_reading(world: ReadingWorld) -> None:
    await recorded(world.stores, failure())
    world.source.error = DOWN

    with pytest.raises(NoReadingError):
        await world.reader().read(PARTICIPANT)


async def test_an_entry_from_the_future_is_ignored(world: ReadingWorld) -> None:
    await world.cache.put(entry(61))

    reading = await world.reader().read(PARTICIPANT)

    assert (reading.status, reading.view.fetched_at) == (CacheStatus.MISS, NOON)


async def test_a_small_clock_difference_gives_no_negative_age(world: ReadingWorld) -> None:
    await world.cache.put(entry(59))

    assert (await world.reader().read(PARTICIPANT)).age == 0


async def test_thresholds_of_operators_apply(world: ReadingWorld) -> None:
    stores = memory_stores(world.clock)
    stores.database.set_policy_override(
        PARTICIPANT, "CLAIMS_READ", PolicyOverride(warning=10_000, critical=10_000, enabled=False)
    )
    world.stores = stores

    reading = await world.reader().read(PARTICIPANT)

    evaluated = reading.view.buckets[0]
    assert (evaluated.level, evaluated.enabled) == (Level.CRITICAL, False)


async def test_changed_thresholds_apply_within_ten_seconds(world: ReadingWorld) -> None:
    stores = memory_stores(world.clock)
    world.stores = stores
    reader = world.reader()
    before = await reader.read(PARTICIPANT)
    stores.database.set_policy_override(PARTICIPANT, "CLAIMS_READ", PolicyOverride(warning=10_000))
    world.clock.advance(9)
    meanwhile = await reader.read(PARTICIPANT)
    world.clock.advance(1)

    after = await reader.read(PARTICIPANT)

    assert meanwhile.view is before.view
    assert [r.view.buckets[0].level for r in (before, after)] == [Level.OK, Level.WARNING]


async def test_an_unchanged_reading_is_the_same_object(world: ReadingWorld) -> None:
    reader = world.reader()
    first = await reader.read(PARTICIPANT)
    views = set()
    for _ in range(30):
        world.clock.advance(1)
        views.add(id((await reader.read(PARTICIPANT)).view))

    assert views == {id(first.view)}


class Forgetful(MemoryStateStore):
    """Answers once with a rule, then is away."""

    away = False

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        if self.away:
            await asyncio.sleep(3600)
        return {**await super().policy_overrides(participant), "CLAIMS_READ": PolicyOverride(critical=10_000)}


@pytest.mark.usefixtures("quick")
async def test_the_last_known_thresholds_apply_while_the_database_is_silent(world: ReadingWorld) -> None:
    state = Forgetful(MemoryDatabase())
    world.stores = replace(world.stores, state=state)
    reader = world.reader()
    await reader.read(PARTICIPANT)
    state.away = True
    world.clock.advance(11)

    reading = await reader.read(PARTICIPANT)

    assert reading.view.buckets[0].level is Level.CRITICAL


class CountedAway(AbsentState):
    """Counts how often it is asked in vain."""

    asked = 0

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        self.asked += 1
        return await super().policy_overrides(participant)


async def test_an_unavailable_database_is_not_called_for_two_seconds(world: ReadingWorld) -> None:
    state = CountedAway(MemoryDatabase())
    world.stores = replace(world.stores, state=state)
    reader = world.reader()
    for _ in range(4):
        await reader.read(PARTICIPANT)
        world.clock.advance(1)

    assert state.asked == 2


async def test_without_redis_the_database_admits_one_call_per_cache_ttl(world: ReadingWorld) -> None:
    world.cache = AbsentCache()
    readers = [world.reader() for _ in range(3)]
    for _ in range(180):
        await asyncio.gather(*(reader.read(PARTICIPANT) for reader in readers), return_exceptions=True)
        world.clock.advance(1)

    assert len(world.source.calls) == 3


async def test_without_redis_the_reading_of_the_monitor_is_served_as_stale(world: ReadingWorld) -> None:
    world.cache = AbsentCache()
    await recorded(world.stores, entry().snapshot)
    world.clock.advance(60)
    first, second = world.reader(), world.reader()

    statuses = [(await reader.read(PARTICIPANT)).status for reader in (first, second)]

    assert statuses == [CacheStatus.MISS, CacheStatus.STALE]


async def test_without_redis_and_database_there_is_no_call(world: ReadingWorld) -> None:
    world.cache, world.stores = AbsentCache(), absent_stores(world.clock)

    with pytest.raises(NoReadingError):
        await world.reader().read(PARTICIPANT)

    assert world.source.calls == []


async def test_without_redis_and_database_memory_is_served_as_stale(world: ReadingWorld) -> None:
    cache = MemoryCache(world.clock)
    world.cache = cache
    reader = world.reader()
    await reader.read(PARTICIPANT)
    absent = AbsentCache()
    cache.get, cache.put, cache.acquire = absent.get, absent.put, absent.acquire  # type: ignore[method-assign]
    away = absent_stores(world.clock)
    world.stores.rate_limiter.acquire = away.rate_limiter.acquire  # type: ignore[method-assign]
    world.clock.advance(TTL.total_seconds())

    reading = await reader.read(PARTICIPANT)

    assert (reading.status, len(world.source.calls)) == (CacheStatus.STALE, 1)


async def test_a_reader_can_be_closed_at_any_time(world: ReadingWorld) -> None:
    reader = world.reader()
    world.source.hold = asyncio.Event()
    waiting = asyncio.create_task(reader.read(PARTICIPANT))
    await asyncio.sleep(0)

    await reader.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting
