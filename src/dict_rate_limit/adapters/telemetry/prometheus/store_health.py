"""The state of the store itself. Looked at apart: a schema that is behind answers nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import gauge
from dict_rate_limit.domain.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from datetime import datetime

    from prometheus_client import Metric

    from dict_rate_limit.ports.stores import StoreHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealthState:
    """One look; None is what nobody knows."""

    partitions_ahead: int | None = None
    schema_version: int | None = None


async def read_store_health(store: StoreHealth, now: datetime, timeout: float) -> StoreHealthState:
    """Look for so many seconds at most; what the store does not answer is None."""
    version = await _value_or_none(store.schema_version(), timeout)
    if version is None:
        return StoreHealthState()
    return StoreHealthState(
        partitions_ahead=await _value_or_none(store.partitions_ahead(now), timeout), schema_version=version
    )


class StoreHealthCollector(Collector):
    """What is known of one look."""

    def __init__(self, condition: StoreHealthState) -> None:
        """Take the look's result."""
        self._condition = condition

    def collect(self) -> Iterator[Metric]:
        """Give it."""
        known = {
            "partitions_ahead": self._condition.partitions_ahead,
            "schema_version": self._condition.schema_version,
        }
        for name, value in known.items():
            if value is not None:
                family = gauge(name)
                family.add_metric((), value)
                yield family


async def _value_or_none(answer: Awaitable[int | None], timeout: float) -> int | None:
    try:
        async with asyncio.timeout(timeout):
            return await answer
    except (StoreError, TimeoutError):
        return None
