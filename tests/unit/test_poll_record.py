from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.memory.database import MemoryDatabase
from dict_rate_limit.adapters.memory.polls import MemoryStateStore
from dict_rate_limit.domain.errors import CacheUnavailableError, Outcome, StoreError, StoreUnavailableError
from dict_rate_limit.usecases.poll import Recorded, cache_group, record_group
from samples.domain import NOON, RULES, failure
from samples.fake_ports import LATER, FakeClock, reading_of, readings_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dict_rate_limit.adapters.memory.polls import MemoryRecordingUnitOfWork
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.cache import CachedSnapshot


class FaultyStore(MemoryStateStore):
    """Fails for some participants and records the number of concurrent transactions."""

    def __init__(self) -> None:
        super().__init__(MemoryDatabase())
        self.faults: dict[str, Exception] = {}
        self.open_now = 0
        self.most_open = 0

    @asynccontextmanager
    async def begin(self, participant: str) -> AsyncIterator[MemoryRecordingUnitOfWork]:
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        await asyncio.sleep(0)
        try:
            async with super().begin(participant) as unit:
                yield unit
                if participant in self.faults:
                    raise self.faults[participant]
        finally:
            self.open_now -= 1


class FaultyCache(MemoryCache):
    """Fails every put and counts them."""

    puts = 0

    async def put(self, entry: CachedSnapshot) -> None:
        self.puts += 1
        message = f"{entry.snapshot.participant}: away"
        raise CacheUnavailableError(message)


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore()


async def record(store: MemoryStateStore, polls: Sequence[Poll]) -> list[Recorded]:
    return await record_group(store, polls, RULES, asyncio.Semaphore(4))


async def test_every_poll_is_stored(store: FaultyStore) -> None:
    await record(store, [reading_of("a"), replace(failure(), participant="b")])

    assert await store.poll_counts(["a", "b"]) == {("a", Outcome.OK): 1, ("b", Outcome.UNAVAILABLE): 1}


async def test_each_poll_is_evaluated_against_the_previous_state(store: FaultyStore) -> None:
    await record(store, [reading_of("a")])

    done = await record(store, [reading_of("a", NOON + LATER, available=200)])

    assert done == [Recorded(participant="a", repeated=False, is_new_reading=True, events=1)]


async def test_a_repeated_poll_changes_nothing(store: FaultyStore) -> None:
    polls = [reading_of("a", available=200)]
    await record(store, polls)

    done = await record(store, polls)

    assert done == [Recorded(participant="a", repeated=True, is_new_reading=False, events=0)]
    assert await store.poll_counts(["a"]) == {("a", Outcome.OK): 1}


async def test_concurrent_transactions_are_limited(store: FaultyStore) -> None:
    await record(store, readings_of([str(number) for number in range(10)]))

    assert store.most_open == 4


async def test_an_error_of_one_participant_does_not_affect_the_others(store: FaultyStore) -> None:
    store.faults["b"] = StoreError("refused")

    with pytest.raises(StoreError, match="refused"):
        await record(store, readings_of(["a", "b", "c"]))

    assert set(await store.latest(["a", "b", "c"])) == {"a", "c"}


async def test_an_outage_is_raised_before_other_errors(store: FaultyStore) -> None:
    store.faults = {"a": KeyError("mistake"), "b": StoreError("refused"), "c": StoreUnavailableError("away")}

    with pytest.raises(StoreUnavailableError, match="away"):
        await record(store, readings_of(["a", "b", "c"]))


async def test_a_repeated_poll_is_recorded_after_a_database_outage(store: FaultyStore) -> None:
    store.faults["b"] = StoreUnavailableError("away")
    polls = readings_of(["a", "b"])
    with pytest.raises(StoreUnavailableError):
        await record(store, polls)
    store.faults.clear()

    done = await record(store, polls)

    assert [one.repeated for one in done] == [True, False]


async def test_valid_snapshots_are_cached_for_readers() -> None:
    cache = MemoryCache(FakeClock())

    cached = await cache_group(cache, readings_of(["a", "b"]))

    assert (cached.snapshots, cached.failure) == (2, None)
    entry = await cache.get("a")
    assert entry is not None
    assert (entry.snapshot, entry.fetched_at) == (reading_of("a"), NOON)


async def test_failures_and_empty_responses_replace_no_snapshot() -> None:
    cache = MemoryCache(FakeClock())
    await cache_group(cache, [reading_of("a")])

    cached = await cache_group(
        cache, [replace(reading_of("a", NOON + LATER), buckets=()), replace(failure(), participant="a")]
    )

    entry = await cache.get("a")
    assert cached.snapshots == 0
    assert entry is not None
    assert entry.fetched_at == NOON


async def test_an_unreachable_cache_is_reported_after_one_timeout() -> None:
    cache = FaultyCache(FakeClock())

    cached = await cache_group(cache, readings_of(["a", "b"]))

    assert str(cached.failure) == "a: away"
    assert cache.puts == 1
