"""The one place where real adapters meet the use cases: settings in, parts out."""

from __future__ import annotations

import logging
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.bridge.certificates import TlsFiles
from dict_rate_limit.adapters.bridge.source import BridgeSource
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.log_publisher import LogPublisher
from dict_rate_limit.adapters.operations import Readiness
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.postgres.schema import require_schema
from dict_rate_limit.adapters.postgres.store import PostgresStore
from dict_rate_limit.adapters.prometheus.exporter import Exporter, StoredSource
from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.adapters.temporal import TemporalAddress, TemporalTls
from dict_rate_limit.domain.state import Rules
from dict_rate_limit.usecases.budget import BudgetRules
from dict_rate_limit.usecases.monitor import Fetcher
from dict_rate_limit.usecases.read import Reader, ReadParts, ReadRules
from dict_rate_limit.workflows.activities import Activities
from dict_rate_limit.workflows.schedules import Timetable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from typing import TextIO

    from dict_rate_limit.adapters.operations import Check
    from dict_rate_limit.adapters.postgres.pool import Pool
    from dict_rate_limit.adapters.prometheus.exporter import Collector
    from dict_rate_limit.settings import Settings

POOL_SIZE = 6
"""Four recordings at once, a drain and a scrape beside them."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """What every program stands on."""

    clock: SystemClock
    pool: Pool
    store: PostgresStore
    cache: RedisCache
    source: BridgeSource
    version: str

    async def require_schema(self) -> None:
        """Return when this code can use the database; raises StoreError, as `schema.require_schema` tells."""
        await require_schema(self.pool)


@asynccontextmanager
async def backing(settings: Settings) -> AsyncIterator[Backing]:
    """Hold the parts open. Nothing has to be reachable: each says so when it is used."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.database_url or "", max_size=POOL_SIZE))
        cache = RedisCache(settings.redis_addr or "", settings.redis_password, tls=settings.redis_tls)
        stack.push_async_callback(cache.close)
        source = BridgeSource(
            settings.bridge_grpc_address or "", clock=clock, tls=_bridge_tls(settings), on_problem=_log.warning
        )
        stack.push_async_callback(source.close)
        yield Backing(
            clock=clock,
            pool=pool,
            store=PostgresStore(pool),
            cache=cache,
            source=source,
            version=version("dict-rate-limit"),
        )


def reader(settings: Settings, parts: Backing) -> Reader:
    """Make the reading side."""
    return Reader(
        ReadParts(
            source=parts.source,
            cache=parts.cache,
            gates=(parts.cache, parts.store),
            store=parts.store,
            clock=parts.clock,
        ),
        ReadRules(
            participants=settings.participants,
            thresholds=settings.thresholds,
            budget=BudgetRules(cache_ttl=settings.cache_ttl, share=settings.list_budget_share),
        ),
    )


def activities(settings: Settings, parts: Backing, transitions: TextIO | None = None) -> Activities:
    """Make the monitoring side; transitions go to `transitions`, by default stdout."""
    return Activities(
        fetcher=Fetcher(source=parts.source, source_name="bridge", clock=parts.clock),
        store=parts.store,
        cache=parts.cache,
        outbox=parts.store,
        publisher=LogPublisher(stream=transitions or sys.stdout, clock=parts.clock, version=parts.version),
        maintenance=parts.store,
        clock=parts.clock,
        rules=Rules(
            thresholds=settings.thresholds,
            interval=settings.poll_interval,
            unreachable_after=settings.unreachable_after_intervals,
        ),
        retention_months=settings.retention_months,
    )


def timetable(settings: Settings) -> Timetable:
    """Say what Temporal has to schedule."""
    return Timetable(
        task_queue=settings.temporal_task_queue,
        cron=str(settings.workflow_cron_schedule),
        participants=settings.participants,
    )


def temporal_address(settings: Settings) -> TemporalAddress:
    """Say where Temporal is."""
    tls = TemporalTls(
        ca_file=settings.temporal_tls_ca_file,
        cert_file=settings.temporal_tls_cert_file,
        key_file=settings.temporal_tls_key_file,
        server_name=settings.temporal_tls_server_name,
    )
    return TemporalAddress(
        host=settings.temporal_host or "",
        namespace=settings.temporal_namespace,
        tls=tls if settings.temporal_tls else None,
    )


def exporter(settings: Settings, parts: Backing, counted: Sequence[Collector] = ()) -> Exporter:
    """Make what `/metrics` tells: stored state, and what this process counted."""
    stored = StoredSource(
        store=parts.store, participants=settings.participants, thresholds=settings.thresholds, clock=parts.clock
    )
    return Exporter(parts.version, stored, counted)


def readiness(settings: Settings, parts: Backing, more: Mapping[str, Check] | None = None) -> Readiness:
    """Make what `/ready` tells of the parts."""

    async def postgresql() -> str:
        await parts.require_schema()
        return "ok"

    async def redis() -> str:
        await parts.cache.ping()
        return "ok"

    async def source() -> str:
        first = settings.participants[0]
        latest = (await parts.store.latest([first])).get(first)
        return "not polled yet" if latest is None else f"last poll: {latest.last_outcome}"

    checks: dict[str, Check] = {"postgresql": postgresql, "redis": redis, "source": source}
    return Readiness(checks | dict(more or {}), parts.clock.monotonic)


def _bridge_tls(settings: Settings) -> TlsFiles | None:
    files = settings.bridge_tls_cert_file, settings.bridge_tls_key_file, settings.bridge_tls_ca_file
    cert, key, ca = files
    if cert is None or key is None or ca is None:
        return None
    return TlsFiles(cert_file=cert, key_file=key, ca_file=ca)
