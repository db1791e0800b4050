"""The state of the store itself. It is read separately, as an outdated schema answers nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import Families, gauge
from dict_rate_limit.domain.errors import StoreError
from dict_rate_limit.ports.stores import StoreHealth

STORE_TIMEOUT_SEC: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealthState:
    """The state at one scrape; None is unknown."""

    partitions_ahead: int | None = None
    schema_version: int | None = None


async def read_store_health(store: StoreHealth, now: datetime) -> StoreHealthState:
    """Read the state of the store; None for what it does not answer within STORE_TIMEOUT_SEC."""
    version = await _value_or_none(store.schema_version())
    if version is None:
        return StoreHealthState()
    return StoreHealthState(partitions_ahead=await _value_or_none(store.partitions_ahead(now)), schema_version=version)


class StoreHealthCollector(Collector):
    """The metrics of one scrape."""

    def __init__(self, state: StoreHealthState) -> None:
        self._state = state

    def collect(self) -> Families:
        known = {
            "partitions_ahead": self._state.partitions_ahead,
            "schema_version": self._state.schema_version,
        }
        for name, value in known.items():
            if value is not None:
                family = gauge(name)
                family.add_metric((), value)
                yield family


async def _value_or_none(answer: Awaitable[int | None]) -> int | None:
    try:
        async with asyncio.timeout(STORE_TIMEOUT_SEC):
            return await answer
    except (StoreError, TimeoutError):
        return None
