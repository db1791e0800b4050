"""One monitoring cycle: poll the source, record and evaluate the polls, put new snapshots into the cache."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import AlertConfig
from dict_rate_limit.domain.buckets.catalog import LIST_TOKEN_PERIOD
from dict_rate_limit.domain.buckets.reading import FailedPoll, Poll, Snapshot
from dict_rate_limit.domain.errors import CacheUnavailableError, Outcome, SourceError, StoreError, StoreUnavailableError
from dict_rate_limit.ports.cache import CachedSnapshot, SnapshotCache
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.source import PolicySource
from dict_rate_limit.ports.stores import StateStore
from dict_rate_limit.texts.alert_lines import alert_events

MAX_BACKOFF: Final = timedelta(minutes=10)
"""A Retry-After above this is not believed: it would blind us."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How hard a poll tries. No try begins later than `retry_window` after the poll's first.

    A group of 50 with sources that let every 5 s deadline pass is done within the window and five deadlines.
    """

    concurrency: int = 16
    attempts: int = 3
    first_pause: timedelta = timedelta(milliseconds=200)
    retry_window: timedelta = timedelta(seconds=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Polls the source. After a 429 this process does not poll the participant until its pause is over."""

    source: PolicySource
    clock: Clock
    retry_policy: RetryPolicy = RetryPolicy()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _not_before: dict[str, datetime] = field(default_factory=dict)

    async def fetch_group(self, participants: Sequence[str]) -> list[Poll]:
        """Poll every participant that may be asked now, in the given order; no fault of the source is raised."""
        now = self.clock.now()
        asked = [name for name in participants if self._not_before.get(name, now) <= now]
        gate = asyncio.Semaphore(self.retry_policy.concurrency)
        window_ends = self.clock.monotonic() + self.retry_policy.retry_window.total_seconds()
        polls = await asyncio.gather(*(self._poll(name, gate, window_ends) for name in asked), return_exceptions=True)
        return [self._accounted(name, poll) for name, poll in zip(asked, polls, strict=True)]

    async def _poll(self, participant: str, gate: asyncio.Semaphore, window_ends: float) -> Poll:
        async with gate:
            return await self._tries(participant, window_ends)

    async def _tries(self, participant: str, window_ends: float) -> Poll:
        pause = self.retry_policy.first_pause.total_seconds()
        for _ in range(1, self.retry_policy.attempts):
            try:
                return await self.source.list_policies(participant)
            except SourceError as error:
                wait = max(pause, error.retry_after_sec or 0)
                if not error.retry_helps or self.clock.monotonic() + wait > window_ends:
                    return self._failed(participant, error)
            await self.sleep(wait)
            pause *= 2
        try:
            return await self.source.list_policies(participant)
        except SourceError as error:
            return self._failed(participant, error)

    def _failed(self, participant: str, error: SourceError) -> FailedPoll:
        now = self.clock.now()
        if error.outcome is Outcome.RATE_LIMITED:
            told = timedelta(seconds=error.retry_after_sec or 0)
            self._not_before[participant] = now + min(max(told, LIST_TOKEN_PERIOD), MAX_BACKOFF)
        return FailedPoll(
            participant=participant,
            source=self.source.name,
            outcome=error.outcome,
            detail=error.detail,
            received_at=now,
            retry_after_sec=error.retry_after_sec,
            correlation_id=error.correlation_id,
        )

    def _accounted(self, participant: str, poll: Poll | BaseException) -> Poll:
        """Turn what a source may not raise into a failed poll: one participant's odd answer stops no other's."""
        if not isinstance(poll, BaseException):
            return poll
        if not isinstance(poll, Exception):
            raise poll
        _log.error("source.broke_contract", extra={"participant": participant}, exc_info=poll)
        return self._failed(participant, SourceError(Outcome.MALFORMED, f"unexpected {type(poll).__name__}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The result of recording one poll. `repeated`: it was stored before. `events` counts its transitions."""

    participant: str
    repeated: bool
    is_new_reading: bool
    events: int


async def record_group(
    store: StateStore, polls: Sequence[Poll], config: AlertConfig, gate: asyncio.Semaphore
) -> list[Recorded]:
    """Store and evaluate every poll, one transaction each, as many at a time as the semaphore allows.

    Raises:
        StoreUnavailableError | StoreError: after every poll was tried. Those that succeeded remain recorded, and a
            retry finds them so.
    """
    results = await asyncio.gather(*(_record(store, poll, config, gate) for poll in polls), return_exceptions=True)
    faults = [result for result in results if isinstance(result, BaseException)]
    if faults:
        raise min(faults, key=_urgency)
    return [result for result in results if isinstance(result, Recorded)]


async def _record(store: StateStore, poll: Poll, config: AlertConfig, gate: asyncio.Semaphore) -> Recorded:
    async with gate, store.begin(poll.participant) as unit:
        state = await unit.load(poll)
        if state is None:
            return Recorded(participant=poll.participant, repeated=True, is_new_reading=False, events=0)
        _, evaluation = evaluate_poll(state, poll, config)
        await unit.save(evaluation, alert_events(evaluation.changes))
    return Recorded(
        participant=poll.participant,
        repeated=False,
        is_new_reading=evaluation.is_new_reading,
        events=len(evaluation.changes),
    )


def _urgency(fault: BaseException) -> int:
    # An error that a retry can resolve comes first: one rejected poll must not prevent the retry of the others.
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
