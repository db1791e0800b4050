"""What the memory stores share: recorded polls, alerts, transitions and the audit log."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
from dict_rate_limit.domain.audit import AuditEntry
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.forecast import Consumption
from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.ports.stores import LatestReading


@dataclass(slots=True)
class ParticipantLog:
    """All polls, states and alerts of one participant.

    known         without overrides and alerts, which have their own fields
    history       by policy and checked_at
    hours         the roll-up: number of samples by policy and hour
    rolled_until  states from here on are not rolled up yet
    """

    known: ParticipantState
    polls: dict[datetime, Poll] = field(default_factory=dict)
    counts: Counter[Outcome] = field(default_factory=Counter)
    history: dict[tuple[str, datetime], Bucket] = field(default_factory=dict)
    alerts: dict[UUID, Alert] = field(default_factory=dict)
    hours: dict[tuple[str, datetime], int] = field(default_factory=dict)
    rolled_until: datetime | None = None
    policy_overrides: dict[str, PolicyOverride] = field(default_factory=dict)
    reading: Snapshot | None = None
    last: Poll | None = None
    consumption: Mapping[str, Consumption] = field(default_factory=lambda: MappingProxyType({}))

    def state(self) -> ParticipantState:
        """Return what the next evaluation needs."""
        return replace(
            self.known,
            policy_overrides=MappingProxyType(dict(self.policy_overrides)),
            open_alerts=tuple(sorted(self.open_alerts(), key=lambda alert: alert.key)),
        )

    def open_alerts(self) -> list[Alert]:
        """Return the alerts that are not resolved, in the order they were opened."""
        return [alert for alert in self.alerts.values() if alert.resolved_at is None]

    def latest(self, last: Poll) -> LatestReading:
        return LatestReading(
            participant=self.known.participant,
            snapshot=self.reading,
            policy_overrides=MappingProxyType(dict(self.policy_overrides)),
            last_poll_at=last.received_at,
            last_outcome=last.outcome,
            consumption=self.consumption,
        )

    def add(self, evaluation: Evaluation) -> None:
        poll = evaluation.poll
        self.polls[poll.received_at] = poll
        self.counts[poll.outcome] += 1
        self.alerts.update((alert.alert_id, alert) for alert in evaluation.alerts)
        # Polls may be recorded out of order.
        if self.last is None or poll.received_at >= self.last.received_at:
            self.last = poll
        first = self.known.first_polled_at or poll.received_at
        self.known = replace(self.known, first_polled_at=min(first, poll.received_at))
        if evaluation.is_new_reading and isinstance(poll, Snapshot):
            self._add_reading(poll, evaluation.vanished)
            self.consumption = evaluation.consumption

    def _add_reading(self, snapshot: Snapshot, vanished: tuple[str, ...]) -> None:
        self.reading = snapshot
        buckets = {name: bucket for name, bucket in self.known.buckets.items() if name not in vanished}
        for bucket in snapshot.buckets:
            buckets[bucket.name] = bucket
            self.history.setdefault((bucket.name, snapshot.checked_at), bucket)
        self.known = replace(
            self.known,
            last_good_at=snapshot.received_at,
            checked_at=snapshot.checked_at,
            category=snapshot.category if snapshot.category.strip() else self.known.category,
            buckets=MappingProxyType(buckets),
        )

        hour = full_hour(snapshot.checked_at)
        self.rolled_until = hour if self.rolled_until is None else min(hour, self.rolled_until)

    def roll_up(self, until: datetime) -> int:
        """Roll up the full hours that are not rolled up or got a late state; return how many."""
        since = self.rolled_until
        if since is None or since >= until:
            return 0
        hours = Counter((name, full_hour(at)) for name, at in self.history if since <= at < until)
        self.hours.update(hours)
        self.rolled_until = until
        return len(hours)

    def forget(self, before: datetime) -> None:
        """Drop polls, states and hours older than this; the current state stays."""
        self.polls = {at: poll for at, poll in self.polls.items() if at >= before}
        self.history = {key: bucket for key, bucket in self.history.items() if key[1] >= before}
        self.hours = {key: samples for key, samples in self.hours.items() if key[1] >= before}


@dataclass(slots=True)
class Transition:
    """One transition, its publication and routing."""

    event: AlertEvent
    published_at: datetime | None = None
    refusals: int = 0
    refusal: str | None = None
    next_try_at: datetime | None = None
    dead_at: datetime | None = None
    routed: bool = False

    @property
    def waiting(self) -> bool:
        return self.published_at is None and self.dead_at is None

    def publish(self, at: datetime) -> None:
        self.published_at, self.next_try_at = at, None

    def refuse(self, reason: str, at: datetime, next_try_at: datetime | None) -> None:
        self.refusals, self.refusal, self.next_try_at = self.refusals + 1, reason, next_try_at
        self.dead_at = at if next_try_at is None else None


@dataclass(slots=True)
class MemoryDatabase:
    """Logs and locks by participant, transitions by id in the order they were recorded."""

    logs: dict[str, ParticipantLog] = field(default_factory=dict)
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    transitions: dict[UUID, Transition] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)

    def log(self, participant: str) -> ParticipantLog:
        """Return a participant's log, a new one where there is none."""
        return self.logs.setdefault(participant, ParticipantLog(ParticipantState(participant=participant)))

    def of(self, participants: Iterable[str]) -> list[ParticipantLog]:
        """Return the logs of those ever recorded, each once."""
        return [self.logs[name] for name in dict.fromkeys(participants) if name in self.logs]

    def add(self, events: Iterable[AlertEvent]) -> None:
        """Store transitions; one that is there already stays as it is."""
        for event in events:
            self.transitions.setdefault(event.event_id, Transition(event))

    def set_policy_override(self, participant: str, policy_name: str, override: PolicyOverride) -> None:
        """Set what an operator would set in the database."""
        self.log(participant).policy_overrides[policy_name] = override


def full_hour(moment: datetime) -> datetime:
    """Return the beginning of the moment's hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
