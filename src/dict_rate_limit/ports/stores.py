"""What PostgreSQL stores: history, alerts, silences and the audit log."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent, Kind, Severity, TransitionKind
    from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
    from dict_rate_limit.domain.audit import AuditEntry
    from dict_rate_limit.domain.buckets.consumption import Consumption
    from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.notifications.silence import Silence


class RecordingUnitOfWork(Protocol):
    """One participant's state, locked, inside one transaction."""

    async def load(self, poll: Poll) -> ParticipantState | None:
        """Return the state before this poll, or None when this very poll (by received_at) is recorded already."""

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
        """Return what is known of each participant that was ever polled; unknown ones are absent."""

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        """Return what operators set for the participant's policies, by name; only differing ones need be there."""

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

    `snapshot` is None when there has never been a good reading. It holds present policies only. `paces` has what was
    taken between the last two readings, by policy; absent where nothing can be said.
    """

    participant: str
    snapshot: Snapshot | None
    policy_overrides: Mapping[str, PolicyOverride]
    last_poll_at: datetime
    last_outcome: Outcome
    consumption: Mapping[str, Consumption] = field(default_factory=lambda: MappingProxyType({}))


class Maintenance(Protocol):
    """Housekeeping of the history. Every act may be repeated at will."""

    async def make_partitions(self, today: datetime) -> Sequence[str]:
        """Make the months from the current one to two ahead; return the names of those made."""

    async def drop_partitions(self, today: datetime, retention_months: int) -> Sequence[str]:
        """Drop the months whose upper bound is older than the retention, polls and hours as old; return their names."""

    async def roll_up(self, today: datetime) -> int:
        """Bring the hourly roll-up up to the last full hour; return the rows written."""


class StoreHealth(Protocol):
    """What operators want to know of the store itself."""

    async def partitions_ahead(self, today: datetime) -> int:
        """Return how many months after the current one are made without a gap; ten years are told as that."""

    async def schema_version(self) -> int | None:
        """Return the newest migration in force; None where none is, or there is nothing to migrate."""


class Acts(Protocol):
    """Alerts, silences and the audit, as people see and move them."""

    async def alert(self, alert_id: UUID) -> AlertHistory | None:
        """Return an alert, open or not, with all its transitions."""

    async def alerts(self, participants: Sequence[str], *, open_only: bool, limit: int) -> Sequence[Alert]:
        """Return alerts, the last opened first."""

    def unit_of_work(self, participant: str) -> AbstractAsyncContextManager[AlertUnitOfWork]:
        """Open a transaction that holds the participant's lock, the same one that recording a poll holds."""

    async def add_silence(self, silence: Silence, entry: AuditEntry) -> None:
        """Keep a new silence and the act."""

    async def end_silence(self, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
        """End a silence now and keep the act; None when there is none of this id that has not ended by then."""

    async def silences(self, now: datetime, *, ended: bool = False) -> Sequence[Silence]:
        """Return the silences that hold or will, the next to end first; `ended`: the others, newest first."""

    async def audit(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last acts, newest first."""


class AlertUnitOfWork(Protocol):
    """One participant's alerts, locked."""

    async def alert(self, alert_id: UUID) -> Alert | None:
        """Return the participant's alert as it stands."""

    async def save(self, alert: Alert, events: Sequence[AlertEvent], entry: AuditEntry) -> None:
        """Keep the alert's new form (or the new alert), its transitions and the act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHistory:
    """An alert and its transitions in order.

    By event id: those the broker has, those it was given up on for, and those for which it is settled who is told.
    """

    alert: Alert
    events: Sequence[AlertEvent]
    published: frozenset[UUID]
    dead: frozenset[UUID]
    routed: frozenset[UUID]
