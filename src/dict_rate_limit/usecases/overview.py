"""Everything the page shows of one participant."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.errors import NoReadingError, StoreError
from dict_rate_limit.usecases.readings.readings import Overview, StoredOverview

if TYPE_CHECKING:
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.stores import Stores
    from dict_rate_limit.usecases.readings.reader import Reader
    from dict_rate_limit.usecases.readings.readings import Reading

STORE_TIMEOUT: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class OverviewDeps:
    """Where the page is looked up."""

    reader: Reader
    stores: Stores
    clock: Clock


async def overview(parts: OverviewDeps, participant: str) -> Overview:
    """Return the reading and the stored alerts; what is unavailable is None, never an error.

    Raises:
        InvalidValueError: the participant is not configured.
    """
    reading, stored = await asyncio.gather(_reading(parts.reader, participant), _stored(parts, participant))
    return Overview(
        participant=participant,
        participants=parts.reader.participants,
        reading=reading,
        stored=stored,
        now=parts.clock.now(),
    )


async def _reading(reader: Reader, participant: str) -> Reading | None:
    try:
        return await reader.read(participant)
    except NoReadingError:
        return None


async def _stored(parts: OverviewDeps, participant: str) -> StoredOverview | None:
    try:
        async with asyncio.timeout(STORE_TIMEOUT):
            latest = (await parts.stores.state.latest([participant])).get(participant)
            return StoredOverview(
                alerts=await parts.stores.state.open_alerts([participant]),
                silences=await parts.stores.silences.current(parts.clock.now()),
                backlog=await parts.stores.outbox.backlog(),
                last_outcome=None if latest is None else latest.last_outcome,
            )
    except (StoreError, TimeoutError):
        return None
