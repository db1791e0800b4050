"""The contract of every cache, in memory and in Redis."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.domain.buckets.reading import RejectedItem
from dict_rate_limit.ports.cache import CachedSnapshot
from samples.domain import PARTICIPANT, bucket, snapshot
from samples.readings import OTHER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EARLIER = SystemClock().now() - timedelta(hours=1)  # an entry from the future would not count
LATER = EARLIER + timedelta(microseconds=1)

Cache = MemoryCache | RedisCache


@pytest.fixture(params=["memory", "redis"])
def address(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else str(request.getfixturevalue("valkey"))


@pytest.fixture
async def cache(address: str | None) -> AsyncIterator[Cache]:
    if address is None:
        yield MemoryCache(SystemClock())
        return
    redis = RedisCache(address)
    yield redis
    await redis.close()


def entry(fetched_at: datetime = EARLIER, available: int = 7) -> CachedSnapshot:
    return CachedSnapshot(
        snapshot=snapshot(
            bucket(available), at=fetched_at, rejected=[RejectedItem(position=1, name="é", reason="no capacity")]
        ),
        fetched_at=fetched_at,
    )


async def test_an_empty_cache_has_no_entry(cache: Cache) -> None:
    assert await cache.get(PARTICIPANT) is None


async def test_an_entry_survives_a_round_trip(cache: Cache) -> None:
    await cache.put(entry())

    assert await cache.get(PARTICIPANT) == entry()


async def test_each_participant_has_its_own_entry(cache: Cache) -> None:
    other = replace(entry(LATER), snapshot=replace(entry().snapshot, participant=OTHER))

    await cache.put(entry())
    await cache.put(other)

    assert (await cache.get(PARTICIPANT), await cache.get(OTHER)) == (entry(), other)


async def test_a_newer_entry_replaces_an_older_one(cache: Cache) -> None:
    await cache.put(entry(EARLIER))

    await cache.put(entry(LATER))

    assert await cache.get(PARTICIPANT) == entry(LATER)


async def test_an_older_entry_does_not_replace_a_newer_one(cache: Cache) -> None:
    await cache.put(entry(LATER))

    await cache.put(entry(EARLIER))

    assert await cache.get(PARTICIPANT) == entry(LATER)


async def test_the_order_does_not_depend_on_the_time_zone(cache: Cache) -> None:
    await cache.put(entry(LATER.astimezone(tz=None)))

    await cache.put(entry(EARLIER))

    found = await cache.get(PARTICIPANT)
    assert found is not None
    assert found.fetched_at == LATER


async def test_an_entry_from_the_future_is_replaced(cache: Cache) -> None:
    await cache.put(entry(datetime(2226, 1, 1, tzinfo=UTC)))

    await cache.put(entry())

    assert await cache.get(PARTICIPANT) == entry()


async def test_only_the_first_caller_is_admitted(cache: Cache) -> None:
    admitted = await asyncio.gather(*(cache.acquire(PARTICIPANT, timedelta(minutes=1)) for _ in range(8)))

    assert sorted(admitted) == [False] * 7 + [True]


async def test_participants_are_admitted_separately(cache: Cache) -> None:
    await cache.acquire(PARTICIPANT, timedelta(minutes=1))

    assert await cache.acquire(OTHER, timedelta(minutes=1))


async def test_the_next_call_is_admitted_after_the_spacing(cache: Cache) -> None:
    await cache.acquire(PARTICIPANT, timedelta(milliseconds=1))
    await asyncio.sleep(0.02)

    assert await cache.acquire(PARTICIPANT, timedelta(minutes=1))


async def test_the_rate_limiter_does_not_hide_the_entry(cache: Cache) -> None:
    await cache.put(entry())
    await cache.acquire(PARTICIPANT, timedelta(minutes=1))

    assert await cache.get(PARTICIPANT) == entry()
