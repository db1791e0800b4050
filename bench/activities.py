"""A cycle without Temporal: the same activities with the same services, one after the other in this process."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from io import StringIO
from typing import TYPE_CHECKING

from temporalio.testing import ActivityEnvironment

from bench.history import RULES
from dict_rate_limit.adapters.bridge.source import BridgeSource
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.adapters.log_publisher import LogPublisher
from dict_rate_limit.adapters.memory.notifications import CountedHeartbeat, FixedChannels, MemoryNotifier
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.usecases.notify import NotifyDeps
from dict_rate_limit.usecases.poll import Fetcher
from dict_rate_limit.workflows import inputs
from dict_rate_limit.workflows.activities import Activities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bench.stack import Services

RETENTION_MONTHS = 13


@asynccontextmanager
async def open_activities(services: Services) -> AsyncIterator[Activities]:
    """Create the worker's activities. Transitions are written to memory."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        stores = postgres_stores(await stack.enter_async_context(open_pool(services.database_url)))
        source = BridgeSource(services.bridge, clock=clock)
        stack.push_async_callback(source.close)
        cache = RedisCache(services.redis_addr)
        stack.push_async_callback(cache.close)
        yield Activities(
            fetcher=Fetcher(source=source, clock=clock),
            store=stores.state,
            cache=cache,
            outbox=stores.outbox,
            publisher=LogPublisher(stream=StringIO(), clock=clock, version="bench"),
            notifications=NotifyDeps(
                notifications=stores.notifications,
                silences=stores.silences,
                channels=FixedChannels(),
                notifier=MemoryNotifier(),
                clock=clock,
            ),
            heartbeat=CountedHeartbeat(),
            maintenance=stores.maintenance,
            clock=clock,
            rules=RULES,
            retention_months=RETENTION_MONTHS,
        )


async def cycle(activities: Activities, participants: Sequence[str]) -> int:
    """Fetch, record, publish; return the number of recorded polls."""
    environment = ActivityEnvironment()
    polls = await environment.run(activities.fetch, inputs.FetchInput(participants=list(participants)))
    recorded = await environment.run(activities.record, inputs.RecordInput(polls=polls))
    await environment.run(activities.publish, inputs.PublishInput(polls=polls))
    return recorded.recorded
