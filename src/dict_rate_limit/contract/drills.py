"""The JSON of test alerts. Fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from dict_rate_limit.contract.alerts import NOTIFICATION, TRANSITION, Notification, Transition
from dict_rate_limit.contract.fields import Reason


class LastAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The last answer of a channel to any message. A test alert waits behind a message that the channel rejects."""

    channel: str
    at: datetime
    ok: bool
    text: str


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of a test alert. `done`: nothing is pending. `good`: every step and channel succeeded."""

    alert_id: UUID
    participant: str
    actor: str
    reason: str
    sent_at: datetime
    published: bool
    routed: bool
    done: bool
    good: bool
    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    last_answers: tuple[LastAnswer, ...]


class NewDrill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send a test alert for a participant, by default the first configured one."""

    reason: Reason
    participant: str | None = None


DRILL_BODY: Final[dict[str, Any]] = {"reason": "Weekly test of the pager"}
DRILL: Final[dict[str, Any]] = {
    "alert_id": "c1d2e3f4-0a1b-5c2d-9e3f-4a5b6c7d8e9f",
    "participant": "12345678",
    "actor": "ana",
    "reason": "Weekly test of the pager",
    "sent_at": "2026-11-23T12:10:00Z",
    "published": True,
    "routed": True,
    "done": True,
    "good": True,
    "transitions": [
        {
            **TRANSITION,
            "severity": "INFO",
            "available_tokens": None,
            "capacity_max": None,
            "utilization_pct": None,
            "detected_at": "2026-11-23T12:10:00Z",
            "message": "TESTE enviado por ana: Weekly test of the pager. Nenhuma ação é necessária",
            "message_en": "TEST sent by ana: Weekly test of the pager. Nothing needs to be done",
            "outlook": None,
        }
    ],
    "notifications": [NOTIFICATION],
    "last_answers": [{"channel": "ops-slack", "at": "2026-11-23T12:10:09Z", "ok": True, "text": "200"}],
}
