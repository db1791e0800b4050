"""Put new snapshots into the cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
from dict_rate_limit.domain.errors import (
    CacheUnavailableError,
    Outcome,
)
from dict_rate_limit.ports.cache import CachedSnapshot, SnapshotCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """How many snapshots reached the cache, and why the rest did not (None: there is no rest)."""

    snapshots: int
    failure: CacheUnavailableError | None


async def cache_group(cache: SnapshotCache, polls: Iterable[Poll]) -> Cached:
    """Show readers the good snapshots; an answer without buckets is no data and replaces nothing.

    Stops at the first failure: an unreachable cache is waited for once, not once per participant.
    """
    done = 0
    for poll in polls:
        if not isinstance(poll, Snapshot) or poll.outcome is not Outcome.OK:
            continue
        try:
            await cache.put(CachedSnapshot(snapshot=poll, fetched_at=poll.received_at))
        except CacheUnavailableError as error:
            return Cached(snapshots=done, failure=error)
        done += 1
    return Cached(snapshots=done, failure=None)
