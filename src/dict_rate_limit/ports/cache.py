"""The cache shared by all processes, and the limiter of their source calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

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
        """Return the entry; None without one, or when it cannot be read."""

    async def put(self, entry: CachedSnapshot) -> None:
        """Store the entry unless there is a newer one (by fetched_at)."""


class RateLimiter(Protocol):
    """Limits source calls of readers, across processes."""

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        """Return True for the first caller, then False for all until `spacing` has passed.

        Raises:
            CacheUnavailableError | StoreUnavailableError: the server does not answer.
        """


class CacheStatus(StrEnum):
    """Where an answer came from; the word of the header `X-Cache-Status`."""

    HIT = "HIT"  # younger than the cache life
    MISS = "MISS"  # read from the source for this very answer
    STALE = "STALE"  # older than the cache life: nothing newer may or can be had
