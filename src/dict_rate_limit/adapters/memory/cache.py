"""The cache of a process that has no Redis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.ports.cache import CachedSnapshot
from dict_rate_limit.ports.clock import Clock

LIFE: Final = timedelta(hours=24)
CLOCK_SKEW: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Entry:
    entry: CachedSnapshot
    until: float


class MemoryCache:
    """SnapshotCache and RateLimiter of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._closed_until: dict[str, float] = {}

    async def get(self, participant: str) -> CachedSnapshot | None:
        found = self._entries.get(participant)
        if found is None or self._clock.monotonic() >= found.until:
            self._entries.pop(participant, None)
            return None
        return found.entry

    async def put(self, entry: CachedSnapshot) -> None:
        """Store the entry unless there is a newer one. One from the future is wrong, not newer."""
        current = await self.get(entry.snapshot.participant)
        if current is not None and entry.fetched_at < current.fetched_at <= self._now() + CLOCK_SKEW:
            return
        # By the monotonic clock: a step of the wall clock must not end an entry.
        until = self._clock.monotonic() + LIFE.total_seconds()
        self._entries[entry.snapshot.participant] = _Entry(entry, until)

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        now = self._clock.monotonic()
        if now < self._closed_until.get(participant, now):
            return False
        self._closed_until[participant] = now + spacing.total_seconds()
        return True

    def _now(self) -> datetime:
        return self._clock.now()
