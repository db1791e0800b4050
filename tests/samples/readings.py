"""A reader with counting sources, unavailable stores and a fake clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.memory.metrics import MemoryMetrics
from dict_rate_limit.adapters.memory.polls import MemoryRateLimiter, MemoryStateStore
from dict_rate_limit.adapters.memory.stores import MemoryStores, memory_stores
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.errors import CacheUnavailableError, Outcome, SourceError, StoreUnavailableError
from dict_rate_limit.texts.alert_lines import alert_events
from dict_rate_limit.usecases.readings.budget import BudgetConfig
from dict_rate_limit.usecases.readings.reader import Reader, ReaderConfig, ReaderDeps
from samples.domain import NOON, PARTICIPANT, RULES, THRESHOLDS, bucket, snapshot

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import Alert, Kind, Severity
    from dict_rate_limit.domain.alerts.state import PolicyOverride
    from dict_rate_limit.domain.buckets.bucket import Bucket
    from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
    from dict_rate_limit.ports.cache import CachedSnapshot, RateLimiter, SnapshotCache
    from dict_rate_limit.ports.stores import LatestReading, Stores


OTHER = "87654321"
TTL = timedelta(seconds=60)


class FakeClock:
    """A clock that the test moves."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return (self._at - NOON).total_seconds()

    def advance(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)


def policies_list(available: int = 20, capacity: int = 20) -> Bucket:
    """Make the bucket of the list itself."""
    return bucket(available, capacity, "POLICIES_LIST", 6, 60)


class CountingSource:
    """Returns `buckets`, or fails with `error`, and records every call."""

    name = "counting"

    def __init__(self, clock: FakeClock, *buckets: Bucket) -> None:
        self.clock = clock
        self.buckets = buckets or (bucket(), policies_list())
        self.error: SourceError | None = None
        self.calls: list[tuple[str, datetime]] = []
        self.hold: asyncio.Event | None = None

    async def list_policies(self, participant: str) -> Snapshot:
        self.calls.append((participant, self.clock.now()))
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return replace(snapshot(*self.buckets, at=self.clock.now()), participant=participant)

    async def get_policy(self, participant: str, policy_name: str) -> NoReturn:
        message = f"no test may ask for {policy_name} of {participant}"
        raise AssertionError(message)


class AbsentCache:
    """Redis that is unavailable: cache and limiter."""

    async def get(self, participant: str) -> CachedSnapshot | None:
        raise CacheUnavailableError(participant)

    async def put(self, entry: CachedSnapshot) -> None:
        raise CacheUnavailableError(entry.snapshot.participant)

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        raise CacheUnavailableError(participant, spacing)


class AbsentState(MemoryStateStore):
    """PostgreSQL that is unavailable, as a store of states."""

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        raise StoreUnavailableError(str(participants))

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        raise StoreUnavailableError(participant)

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        raise StoreUnavailableError(str(participants))

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        raise StoreUnavailableError(str(participants))

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        raise StoreUnavailableError(str(participants))


class AbsentLimiter(MemoryRateLimiter):
    """PostgreSQL that is unavailable, as a limiter of source calls."""

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        raise StoreUnavailableError(participant, spacing)


def absent_stores(clock: FakeClock) -> MemoryStores:
    """PostgreSQL that is unavailable: state and limiter."""
    stores = memory_stores(clock)
    return replace(stores, state=AbsentState(stores.database), rate_limiter=AbsentLimiter(clock))


class ReadingWorld:
    """The ports around one or more readers. A test replaces a port before it calls `reader`."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.source = CountingSource(self.clock)
        self.cache: SnapshotCache = MemoryCache(self.clock)
        self.stores: Stores = memory_stores(self.clock)
        self.participants: tuple[str, ...] = (PARTICIPANT, OTHER)
        self.budget = BudgetConfig(cache_ttl=TTL)
        self.metrics = MemoryMetrics()

    @property
    def gates(self) -> Sequence[RateLimiter]:
        caches = [self.cache] if isinstance(self.cache, (MemoryCache, AbsentCache)) else []
        return [*caches, self.stores.rate_limiter]

    def reader(self) -> Reader:
        """Make a reader, as another process would."""
        return Reader(
            ReaderDeps(
                source=self.source,
                cache=self.cache,
                gates=self.gates,
                store=self.stores.state,
                clock=self.clock,
                metrics=self.metrics,
            ),
            ReaderConfig(participants=self.participants, thresholds=THRESHOLDS, budget=self.budget),
        )


async def recorded(stores: Stores, *polls: Poll) -> None:
    """Record these polls as the monitor does."""
    for poll in polls:
        async with stores.state.begin(poll.participant) as unit:
            state = await unit.load(poll)
            assert state is not None
            _, evaluation = evaluate_poll(state, poll, RULES)
            await unit.save(evaluation, alert_events(evaluation.changes))
