"""What people's acts need from outside: alerts to look at and move, silences, the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
    from dict_rate_limit.domain.audit import AuditEntry
    from dict_rate_limit.domain.notifications.silence import Silence


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
