"""The stores: history, alerts, silences, the audit log and all other ports of one database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent, Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
from dict_rate_limit.domain.audit import AuditEntry
from dict_rate_limit.domain.buckets.forecast import Consumption
from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.silence import Silence
from dict_rate_limit.ports.cache import RateLimiter
from dict_rate_limit.ports.delivery import Outbox
from dict_rate_limit.ports.notifications import Notifications


class RecordingUnitOfWork(Protocol):
    """One participant's state, locked, inside one transaction."""

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Return the state before this poll; None when this poll (by received_at) is recorded already."""

    async def save(self, evaluation: Evaluation, events: Sequence[AlertEvent]) -> None:
        """Add the evaluation and the events of its changes; visible when the unit ends without an error."""


TransitionKey = tuple[str, str, "Kind", "TransitionKind"]
"""Participant, policy, kind of alert, what happened to it."""


class StateStore(Protocol):
    """History, latest readings and alerts."""

    def begin(self, participant: str) -> AbstractAsyncContextManager[RecordingUnitOfWork]:
        """Open a transaction that holds the participant's lock: a second one waits, in any process.

        An error inside, or a lost process, leaves the stored data as it was.
        """

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        """Return the latest reading of each participant that was ever polled; the others are absent."""

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        """Return what operators set for the participant's policies, by name; unchanged ones may be absent."""

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        """Return the open alerts, worst severity first, then oldest first."""

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        """Return how many polls of each participant were ever recorded, by outcome."""

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        """Return how many alerts are open; absent = none."""

    async def transition_counts(self, participants: Sequence[str]) -> Mapping[TransitionKey, int]:
        """Return how many transitions there ever were; absent = none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestReading:
    """The last new reading of a participant and the last poll, good or not.

    `snapshot` is None before the first good reading; it has the policies of that reading only. `consumption` is between
    the last two readings, by policy; absent where it is unknown.
    """

    participant: str
    snapshot: Snapshot | None
    policy_overrides: Mapping[str, PolicyOverride]
    last_poll_at: datetime
    last_outcome: Outcome
    consumption: Mapping[str, Consumption] = field(default_factory=lambda: MappingProxyType({}))


class Maintenance(Protocol):
    """Housekeeping of the history. Every operation may be repeated."""

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        """Create the partitions from the current month to two ahead; return the names of the new ones."""

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        """Drop partitions that end before the retention, and polls and hours as old; return their names."""

    async def roll_up(self, today: datetime) -> int:
        """Bring the hourly roll-up up to the last full hour; return the rows written."""


class StoreHealth(Protocol):
    """The state of the store itself."""

    async def partitions_ahead(self, today: datetime) -> int:
        """Return how many months after the current one have partitions, without a gap; at most ten years."""

    async def schema_version(self) -> int | None:
        """Return the newest migration applied; None without any, or without a schema."""


class AlertRepository(Protocol):
    """Alerts with their transitions, open or not."""

    async def alert(self, alert_id: UUID) -> AlertHistory | None:
        """Return an alert with all its transitions."""

    async def alerts(self, participants: Sequence[str], *, open_only: bool, limit: int) -> Sequence[Alert]:
        """Return alerts, the last opened first."""

    def unit_of_work(self, participant: str) -> AbstractAsyncContextManager[AlertUnitOfWork]:
        """Open a transaction that holds the participant's lock, the same one that recording a poll holds."""


class AlertUnitOfWork(Protocol):
    """One participant's alerts, locked."""

    async def alert(self, alert_id: UUID) -> Alert | None:
        """Return the participant's alert in its current form."""

    async def save(self, alert: Alert, events: Sequence[AlertEvent], entry: AuditEntry) -> None:
        """Store the alert's new form (or the new alert), its transitions and the audit entry."""


class SilenceRepository(Protocol):
    """Silences and maintenance windows. A change and its audit entry are stored together."""

    async def add(self, silence: Silence, entry: AuditEntry) -> None:
        """Store a new silence and the audit entry."""

    async def end(self, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
        """End a silence at `at` and store the audit entry; None when no silence of this id is left to end by then."""

    async def silence(self, silence_id: UUID) -> Silence | None:
        """Return a silence, ended or not."""

    async def current(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        """Return the active and future silences, the next to end first; all without a limit."""

    async def ended(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        """Return the silences that have ended, newest first; all without a limit."""


class AuditLog(Protocol):
    """What operators did. An entry is written with the change it describes, by the store of that change."""

    async def newest(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHistory:
    """An alert and its transitions in order.

    `published`, `dead` (dead-lettered) and `routed` (notifications are decided) are ids of events.
    """

    alert: Alert
    events: Sequence[AlertEvent]
    published: frozenset[UUID]
    dead: frozenset[UUID]
    routed: frozenset[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Every port of one database. Each method is a transaction of its own, or opens one. Raises StoreError."""

    state: StateStore
    alerts: AlertRepository
    silences: SilenceRepository
    audit: AuditLog
    outbox: Outbox
    notifications: Notifications
    maintenance: Maintenance
    health: StoreHealth
    rate_limiter: RateLimiter
