"""Everything the page shows of one participant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dict_rate_limit.domain.alerts.alert import Alert
from dict_rate_limit.domain.errors import NoReadingError, Outcome, StoreError
from dict_rate_limit.domain.notifications.silence import Silence
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.ports.stores import Stores
from dict_rate_limit.usecases.readings.entry import Reading
from dict_rate_limit.usecases.readings.reader import Reader

STORE_TIMEOUT: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class OverviewDeps:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOverview:
    """What the database knows for the page.

    Alerts are the participant's open ones, worst first, then oldest first.
    `silences` are the active and future ones of all participants. `last_outcome` is that of the monitor's last poll,
    None before the first.
    """

    alerts: Sequence[Alert]
    silences: Sequence[Silence]
    backlog: Backlog
    last_outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the page for people shows: `reading` is None while there has never been one, `stored` while unknown."""

    participant: str
    participants: Sequence[str]
    reading: Reading | None
    stored: StoredOverview | None
    now: datetime
