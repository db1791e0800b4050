"""The JSON of explanations. Fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from dict_rate_limit.contract.alerts import ALERT, Alert
from dict_rate_limit.contract.silences import SILENCE, Silence
from dict_rate_limit.domain.alerts.alert import TransitionKind
from dict_rate_limit.domain.buckets.level import Level
from dict_rate_limit.domain.notifications.routing import Status


class LastDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The last notification of an alert for one channel and the channel's answer; nulls: no attempt yet."""

    channel: str
    transition: TransitionKind
    status: Status
    at: datetime | None
    text: str | None


class ExplainedAlert(Alert, frozen=True, kw_only=True):
    """An open alert. `silenced_by` lists the silences that suppress it now.

    `next_reminder_at` is null when it sends no reminder.
    """

    silenced_by: tuple[UUID, ...]
    next_reminder_at: datetime | None
    last_deliveries: tuple[LastDelivery, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One policy as last evaluated by the monitor, and everything that decides which channels are notified.

    `status` is the level of the last reading alone. `alert_level` is the level of the open alert, which de-escalates
    when the bucket has more than `clears_above_tokens`. A new alert opens at or below `warns_at_tokens`. `silences`
    lists active and future silences that could suppress an alert of this policy.
    """

    participant: str
    policy_name: str
    now: datetime
    checked_at: datetime
    status: Level
    alert_level: Level
    exhausted: bool
    enabled: bool
    available_tokens: int
    capacity_max: int
    utilization_pct: float | None
    warning_threshold_pct: float
    critical_threshold_pct: float
    warns_at_tokens: int | None
    clears_above_tokens: int | None
    alerts: tuple[ExplainedAlert, ...]
    silences: tuple[Silence, ...]


EXPLANATION: Final[dict[str, Any]] = {
    "participant": "12345678",
    "policy_name": "CLAIMS_READ",
    "now": "2026-11-23T12:03:00Z",
    "checked_at": "2026-11-23T12:00:00Z",
    "status": "OK",
    "alert_level": "WARNING",
    "exhausted": False,
    "enabled": True,
    "available_tokens": 4600,
    "capacity_max": 18000,
    "utilization_pct": 74.44,
    "warning_threshold_pct": 25.0,
    "critical_threshold_pct": 10.0,
    "warns_at_tokens": 4500,
    "clears_above_tokens": 4860,
    "alerts": [
        {
            **ALERT,
            "silenced_by": [],
            "next_reminder_at": "2026-11-23T14:00:05Z",
            "last_deliveries": [
                {
                    "channel": "ops-slack",
                    "transition": "ACKNOWLEDGED",
                    "status": "DELIVERED",
                    "at": "2026-11-23T12:00:16Z",
                    "text": "200",
                }
            ],
        }
    ],
    "silences": [SILENCE],
}
