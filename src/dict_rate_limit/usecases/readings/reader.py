"""The last reading of a participant for anyone who asks, at a price for the source that nobody can raise by asking.

Memory (a second) → cache → the monitor's last reading → source, where budget and gate allow; else what there is.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.errors import (
    CacheUnavailableError,
    InvalidValueError,
    NoReadingError,
    Outcome,
    SourceError,
    StoreError,
)
from dict_rate_limit.ports.cache import CachedSnapshot, CacheStatus
from dict_rate_limit.usecases.readings.budget import BudgetConfig, SourceBudget
from dict_rate_limit.usecases.readings.entry import CacheEntry
from dict_rate_limit.usecases.readings.readings import Reading, View
from dict_rate_limit.usecases.readings.store_fallback import StoreFallback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dict_rate_limit.domain.buckets.level import Thresholds
    from dict_rate_limit.domain.buckets.reading import Snapshot
    from dict_rate_limit.ports.cache import RateLimiter, SnapshotCache
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.source import PolicySource
    from dict_rate_limit.ports.stores import StateStore

MEMORY_LIFE: Final = 1.0
PATIENCE: Final = 1.0
WINNER_PAUSE: Final = 0.1
WINNER_TRIES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderDeps:
    """The outside of a reader. Of the gates the first that can tell decides."""

    source: PolicySource
    cache: SnapshotCache
    gates: Sequence[RateLimiter]
    store: StateStore
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderConfig:
    """Who may be asked for (the first is the default), how buckets are judged, what readers may spend."""

    participants: Sequence[str]
    thresholds: Thresholds
    budget: BudgetConfig


class Reader:
    """Readings of the configured participants. Its own source calls are neither recorded nor judged."""

    def __init__(self, parts: ReaderDeps, rules: ReaderConfig) -> None:
        """Hold one place per configured participant and nothing else, however many are asked for."""
        self._parts = parts
        self._life = rules.budget.cache_ttl.total_seconds()
        self._stored = StoreFallback(parts.store, parts.clock)
        self._held = {
            name: CacheEntry(name, rules.thresholds, SourceBudget(rules.budget, parts.clock))
            for name in rules.participants
        }
        self._calls: Counter[tuple[str, Outcome]] = Counter()
        self.participants: Sequence[str] = tuple(self._held)
        self.now = parts.clock.monotonic

    @property
    def source_calls(self) -> Mapping[tuple[str, Outcome], int]:
        """How many source calls this process made, by participant and outcome."""
        return self._calls

    def cached(self, participant: str) -> Reading | None:
        """Return what memory alone can answer; None when it is a second old or the participant unknown."""
        held = self._held.get(participant)
        if held is None or held.view is None:
            return None
        now = self._parts.clock.monotonic()
        if now < held.reading_until:
            return held.reading
        if now >= held.until:
            return None
        held.reading = self._reading(held.view)
        held.reading_until = min(held.until, now + self._unchanged(held.view))
        return held.reading

    def cached_until(self, participant: str) -> float:
        """Return the monotonic moment until which `remembered` gives the reading it has just given."""
        return self._held[participant].reading_until

    async def read(self, participant: str) -> Reading:
        """Return the newest reading that may be had.

        Raises:
            InvalidValueError: the participant is not configured.
            NoReadingError: there has never been a reading, and none can be had now.
        """
        if participant not in self._held:
            message = "participant: not one that is watched here"
            raise InvalidValueError(message)
        return self.cached(participant) or await self._refreshed(self._held[participant])

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [held.task for held in self._held.values() if held.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reading(self, view: View, *, missed: bool = False) -> Reading:
        age = (self._parts.clock.now() - view.fetched_at).total_seconds()
        left = max(0, math.ceil(self._life - age))
        status = CacheStatus.HIT if left else CacheStatus.STALE
        return Reading(
            view=view,
            status=CacheStatus.MISS if missed else status,
            expires_in=left,
            age=max(0, int(age)),
        )

    def _unchanged(self, view: View) -> float:
        """Return for how long a reading of this view says the same: until a whole second of age or life is over."""
        age = (self._parts.clock.now() - view.fetched_at).total_seconds()
        return min(1 - age % 1, (self._life - age) % 1 or 1)

    async def _refreshed(self, held: CacheEntry) -> Reading:
        if held.task is None:
            held.task = asyncio.create_task(self._refresh(held))
        task = held.task
        while not (await asyncio.wait({task}, timeout=PATIENCE))[0]:
            if held.view is not None:  # a slow source keeps nobody waiting who can have the last reading
                return self._reading(held.view)
        missed = task.result()
        if held.view is None:
            message = f"no reading of participant {held.participant} yet"
            raise NoReadingError(message)
        return self._reading(held.view, missed=missed)

    async def _refresh(self, held: CacheEntry) -> bool:
        """Bring what is held up to date; True when the source was read for it."""
        try:
            held.use_overrides(await self._stored.rules(held.participant))
            missed = not await self._found(held) and await self._called(held)
            held.until = self._parts.clock.monotonic() + min(MEMORY_LIFE, self._left(held) or MEMORY_LIFE)
            held.reading_until = float("-inf")
            return missed
        finally:
            held.task = None

    def _left(self, held: CacheEntry) -> float:
        """Return the seconds of cache life left, 0 when there is nothing fresh."""
        if held.view is None:
            return 0
        return max(0.0, self._life - (self._parts.clock.now() - held.view.fetched_at).total_seconds())

    async def _found(self, held: CacheEntry) -> bool:
        """Take the newest of cache and, where that is not fresh, the monitor's last reading; True when fresh."""
        await self._take_cached(held)
        if not self._left(held):
            held.keep(await self._stored.latest(held.participant), self._parts.clock.now())
        return self._left(held) > 0

    async def _take_cached(self, held: CacheEntry) -> bool:
        """Take what the cache has; False when it cannot be reached."""
        try:
            held.keep(await self._parts.cache.get(held.participant), self._parts.clock.now())
        except CacheUnavailableError:
            return False
        return True

    async def _called(self, held: CacheEntry) -> bool:
        """Read the source if that is allowed; True when it gave a reading."""
        if not held.budget.allows():
            return False
        if not await self._admitted(held):
            await self._wait_for_winner(held)
            return False
        snapshot = await self._listed(held)
        if snapshot is None or not snapshot.buckets:  # an empty answer is no data: the last reading stays
            return False
        entry = CachedSnapshot(snapshot=snapshot, fetched_at=snapshot.received_at)
        held.keep(entry, self._parts.clock.now())
        with suppress(CacheUnavailableError):
            await self._parts.cache.put(entry)
        return True

    async def _admitted(self, held: CacheEntry) -> bool:
        """Ask the gates, the first that can tell; with none that can nobody is admitted."""
        for gate in self._parts.gates:
            with suppress(CacheUnavailableError, StoreError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    return await gate.acquire(held.participant, held.budget.spacing)
        return False

    async def _listed(self, held: CacheEntry) -> Snapshot | None:
        held.budget.consume()
        try:
            snapshot = await self._parts.source.list_policies(held.participant)
        except SourceError as error:
            held.budget.record_failure(error)
            self._calls[held.participant, error.outcome] += 1
            return None
        self._calls[held.participant, snapshot.outcome] += 1
        return snapshot

    async def _wait_for_winner(self, held: CacheEntry) -> None:
        """Where there has been nothing to give, look two seconds, once, for the entry of whoever was admitted."""
        if held.waited:
            return
        held.waited = True
        for _ in range(WINNER_TRIES):
            if held.view is not None or not await self._take_cached(held):
                return
            await asyncio.sleep(WINNER_PAUSE)
