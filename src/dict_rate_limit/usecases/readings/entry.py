"""The cached reading of one participant in this process."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.domain.alerts.evaluation import evaluate_buckets
from dict_rate_limit.domain.alerts.state import EvaluatedBucket, PolicyOverride
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.buckets.reading import Snapshot
from dict_rate_limit.ports.cache import CachedSnapshot, CacheStatus
from dict_rate_limit.ports.clock import Clock

MEMORY_TTL_SEC: Final = 1.0

# A snapshot from further in the future has a wrong clock's timestamp. Accepted, it would hide the correct ones.
CLOCK_SKEW: Final = timedelta(minutes=1)

_LONG_AGO: Final = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An evaluated snapshot.

    It stays the same object until the snapshot or the thresholds change, so what is derived from it can be cached.
    """

    snapshot: Snapshot
    buckets: tuple[EvaluatedBucket, ...]
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A view and its age. `age` and `expires_in`, the cache TTL left (0 = STALE), are whole seconds."""

    view: View
    status: CacheStatus
    expires_in: int
    age: int


class CacheEntry:
    """The newest snapshot of a participant, evaluated once, with its expiry."""

    def __init__(self, participant: str, thresholds: Thresholds, cache_ttl: timedelta, clock: Clock) -> None:
        self.participant = participant
        self._thresholds = thresholds
        self._ttl = cache_ttl.total_seconds()
        self._clock = clock
        self._overrides: Mapping[str, PolicyOverride] = {}
        self._view: View | None = None
        self._expires_at = _LONG_AGO
        self._reading: Reading | None = None
        self._reading_until = _LONG_AGO
        self._refresh: asyncio.Task[bool] | None = None

    @property
    def is_empty(self) -> bool:
        """There has never been a snapshot."""
        return self._view is None

    @property
    def reading_until(self) -> float:
        """The monotonic time until which `unexpired` returns the reading that it returned last."""
        return self._reading_until

    @property
    def ttl_left(self) -> float:
        """The seconds left of the cache TTL; 0 without a fresh snapshot."""
        return 0 if self._view is None else max(0.0, self._ttl - self._age(self._view))

    def unexpired(self) -> Reading | None:
        """Return the reading, or None when it must be refreshed first."""
        now = self._clock.monotonic()
        if now < self._reading_until:
            return self._reading
        if self._view is None or now >= self._expires_at:
            return None
        age = self._age(self._view)
        # The reading stays the same until a whole second of its age or of the TTL has passed.
        unchanged = min(1 - age % 1, (self._ttl - age) % 1 or 1)
        self._reading = self.reading()
        self._reading_until = min(self._expires_at, now + unchanged)
        return self._reading

    def reading(self, *, missed: bool = False) -> Reading | None:
        """Return the reading, expired or not; `missed` when the source was called for it. None without a snapshot."""
        if self._view is None:
            return None
        age = self._age(self._view)
        left = max(0, math.ceil(self._ttl - age))
        status = CacheStatus.HIT if left else CacheStatus.STALE
        return Reading(
            view=self._view, status=CacheStatus.MISS if missed else status, expires_in=left, age=max(0, int(age))
        )

    def use_overrides(self, overrides: Mapping[str, PolicyOverride]) -> None:
        """Evaluate with these overrides from now on."""
        if overrides != self._overrides:
            self._overrides = overrides
            if self._view is not None:
                self._view = self._evaluated(self._view)

    def update(self, newer: CachedSnapshot | None) -> bool:
        """Replace the snapshot by a newer one; return whether it was newer and plausible."""
        if newer is None or newer.fetched_at > self._clock.now() + CLOCK_SKEW:
            return False
        if self._view is not None and newer.fetched_at <= self._view.fetched_at:
            return False
        self._view = self._evaluated(newer)
        return True

    def renew(self) -> None:
        """Let the entry expire a second from now, or with the TTL of its snapshot."""
        self._expires_at = self._clock.monotonic() + min(MEMORY_TTL_SEC, self.ttl_left or MEMORY_TTL_SEC)
        self._reading_until = _LONG_AGO

    def join_refresh(self, refresh: Callable[[CacheEntry], Awaitable[bool]]) -> asyncio.Task[bool]:
        """Return the running refresh, or start one; its result is whether the source was called."""
        if self._refresh is None:
            self._refresh = asyncio.create_task(self._refreshed(refresh))
        return self._refresh

    async def close(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)

    async def _refreshed(self, refresh: Callable[[CacheEntry], Awaitable[bool]]) -> bool:
        try:
            return await refresh(self)
        finally:
            self._refresh = None

    def _age(self, view: View) -> float:
        return (self._clock.now() - view.fetched_at).total_seconds()

    def _evaluated(self, entry: CachedSnapshot | View) -> View:
        return View(
            snapshot=entry.snapshot,
            buckets=evaluate_buckets(entry.snapshot.buckets, self._overrides, self._thresholds),
            fetched_at=entry.fetched_at,
        )
