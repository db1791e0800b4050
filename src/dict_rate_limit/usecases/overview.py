"""Everything the page for people shows of one participant."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.errors import NoReadingError, StoreError
from dict_rate_limit.usecases.view import Overview, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain.alert import Alert
    from dict_rate_limit.ports import Clock, StateStore
    from dict_rate_limit.usecases.read import Reader

PATIENCE: Final = 1.0


async def overview(reader: Reader, store: StateStore, clock: Clock, participant: str) -> Overview:
    """Gather reading and open alerts; what cannot be had is None, never an error.

    Raises:
        InvalidValueError: the participant is not configured.
    """
    reading, alerts = await asyncio.gather(_reading(reader, participant), _alerts(store, participant))
    return Overview(
        participant=participant,
        participants=reader.participants,
        reading=reading,
        alerts=alerts,
        now=clock.now(),
    )


async def _reading(reader: Reader, participant: str) -> Reading | None:
    try:
        return await reader.read(participant)
    except NoReadingError:
        return None


async def _alerts(store: StateStore, participant: str) -> Sequence[Alert] | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await store.open_alerts([participant])
    except (StoreError, TimeoutError):
        return None
