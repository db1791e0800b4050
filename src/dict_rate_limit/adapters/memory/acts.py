"""Acts of people in memory: alerts with their history, silences, the audit."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dict_rate_limit.ports.stores import AlertHistory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from dict_rate_limit.adapters.memory.database import MemoryDatabase
    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
    from dict_rate_limit.domain.audit import AuditEntry
    from dict_rate_limit.domain.notifications.silence import Silence


@dataclass(slots=True)
class MemoryAlertUnitOfWork:
    """Holds acts back until the unit ends."""

    database: MemoryDatabase
    participant: str
    saved: list[tuple[Alert, Sequence[AlertEvent], AuditEntry]] = field(default_factory=list)

    async def alert(self, alert_id: UUID) -> Alert | None:
        """Return the participant's alert; None for another's."""
        return next(
            (alert for one in self.database.of([self.participant]) if (alert := one.alerts.get(alert_id))), None
        )

    async def save(self, alert: Alert, events: Sequence[AlertEvent], entry: AuditEntry) -> None:
        """Keep the act for the end of the unit."""
        self.saved.append((alert, events, entry))


@dataclass(slots=True)
class MemoryActs:
    """Silences by id, acts in their order."""

    database: MemoryDatabase
    kept: dict[UUID, Silence] = field(default_factory=dict)
    entries: list[AuditEntry] = field(default_factory=list)

    async def alert(self, alert_id: UUID) -> AlertHistory | None:
        """Return an alert with all its transitions."""
        found = next((alert for one in self.database.ledgers.values() if (alert := one.alerts.get(alert_id))), None)
        if found is None:
            return None
        own = [one for one in self.database.transitions.values() if one.event.alert_id == alert_id]
        return AlertHistory(
            alert=found,
            events=[one.event for one in own],
            published=frozenset(one.event.event_id for one in own if one.published_at is not None),
            dead=frozenset(one.event.event_id for one in own if one.dead_at is not None),
            routed=frozenset(one.event.event_id for one in own if one.routed),
        )

    async def alerts(self, participants: Sequence[str], *, open_only: bool, limit: int) -> Sequence[Alert]:
        """Return alerts, the last opened first."""
        found = [
            alert
            for ledger in self.database.of(participants)
            for alert in ledger.alerts.values()
            if alert.resolved_at is None or not open_only
        ]
        found.sort(key=lambda alert: (alert.participant, alert.key))
        found.sort(key=lambda alert: alert.opened_at, reverse=True)
        return found[:limit]

    @asynccontextmanager
    async def unit_of_work(self, participant: str) -> AsyncIterator[MemoryAlertUnitOfWork]:
        """Hold the participant's lock; what was saved counts once the block ends without an error."""
        async with self.database.locks[participant]:
            unit = MemoryAlertUnitOfWork(self.database, participant)
            yield unit
            for alert, events, entry in unit.saved:
                self.database.ledger(participant).alerts[alert.alert_id] = alert
                self.database.add(events)
                self.entries.append(entry)

    async def add_silence(self, silence: Silence, entry: AuditEntry) -> None:
        """Keep a new silence and the act."""
        self.kept[silence.silence_id] = silence
        self.entries.append(entry)

    async def end_silence(self, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
        """End a silence and keep the act; None when there is none to end."""
        silence = self.kept.get(silence_id)
        if silence is None or silence.ended_at is not None or silence.ends_at <= at:
            return None
        self.kept[silence_id] = ended = replace(silence, ended_at=at, ended_by=actor)
        self.entries.append(entry)
        return ended

    async def silences(self, now: datetime, *, ended: bool = False) -> Sequence[Silence]:
        """Return the silences that hold or will, the next to end first; or the others, newest first."""
        found = [silence for silence in self.kept.values() if (_end(silence) <= now) is ended]
        if ended:
            return sorted(found, key=lambda silence: silence.created_at, reverse=True)
        return sorted(found, key=lambda silence: (_end(silence), silence.created_at))

    async def audit(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last acts, newest first."""
        return self.entries[::-1][:limit]


def _end(silence: Silence) -> datetime:
    return silence.ends_at if silence.ended_at is None else min(silence.ends_at, silence.ended_at)
