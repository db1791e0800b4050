"""Silences and the audit log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from dict_rate_limit.adapters.memory.database import MemoryDatabase
from dict_rate_limit.domain.audit import AuditEntry
from dict_rate_limit.domain.notifications.silence import Silence


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
