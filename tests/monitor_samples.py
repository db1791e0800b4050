"""Ports the monitoring tests drive by hand."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dict_rate_limit.domain.errors import Outcome, SourceError
from domain_samples import NOON, bucket, run, snapshot, ticks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from dict_rate_limit.domain.alert import AlertEvent
    from dict_rate_limit.domain.reading import Snapshot

LATER = timedelta(seconds=15)


@dataclass(slots=True)
class HandClock:
    """Stands until it is moved; sleeping moves it."""

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
    """Answers each participant by a script, then with good readings; remembers who was asked, and how many at once."""

    clock: HandClock
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
    """Make one reading for each."""
    return [reading_of(participant, at, available=available) for participant in participants]


def refusal(outcome: Outcome, retry_after_sec: int | None = None) -> SourceError:
    """Make an error of the source."""
    return SourceError(outcome, "said the test", retry_after_sec=retry_after_sec, correlation_id="c-1")


@dataclass(slots=True)
class ListOutbox:
    """An outbox of a list; `busy` while somebody else has it open."""

    waiting: list[AlertEvent]
    busy: bool = False
    marked_at: list[datetime] = field(default_factory=list)

    @asynccontextmanager
    async def drain(self, limit: int) -> AsyncIterator[ListDrain | None]:
        yield None if self.busy else ListDrain(self, self.waiting[:limit])


@dataclass(slots=True)
class ListDrain:
    """A claimed part of the list."""

    outbox: ListOutbox
    events: Sequence[AlertEvent]

    async def mark_published(self, event_ids: Sequence[UUID], at: datetime) -> None:
        self.outbox.marked_at.append(at)
        self.outbox.waiting = [event for event in self.outbox.waiting if event.event_id not in event_ids]


@dataclass(slots=True)
class FussyPublisher:
    """Takes `patience` events, then fails."""

    patience: int
    error: BaseException
    published: list[AlertEvent] = field(default_factory=list)

    async def publish(self, event: AlertEvent) -> None:
        if len(self.published) == self.patience:
            raise self.error
        self.published.append(event)


def opened_and_resolved() -> list[AlertEvent]:
    """Make three transitions of one alert: opened, escalated, resolved."""
    _, events = run(*ticks(bucket(1000), bucket(200), bucket(50), bucket(1000)))
    return events
