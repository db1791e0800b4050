"""The audit log of operator actions. Entries are never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dict_rate_limit.domain.timestamps import require_timezone


class AuditAction(StrEnum):
    """What an operator did."""

    ALERT_ACKNOWLEDGED = "ALERT_ACKNOWLEDGED"
    SILENCE_CREATED = "SILENCE_CREATED"
    SILENCE_ENDED = "SILENCE_ENDED"
    DRILL_SENT = "DRILL_SENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One operator action. `subject_id` is the alert or silence, `detail` one line on the change."""

    at: datetime
    actor: str
    act: AuditAction
    subject_id: UUID
    detail: str
    reason: str

    def __post_init__(self) -> None:
        require_timezone("at", self.at)
