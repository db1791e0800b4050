from __future__ import annotations

from datetime import timedelta

from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.ports.cache import CachedSnapshot
from samples.domain import NOON, PARTICIPANT, bucket, snapshot
from samples.readings import FakeClock


async def test_an_entry_expires_after_a_day() -> None:
    clock = FakeClock()
    cache = MemoryCache(clock)
    await cache.put(CachedSnapshot(snapshot=snapshot(bucket()), fetched_at=NOON))

    clock.advance(timedelta(hours=24).total_seconds())

    assert await cache.get(PARTICIPANT) is None
