"""The cache of a process that has no Redis."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dict_rate_limit.ports.cache import CachedSnapshot
from dict_rate_limit.ports.clock import Clock

LIFE: Final = timedelta(hours=24)
CLOCK_SKEW: Final = timedelta(minutes=1)


class MemoryCache:
    """SnapshotCache and RateLimiter of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[CachedSnapshot, float]] = {}
        self._closed_until: dict[str, float] = {}

    async def get(self, participant: str) -> CachedSnapshot | None:
        entry, until = self._entries.get(participant, (None, 0.0))
        return entry if self._clock.monotonic() < until else None

    async def put(self, entry: CachedSnapshot) -> None:
        """Store the entry unless there is a newer one. One from the future is wrong, not newer."""
        current = await self.get(entry.snapshot.participant)
        if current is not None and entry.fetched_at < current.fetched_at <= self._clock.now() + CLOCK_SKEW:
            return
        # By the monotonic clock: a step of the wall clock must not end an entry.
        until = self._clock.monotonic() + LIFE.total_seconds()
        self._entries[entry.snapshot.participant] = (entry, until)

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        now = self._clock.monotonic()
        if now < self._closed_until.get(participant, now):
            return False
        self._closed_until[participant] = now + spacing.total_seconds()
        return True
