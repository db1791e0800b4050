"""The JSON of the audit log. Fields are added, never renamed or removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from dict_rate_limit.contract.fields import document
from dict_rate_limit.domain import audit as domain
from dict_rate_limit.domain.audit import AuditAction


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One operator action. `subject_id` is the alert or silence."""

    at: datetime
    actor: str
    act: AuditAction
    subject_id: UUID
    detail: str
    reason: str


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """The last operator actions, newest first. `total` counts the entries in this response."""

    entries: tuple[AuditEntry, ...]
    total: int


def audit_list(entries: Sequence[domain.AuditEntry]) -> AuditList:
    """Return the document of audit entries."""
    documents = tuple(document(AuditEntry, one) for one in entries)
    return AuditList(entries=documents, total=len(documents))


AUDIT_LIST: Final[dict[str, Any]] = {
    "entries": [
        {
            "at": "2026-11-23T12:00:05Z",
            "actor": "ana",
            "act": "ALERT_ACKNOWLEDGED",
            "subject_id": "7f0c1f2e-58a1-5c0b-9d55-0a4f0b6f3c11",
            "detail": "CLAIMS_READ THRESHOLD until 2026-11-23T14:00:05Z",
            "reason": "Claims batch paused",
        }
    ],
    "total": 1,
}
