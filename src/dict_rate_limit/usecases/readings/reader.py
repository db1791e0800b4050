"""The last reading of a participant, at a cost for the source that clients cannot raise.

Order: memory (one second), cache, the monitor's last reading, then the source if budget and rate limiter allow it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from dict_rate_limit.domain.alerts.state import PolicyOverride
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.buckets.reading import Snapshot
from dict_rate_limit.domain.errors import (
    CacheUnavailableError,
    InvalidValueError,
    NoReadingError,
    SourceError,
    StoreError,
)
from dict_rate_limit.ports.cache import CachedSnapshot, RateLimiter, SnapshotCache
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.source import PolicySource
from dict_rate_limit.ports.stores import StateStore
from dict_rate_limit.ports.telemetry import NULL_METRICS, CountMetric, Metrics
from dict_rate_limit.usecases.readings.budget import BudgetConfig, SourceBudget
from dict_rate_limit.usecases.readings.entry import CacheEntry, Reading

TIMEOUT_SEC: Final = 1.0
WINNER_POLL_SEC: Final = 0.1
WINNER_POLLS: Final = 20
OVERRIDES_TTL_SEC: Final = 10.0
STORE_PAUSE_SEC: Final = 2.0

_LONG_AGO: Final = float("-inf")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderDeps:
    """The ports of a reader. Of the rate limiters the first that is available decides."""

    source: PolicySource
    cache: SnapshotCache
    gates: Sequence[RateLimiter]
    store: StateStore
    clock: Clock
    metrics: Metrics = NULL_METRICS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderConfig:
    """The configured participants (the first is the default), thresholds, and the budget of readers."""

    participants: Sequence[str]
    thresholds: Thresholds
    budget: BudgetConfig


class Reader:
    """Readings of the configured participants. Its own source calls are neither recorded nor evaluated for alerts."""

    def __init__(self, deps: ReaderDeps, config: ReaderConfig) -> None:
        self._deps = deps
        self._store = StoreFallback(deps.store, deps.clock)
        # One entry per configured participant: a client cannot make the cache grow.
        self._entries = {
            name: CacheEntry(name, config.thresholds, config.budget.cache_ttl, deps.clock)
            for name in config.participants
        }
        self._budgets = {name: SourceBudget(config.budget, deps.clock) for name in config.participants}
        self._waited: set[str] = set()
        self.participants: Sequence[str] = tuple(self._entries)
        self.now = deps.clock.monotonic

    def cached(self, participant: str) -> Reading | None:
        """Return the reading in memory; None when it has expired or the participant is unknown."""
        entry = self._entries.get(participant)
        return None if entry is None else entry.unexpired()

    def cached_until(self, participant: str) -> float:
        """Return the monotonic time until which `cached` returns the reading that it returned last."""
        return self._entries[participant].reading_until

    async def read(self, participant: str) -> Reading:
        """Return the newest available reading.

        Raises:
            InvalidValueError: the participant is not configured.
            NoReadingError: there has never been a reading, and the source gives none now.
        """
        entry = self._entries.get(participant)
        if entry is None:
            message = "participant: expected a configured one"
            raise InvalidValueError(message)
        return entry.unexpired() or await self._refreshed(entry)

    async def close(self) -> None:
        await asyncio.gather(*(entry.close() for entry in self._entries.values()))

    async def _refreshed(self, entry: CacheEntry) -> Reading:
        task = entry.join_refresh(self._refresh)
        while not (await asyncio.wait({task}, timeout=TIMEOUT_SEC))[0]:
            # A slow source must not delay a client that can have the last reading.
            if (last := entry.reading()) is not None:
                return last
        reading = entry.reading(missed=task.result())
        if reading is None:
            message = f"no reading of participant {entry.participant} yet"
            raise NoReadingError(message)
        return reading

    async def _refresh(self, entry: CacheEntry) -> bool:
        """Refresh the entry; return whether the source was called for it."""
        entry.use_overrides(await self._store.overrides(entry.participant))
        missed = not await self._found(entry) and await self._called(entry)
        entry.renew()
        return missed

    async def _found(self, entry: CacheEntry) -> bool:
        """Take the cached snapshot or, if not fresh, the monitor's last reading; return whether one is fresh."""
        await self._take_cached(entry)
        if not entry.ttl_left:
            self._update(entry, await self._store.latest(entry.participant))
        return entry.ttl_left > 0

    async def _take_cached(self, entry: CacheEntry) -> bool:
        """Take the cached snapshot; return whether the cache is available."""
        try:
            self._update(entry, await self._deps.cache.get(entry.participant))
        except CacheUnavailableError:
            return False
        return True

    def _update(self, entry: CacheEntry, newer: CachedSnapshot | None) -> None:
        if entry.update(newer) and newer is not None:
            self._budgets[entry.participant].update(newer.snapshot)

    async def _called(self, entry: CacheEntry) -> bool:
        """Call the source if that is allowed; return whether it gave a reading."""
        if not self._budgets[entry.participant].allows():
            return False
        if not await self._admitted(entry.participant):
            await self._wait_for_winner(entry)
            return False
        snapshot = await self._listed(entry.participant)
        # An answer without buckets is no data, so the last reading stays.
        if snapshot is None or not snapshot.buckets:
            return False
        fetched = CachedSnapshot(snapshot=snapshot, fetched_at=snapshot.received_at)
        self._update(entry, fetched)
        with suppress(CacheUnavailableError):
            await self._deps.cache.put(fetched)
        return True

    async def _admitted(self, participant: str) -> bool:
        spacing = self._budgets[participant].spacing
        for gate in self._deps.gates:
            with suppress(CacheUnavailableError, StoreError, TimeoutError):
                async with asyncio.timeout(TIMEOUT_SEC):
                    return await gate.acquire(participant, spacing)
        # Without any rate limiter the other processes' calls are unknown, so this one must not add to them.
        return False

    async def _listed(self, participant: str) -> Snapshot | None:
        self._budgets[participant].consume()
        try:
            snapshot = await self._deps.source.list_policies(participant)
        except SourceError as error:
            self._budgets[participant].record_failure(error)
            self._deps.metrics.count(CountMetric.SOURCE_CALLS, participant, error.outcome.value)
            return None
        self._deps.metrics.count(CountMetric.SOURCE_CALLS, participant, snapshot.outcome.value)
        return snapshot

    async def _wait_for_winner(self, entry: CacheEntry) -> None:
        """Wait for the snapshot of the process that was admitted: once per participant, two seconds at most."""
        # Only the very first reading is worth a wait. Later there is always an older one to return.
        if entry.participant in self._waited:
            return
        self._waited.add(entry.participant)
        for _ in range(WINNER_POLLS):
            if not entry.is_empty or not await self._take_cached(entry):
                return
            await asyncio.sleep(WINNER_POLL_SEC)


