"""One monitoring cycle over a group of participants: fetch, record, publish. Each participant fails alone."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.buckets.reading import Snapshot
from dict_rate_limit.domain.errors import (
    CacheUnavailableError,
    Outcome,
    StoreError,
    StoreUnavailableError,
)
from dict_rate_limit.ports.cache import CachedSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dict_rate_limit.domain.alerts.state import AlertConfig
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.cache import SnapshotCache
    from dict_rate_limit.ports.stores import StateStore


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What one poll became. `repeated`: it was in the store already. `events` counts its transitions."""

    participant: str
    repeated: bool
    is_new_reading: bool
    events: int


async def record_group(
    store: StateStore, polls: Sequence[Poll], rules: AlertConfig, gate: asyncio.Semaphore
) -> list[Recorded]:
    """Keep and judge every poll, one transaction each, no more of them at once than the gate lets through.

    Raises:
        StoreUnavailableError | StoreError: after every poll was tried; those that went through stay recorded, and
            a repetition finds them so.
    """
    results = await asyncio.gather(*(_record(store, poll, rules, gate) for poll in polls), return_exceptions=True)
    faults = [result for result in results if isinstance(result, BaseException)]
    if faults:
        raise min(faults, key=_urgency)
    return [result for result in results if isinstance(result, Recorded)]


async def _record(store: StateStore, poll: Poll, rules: AlertConfig, gate: asyncio.Semaphore) -> Recorded:
    async with gate, store.begin(poll.participant) as unit:
        state = await unit.load(poll)
        if state is None:
            return Recorded(participant=poll.participant, repeated=True, is_new_reading=False, events=0)
        _, evaluation = evaluate_poll(state, poll, rules)
        await unit.save(evaluation)
    return Recorded(
        participant=poll.participant,
        repeated=False,
        is_new_reading=evaluation.is_new_reading,
        events=len(evaluation.events),
    )


def _urgency(fault: BaseException) -> int:
    """Put what a retry heals first, or else one refused poll would keep the others from being retried."""
    if isinstance(fault, StoreUnavailableError):
        return 0
    return 1 if isinstance(fault, StoreError) else 2


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
