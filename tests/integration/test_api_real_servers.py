"""The reading side on a real Redis and a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from api.world import World
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.adapters.telemetry.prometheus.exporter import Exporter, StoredSource
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.ports.cache import CacheStatus
from samples.domain import PARTICIPANT, THRESHOLDS, bucket, snapshot
from samples.readings import recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from dict_rate_limit.ports.cache import RateLimiter
    from dict_rate_limit.ports.stores import Stores

LIST = "/api/v1/rate-limit/policies"


def an_hour_ago() -> datetime:
    return SystemClock().now() - timedelta(hours=1)


class RealWorld(World):
    """The same readers on servers."""

    def __init__(self, cache: RedisCache, stores: Stores) -> None:
        super().__init__()
        self.clock = SystemClock()  # type: ignore[assignment] # nobody moves it by hand here
        self.source.clock = self.clock
        self.cache = self._redis = cache
        self.stores = self._postgres = stores

    @property
    def gates(self) -> Sequence[RateLimiter]:
        return self._redis, self._postgres.rate_limiter


@pytest.fixture
async def stores(migrated_database_url: str) -> AsyncIterator[Stores]:
    async with open_pool(migrated_database_url) as pool:
        yield postgres_stores(pool)


@pytest.fixture
async def world(valkey: str, stores: Stores) -> AsyncIterator[RealWorld]:
    cache = RedisCache(valkey)
    yield RealWorld(cache, stores)
    await cache.close()


@pytest.fixture
async def world_without_redis(stores: Stores) -> AsyncIterator[RealWorld]:
    cache = RedisCache(f"127.0.0.1:{free_port()}")
    yield RealWorld(cache, stores)
    await cache.close()


async def test_concurrent_processes_share_one_call(world: RealWorld) -> None:
    readers = [world.reader() for _ in range(8)]

    readings = await asyncio.gather(*(reader.read(PARTICIPANT) for reader in readers))

    assert len(world.source.calls) == 1
    assert sorted(reading.status for reading in readings) == [CacheStatus.HIT] * 7 + [CacheStatus.MISS]


async def test_without_redis_the_database_admits_one_call(world_without_redis: RealWorld) -> None:
    world = world_without_redis
    readers = [world.reader() for _ in range(8)]

    readings = await asyncio.gather(*(reader.read(PARTICIPANT) for reader in readers), return_exceptions=True)

    assert len(world.source.calls) == 1
    assert sum(not isinstance(reading, BaseException) for reading in readings) == 1


async def test_without_redis_the_reading_of_the_monitor_is_served(world_without_redis: RealWorld) -> None:
    world = world_without_redis
    await recorded(world.stores, snapshot(bucket(250), at=an_hour_ago()))
    world.source.error = SourceError(Outcome.UNAVAILABLE, "away")

    async with world.client() as client:
        answer = await client.get(LIST)

    assert (answer.status_code, answer.headers["X-Cache-Status"]) == (200, "STALE")
    assert answer.json()["policies"][0]["status"] == "WARNING"


async def test_the_whole_api_works_with_real_servers(world: RealWorld) -> None:
    await recorded(world.stores, snapshot(bucket(0), at=an_hour_ago()))

    async with world.client() as client:
        listed = await client.get(LIST)
        again = await client.get(LIST)
        page = await client.get("/?lang=en")

    assert [answer.headers["X-Cache-Status"] for answer in (listed, again)] == ["MISS", "HIT"]
    assert page.status_code == 200


async def test_metrics_come_from_the_real_store(world: RealWorld) -> None:
    await recorded(world.stores, snapshot(bucket(250), at=an_hour_ago()))
    source = StoredSource(
        stores=world.stores,
        participants=world.participants,
        thresholds=THRESHOLDS,
        interval=timedelta(minutes=5),
        clock=world.clock,
    )

    text = (await Exporter("1.2.3", source).scrape()).decode()

    assert 'dict_rate_limit_tokens_available{participant="12345678",policy="CLAIMS_READ"} 250\n' in text
    assert 'dict_rate_limit_polls_total{outcome="OK",participant="12345678"} 1.0' in text
    assert "dict_rate_limit_store_up 1.0" in text
    assert "dict_rate_limit_outbox_waiting 1.0" in text
    assert "dict_rate_limit_silences_active 0.0" in text
