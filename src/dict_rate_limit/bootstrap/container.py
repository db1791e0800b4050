"""What the API and the worker share. It does not import Temporal: the API must not carry it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.bootstrap.source import Source, open_source
from dict_rate_limit.bootstrap.store import Database, open_database
from dict_rate_limit.bootstrap.telemetry import Telemetry
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    settings: Settings
    telemetry: Telemetry
    clock: Clock
    version: str
    database: Database
    cache: RedisCache
    source: Source


@asynccontextmanager
async def open_container(settings: Settings, telemetry: Telemetry) -> AsyncIterator[Container]:
    """Yield the components, closed at the end. None has to be reachable."""
    clock = SystemClock()
    password, tracer = settings.redis_password, telemetry.tracer
    cache = RedisCache(settings.redis_addr or "", password, tls=settings.redis_tls, tracer=tracer)
    async with open_database(settings, telemetry) as database, open_source(settings, clock, telemetry) as source:
        try:
            yield Container(
                settings=settings,
                telemetry=telemetry,
                clock=clock,
                version=version("dict-rate-limit"),
                database=database,
                cache=cache,
                source=source,
            )
        finally:
            await cache.close()
