"""The cache that all replicas share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.bootstrap.telemetry import Telemetry
from dict_rate_limit.settings import Settings


@asynccontextmanager
async def open_cache(settings: Settings, telemetry: Telemetry) -> AsyncIterator[RedisCache]:
    """Yield the cache. It connects with the first command."""
    cache = RedisCache(
        settings.redis_addr or "", settings.redis_password, tls=settings.redis_tls, tracer=telemetry.tracer
    )
    try:
        yield cache
    finally:
        await cache.close()
