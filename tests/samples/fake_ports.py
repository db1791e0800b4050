"""Fake ports for tests of polling, publishing and notifying."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.memory.notifications import FixedChannels, MemoryNotifier
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.ports.delivery import Backlog, PublishResult
from dict_rate_limit.usecases.notify import NotifyDeps
from samples.domain import NOON, bucket, run, snapshot, ticks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.buckets.reading import Snapshot
    from dict_rate_limit.domain.notifications.channel import Channel
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.notifications import Notifier
    from dict_rate_limit.ports.stores import Stores


LATER = timedelta(seconds=15)


@dataclass(slots=True)
class FakeClock:
    """A clock that the test moves. Sleeping moves it too."""

    at: datetime = NOON
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def move(self, by: timedelta) -> None:
        self.at += by

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.move(timedelta(seconds=seconds))


@dataclass(slots=True)
class ScriptedSource:
    """Answers each participant by a script, then with valid readings. Records the calls and their concurrency."""

    clock: FakeClock
    name: str = "bridge"
    script: dict[str, list[BaseException]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    takes: timedelta = timedelta(0)

    async def list_policies(self, participant: str) -> Snapshot:
        self.asked.append(participant)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        self.clock.move(self.takes)
        if self.script.get(participant):
            raise self.script[participant].pop(0)
        return reading_of(participant, self.clock.now())

    async def get_policy(self, participant: str, policy_name: str) -> Snapshot:
        raise AssertionError((participant, policy_name))


def reading_of(participant: str, at: datetime = NOON, *, available: int = 1000) -> Snapshot:
    """Make a reading of one bucket of 1000."""
    return replace(snapshot(bucket(available), at=at), participant=participant)


def readings_of(participants: Sequence[str], at: datetime = NOON, *, available: int = 1000) -> list[Snapshot]:
    """Make one reading per participant."""
    return [reading_of(participant, at, available=available) for participant in participants]


def refusal(outcome: Outcome, retry_after_sec: int | None = None) -> SourceError:
    """Make an error of the source."""
    return SourceError(outcome, "said the test", retry_after_sec=retry_after_sec, correlation_id="c-1")


@dataclass(slots=True)
class ListOutbox:
    """An outbox in a list. While `busy`, another worker has claimed all of it."""

    waiting: list[AlertEvent]
    busy: bool = False
    marked_at: list[datetime] = field(default_factory=list)
    refusals: dict[UUID, int] = field(default_factory=dict)
    refused: list[tuple[UUID, str, datetime | None]] = field(default_factory=list)

    @asynccontextmanager
    async def claim_batch(self, limit: int, now: datetime) -> AsyncIterator[ListClaim]:
        del now
        yield ListClaim(self, [] if self.busy else self.waiting[:limit])

    async def backlog(self) -> Backlog:
        return Backlog(waiting=len(self.waiting), oldest_at=None, dead=0)


@dataclass(slots=True)
class ListClaim:
    """A claimed batch of the list."""

    outbox: ListOutbox
    events: Sequence[AlertEvent]

    @property
    def refusals(self) -> Mapping[UUID, int]:
        return self.outbox.refusals

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        self.outbox.marked_at.append(at)
        self.outbox.waiting = [event for event in self.outbox.waiting if event.event_id not in event_ids]

    async def mark_refused(self, event_id: UUID, reason: str, at: datetime, next_try_at: datetime | None) -> None:
        del at
        self.outbox.refused.append((event_id, reason, next_try_at))
        self.outbox.waiting = [event for event in self.outbox.waiting if event.event_id != event_id]


@dataclass(slots=True)
class FailingPublisher:
    """Accepts `fail_after` events, then fails."""

    fail_after: int
    error: BaseException
    published: list[AlertEvent] = field(default_factory=list)
    destination: str = "a fussy reader"

    async def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        for event in events:
            if len(self.published) == self.fail_after:
                raise self.error
            self.published.append(event)
            yield PublishResult(event_id=event.event_id)


@dataclass(slots=True)
class RejectingPublisher:
    """Rejects one event and blocks later ones of its policy."""

    refused: UUID
    published: list[AlertEvent] = field(default_factory=list)
    destination: str = "a reader that refuses"

    async def publish(self, events: Sequence[AlertEvent]) -> AsyncGenerator[PublishResult, None]:
        blocked = set()
        for event in events:
            if event.event_id == self.refused:
                blocked.add(event.policy_name)
                yield PublishResult(event_id=event.event_id, refusal="too big")
            elif event.policy_name not in blocked:
                self.published.append(event)
                yield PublishResult(event_id=event.event_id)


def opened_and_resolved() -> list[AlertEvent]:
    """Make three transitions of one alert: opened, escalated, resolved."""
    _, events = run(*ticks(bucket(1000), bucket(200), bucket(50), bucket(1000)))
    return events


def notifications(stores: Stores, clock: Clock, *channels: Channel, notifier: Notifier | None = None) -> NotifyDeps:
    """Make the dependencies of notifying. Without channels no notification is sent."""
    return NotifyDeps(
        notifications=stores.notifications,
        silences=stores.silences,
        channels=FixedChannels(channels),
        notifier=notifier or MemoryNotifier(),
        clock=clock,
    )
