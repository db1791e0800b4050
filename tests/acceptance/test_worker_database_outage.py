"""The worker while PostgreSQL stops and starts again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.postgres.migrations.runner import up
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.apps.local.postgres import NOT_DURABLE, embedded_postgres
from dict_rate_limit.bootstrap.store import postgres_stores
from samples.worker import Stage, eventually, pause, running_worker
from temporal_namespace import new_namespace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SCHEDULES = ("monitor-rate-limits-1", "sweep-transitions")


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[str]:
    async with embedded_postgres(folder, NOT_DURABLE) as url:
        await up(url)
        yield url


async def test_no_reading_is_lost_while_the_database_is_unavailable(temporal_address: str, data_folder: Path) -> None:
    address, stage = await new_namespace(temporal_address), Stage()
    async with postgres(data_folder) as url:
        pass  # starts once, so that the address is known
    async with open_pool(url, timeout_sec=3.0) as pool:
        stage.stores = postgres_stores(pool)
        async with running_worker(stage.parts(address, "@every 1s")):
            async with postgres(data_folder):
                await eventually(lambda: stage.has_recorded(2))
            seen = stage.source.calls
            await eventually(lambda: was_asked(stage, seen + 1))

            async with postgres(data_folder):
                await eventually(lambda: stage.has_recorded(seen + 2))
                await pause(address, *SCHEDULES)
                recorded = await stage.recorded()

    assert recorded == stage.source.calls


async def was_asked(stage: Stage, times: int) -> bool:
    return stage.source.calls >= times
