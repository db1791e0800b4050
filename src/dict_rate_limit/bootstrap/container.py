"""What both programs stand on, and the reading side. Knows nothing of Temporal: the API shall not carry it."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.bridge.source import BridgeSource
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.adapters.postgres.migrations.schema import require_schema
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.adapters.telemetry.prometheus.certificates import CertificateEnds
from dict_rate_limit.adapters.telemetry.prometheus.exporter import (
    Exporter,
    PlanCollector,
    PublisherInfo,
    StoredSource,
)
from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import ProcessMetrics
from dict_rate_limit.adapters.telemetry.statement_timer import StatementTimer
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.ports.telemetry import NULL_TRACER
from dict_rate_limit.serving.readiness import Readiness
from dict_rate_limit.serving.tls_files import TlsFiles
from dict_rate_limit.usecases.readings.budget import BudgetConfig
from dict_rate_limit.usecases.readings.reader import Reader, ReaderConfig, ReaderDeps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from dict_rate_limit.adapters.postgres.pool import Pool
    from dict_rate_limit.adapters.telemetry.prometheus.exporter import Collector
    from dict_rate_limit.ports.stores import Stores
    from dict_rate_limit.ports.telemetry import Tracer
    from dict_rate_limit.serving.readiness import Check
    from dict_rate_limit.settings import Settings

POOL_SIZE = 6
"""Four recordings at once, a drain and a scrape beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What every program stands on."""

    clock: SystemClock
    pool: Pool
    stores: Stores
    cache: RedisCache
    source: BridgeSource
    version: str
    tracer: Tracer
    metrics: ProcessMetrics

    async def require_schema(self) -> None:
        """Return when this code can use the database; raises StoreError, as `schema.require_schema` tells."""
        await require_schema(self.pool)


@asynccontextmanager
async def backing(settings: Settings, tracer: Tracer = NULL_TRACER) -> AsyncIterator[Container]:
    """Hold the parts open. Nothing has to be reachable: each says so when it is used."""
    clock, metrics = SystemClock(), ProcessMetrics()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(settings.database_url or "", max_size=POOL_SIZE, tracer=StatementTimer(metrics, tracer))
        )
        cache = RedisCache(settings.redis_addr or "", settings.redis_password, tls=settings.redis_tls, tracer=tracer)
        stack.push_async_callback(cache.close)
        source = BridgeSource(
            settings.bridge_grpc_address or "",
            clock=clock,
            tls=_bridge_tls(settings),
            metrics=metrics,
            tracer=tracer,
        )
        stack.push_async_callback(source.close)
        yield Container(
            clock=clock,
            pool=pool,
            stores=postgres_stores(pool),
            cache=cache,
            source=source,
            version=version("dict-rate-limit"),
            tracer=tracer,
            metrics=metrics,
        )


def reader(settings: Settings, parts: Container) -> Reader:
    """Make the reading side."""
    return Reader(
        ReaderDeps(
            source=parts.source,
            cache=parts.cache,
            gates=(parts.cache, parts.stores.rate_limiter),
            store=parts.stores.state,
            clock=parts.clock,
        ),
        ReaderConfig(
            participants=settings.participants,
            thresholds=settings.thresholds,
            budget=BudgetConfig(cache_ttl=settings.cache_ttl, share=settings.list_budget_share),
        ),
    )


def exporter(settings: Settings, parts: Container, counted: Sequence[Collector] = ()) -> Exporter:
    """Make what `/metrics` tells: stored state, and what this process counted."""
    stored = StoredSource(
        stores=parts.stores,
        participants=settings.participants,
        thresholds=settings.thresholds,
        interval=settings.poll_interval,
        clock=parts.clock,
    )
    told = (
        PublisherInfo("log" if settings.pulsar_broker_url is None else "pulsar"),
        PlanCollector(settings.poll_interval, shipped_migrations()[-1].version),
        CertificateEnds(_certificates(settings)),
    )
    return Exporter(parts.version, stored, (*told, parts.metrics, *counted))


def readiness(settings: Settings, parts: Container, more: Mapping[str, Check] | None = None) -> Readiness:
    """Make what `/ready` tells of the parts."""

    async def postgresql() -> str:
        await parts.require_schema()
        return "ok"

    async def redis() -> str:
        await parts.cache.ping()
        return "ok"

    async def source() -> str:
        first = settings.participants[0]
        latest = (await parts.stores.state.latest([first])).get(first)
        return "not polled yet" if latest is None else f"last poll: {latest.last_outcome}"

    checks: dict[str, Check] = {"postgresql": postgresql, "redis": redis, "source": source}
    return Readiness(checks | dict(more or {}), parts.clock.monotonic)


def _certificates(settings: Settings) -> dict[str, Path]:
    files = {
        "bridge_client": settings.bridge_tls_cert_file,
        "bridge_ca": settings.bridge_tls_ca_file,
        "temporal_client": settings.temporal_tls_cert_file,
        "temporal_ca": settings.temporal_tls_ca_file,
        "pulsar_ca": settings.pulsar_tls_ca_file,
    }
    return {name: path for name, path in files.items() if path is not None}


def _bridge_tls(settings: Settings) -> TlsFiles | None:
    files = settings.bridge_tls_cert_file, settings.bridge_tls_key_file, settings.bridge_tls_ca_file
    cert, key, ca = files
    if cert is None or key is None or ca is None:
        return None
    return TlsFiles(cert_file=cert, key_file=key, ca_file=ca)