class StoreFallback:
    """Overrides and last readings of the database. After a failure it sends no query for two seconds."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._overrides: dict[str, Mapping[str, PolicyOverride]] = {}
        self._asked_at: dict[str, float] = {}
        self._down_until = _LONG_AGO

    async def overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        """Return the overrides, at most ten seconds old while the database answers; the same object if equal."""
        known = self._overrides.get(participant, {})
        now = self._clock.monotonic()
        if now < self._asked_at.get(participant, _LONG_AGO) + OVERRIDES_TTL_SEC:
            return known
        overrides = await self._query(lambda: self._store.policy_overrides(participant))
        if overrides is None:
            return known
        self._asked_at[participant] = now
        if overrides != known:
            self._overrides[participant] = overrides
        return self._overrides.get(participant, known)

    async def latest(self, participant: str) -> CachedSnapshot | None:
        """Return the monitor's last reading; None without one, or when the database does not answer."""
        found = await self._query(lambda: self._store.latest([participant]))
        latest = None if found is None else found.get(participant)
        if latest is None or latest.snapshot is None:
            return None
        return CachedSnapshot(snapshot=latest.snapshot, fetched_at=latest.snapshot.received_at)

    async def _query(self, query: Callable[[], Awaitable[_T]]) -> _T | None:
        if self._clock.monotonic() < self._down_until:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SEC):
                return await query()
        except (StoreError, TimeoutError):
            self._down_until = self._clock.monotonic() + STORE_PAUSE_SEC
            return None
