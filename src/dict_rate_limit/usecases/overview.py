"""Everything the page for people shows of one participant."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.errors import NoReadingError, StoreError
from dict_rate_limit.usecases.view import Overview, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain.alert import Alert
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.ports import Clock, StateStore
    from dict_rate_limit.usecases.read import Reader

PATIENCE: Final = 1.0


async def overview(reader: Reader, store: StateStore, clock: Clock, participant: str) -> Overview:
    """Gather reading and open alerts; what cannot be had is None, never an error.

    Raises:
        InvalidValueError: the participant is not configured.
    """
    reading, stored = await asyncio.gather(_reading(reader, participant), _stored(store, participant))
    alerts, last_outcome = stored
    return Overview(
        participant=participant,
        participants=reader.participants,
        reading=reading,
        alerts=alerts,
        last_outcome=last_outcome,
        now=clock.now(),
    )


async def _reading(reader: Reader, participant: str) -> Reading | None:
    try:
        return await reader.read(participant)
    except NoReadingError:
        return None


async def _stored(store: StateStore, participant: str) -> tuple[Sequence[Alert] | None, Outcome | None]:
    try:
        async with asyncio.timeout(PATIENCE):
            alerts = await store.open_alerts([participant])
            latest = (await store.latest([participant])).get(participant)
    except (StoreError, TimeoutError):
        return None, None
    return alerts, None if latest is None else latest.last_outcome
