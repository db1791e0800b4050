"""The cache shared by all processes, and the limiter of their source calls."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.buckets.reading import Snapshot


from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from dict_rate_limit.domain.buckets.reading import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSnapshot:
    """A snapshot in the cache and when it was read from the source (our clock)."""

    snapshot: Snapshot
    fetched_at: datetime


class SnapshotCache(Protocol):
    """The last snapshot of each participant, shared by all processes. Entries live a day.

    Raises CacheUnavailableError from every method when it cannot be reached.
    """

    async def get(self, participant: str) -> CachedSnapshot | None:
        """Return the entry; an entry that cannot be read counts as none."""

    async def put(self, entry: CachedSnapshot) -> None:
        """Keep the entry unless a newer one (by fetched_at) is there."""


class RateLimiter(Protocol):
    """Admits source calls of readers, across processes."""

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        """Return True for the first caller, then False for everyone until `spacing` has passed.

        Raises:
            CacheUnavailableError | StoreUnavailableError: cannot tell.
        """


class CacheStatus(StrEnum):
    """Where an answer came from; the word of the header `X-Cache-Status`."""

    HIT = "HIT"  # younger than the cache life
    MISS = "MISS"  # read from the source for this very answer
    STALE = "STALE"  # older than the cache life: nothing newer may or can be had
