"""Alerts with their history, silences and the audit log in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from dict_rate_limit.adapters.memory.database import MemoryDatabase
from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
from dict_rate_limit.domain.audit import AuditEntry
from dict_rate_limit.domain.notifications.silence import Silence
from dict_rate_limit.ports.stores import AlertHistory


@dataclass(slots=True)
class MemoryAlertUnitOfWork:
    """Holds changes back until the unit ends."""

    database: MemoryDatabase
    participant: str
    saved: list[tuple[Alert, Sequence[AlertEvent], AuditEntry]] = field(default_factory=list)

    async def alert(self, alert_id: UUID) -> Alert | None:
        return next(
            (alert for log in self.database.of([self.participant]) if (alert := log.alerts.get(alert_id))), None
        )

    async def save(self, alert: Alert, events: Sequence[AlertEvent], entry: AuditEntry) -> None:
        self.saved.append((alert, events, entry))


@dataclass(slots=True)
class MemoryAlerts:
    database: MemoryDatabase

    async def alert(self, alert_id: UUID) -> AlertHistory | None:
        found = next((alert for log in self.database.logs.values() if (alert := log.alerts.get(alert_id))), None)
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
        found = [
            alert
            for log in self.database.of(participants)
            for alert in log.alerts.values()
            if alert.resolved_at is None or not open_only
        ]
        # Sorting is stable: alerts opened at the same time stay in the order of their keys.
        found.sort(key=lambda alert: (alert.participant, alert.key))
        found.sort(key=lambda alert: alert.opened_at, reverse=True)
        return found[:limit]

    @asynccontextmanager
    async def unit_of_work(self, participant: str) -> AsyncIterator[MemoryAlertUnitOfWork]:
        """Hold the participant's lock; changes are stored once the block ends without an error."""
        async with self.database.locks[participant]:
            unit = MemoryAlertUnitOfWork(self.database, participant)
            yield unit
            for alert, events, entry in unit.saved:
                self.database.log(participant).alerts[alert.alert_id] = alert
                self.database.add(events)
                self.database.audit.append(entry)


@dataclass(slots=True)
class MemorySilences:
    """SilenceRepository; silences by id."""

    database: MemoryDatabase
    rows: dict[UUID, Silence] = field(default_factory=dict)

    async def add(self, silence: Silence, entry: AuditEntry) -> None:
        self.rows[silence.silence_id] = silence
        self.database.audit.append(entry)

    async def end(self, silence_id: UUID, actor: str, at: datetime, entry: AuditEntry) -> Silence | None:
        """End a silence and store the audit entry; None when there is none to end."""
        silence = self.rows.get(silence_id)
        if silence is None or silence.ended_at is not None or silence.ends_at <= at:
            return None
        self.rows[silence_id] = ended = replace(silence, ended_at=at, ended_by=actor)
        self.database.audit.append(entry)
        return ended

    async def silence(self, silence_id: UUID) -> Silence | None:
        return self.rows.get(silence_id)

    async def current(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        """Return the active and future silences, the next to end first."""
        found = [silence for silence in self.rows.values() if _end(silence) > now]
        return sorted(found, key=lambda silence: (_end(silence), silence.created_at))[:limit]

    async def ended(self, now: datetime, *, limit: int | None = None) -> Sequence[Silence]:
        found = [silence for silence in self.rows.values() if _end(silence) <= now]
        return sorted(found, key=lambda silence: silence.created_at, reverse=True)[:limit]


@dataclass(slots=True)
class MemoryAuditLog:
    database: MemoryDatabase

    async def newest(self, limit: int) -> Sequence[AuditEntry]:
        return self.database.audit[::-1][:limit]


def _end(silence: Silence) -> datetime:
    return silence.ends_at if silence.ended_at is None else min(silence.ends_at, silence.ended_at)
