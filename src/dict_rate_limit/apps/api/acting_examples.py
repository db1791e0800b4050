"""Examples of what acting is sent and answers, as they look on a busy day."""

from __future__ import annotations

from typing import Any, Final

_ALERT_ID: Final = "7f0c1f2e-58a1-5c0b-9d55-0a4f0b6f3c11"
_SILENCE_ID: Final = "3b1a5f0e-2c7d-4a52-8f5d-6f1e2d3c4b5a"
_DRILL_ID: Final = "c1d2e3f4-0a1b-5c2d-9e3f-4a5b6c7d8e9f"

ACKNOWLEDGEMENT: Final[dict[str, Any]] = {"reason": "Claims batch paused", "for": "2h", "sequence": 2}
SILENCE_BODY: Final[dict[str, Any]] = {
    "purpose": "MAINTENANCE",
    "policy": "CLAIMS_*",
    "severity": "WARNING",
    "ends_at": "2026-12-31T23:59:59Z",
    "recurrence": {
        "days": ["MON", "TUE", "WED", "THU", "FRI"],
        "start": "22:00",
        "end": "02:00",
        "time_zone": "America/Sao_Paulo",
    },
    "reason": "Nightly reconciliation of claims",
}
END: Final[dict[str, Any]] = {"reason": "Reconciliation is done"}
DRILL_BODY: Final[dict[str, Any]] = {"reason": "Weekly test of the pager"}

ALERT: Final[dict[str, Any]] = {
    "alert_id": _ALERT_ID,
    "participant": "12345678",
    "policy_name": "CLAIMS_READ",
    "kind": "THRESHOLD",
    "severity": "WARNING",
    "exhausted": False,
    "open": True,
    "sequence": 3,
    "opened_at": "2026-11-23T11:40:00Z",
    "updated_at": "2026-11-23T12:00:05Z",
    "resolved_at": None,
    "acknowledgement": {
        "actor": "ana",
        "reason": "Claims batch paused",
        "at": "2026-11-23T12:00:05Z",
        "until": "2026-11-23T14:00:05Z",
    },
}
ALERTS: Final[dict[str, Any]] = {"alerts": [ALERT], "total": 1}
_TRANSITION: Final[dict[str, Any]] = {
    "event_id": "f7b1f3a2-7a5d-5a8e-8a6b-1f2e3d4c5b6a",
    "sequence": 1,
    "transition": "OPENED",
    "severity": "WARNING",
    "exhausted": False,
    "available_tokens": 3960,
    "capacity_max": 18000,
    "utilization_pct": 78.0,
    "previous": None,
    "current": None,
    "detected_at": "2026-11-23T11:40:00Z",
    "message": "CLAIMS_READ em atenção: restam 3.960 de 18.000 fichas (22%), limite de atenção 25%",
    "message_en": "CLAIMS_READ in warning: 3,960 of 18,000 tokens left (22%), warning threshold 25%",
    "outlook": {
        "empty_in_sec": [1080.0, None],
        "usable_in_sec": [0.0, 0.0],
        "full_in_sec": [1404.0, 1440.0],
        "safe_tokens": 2159,
        "refill_per_minute": 600.0,
    },
    "published": True,
    "dead": False,
    "routed": True,
}
_ATTEMPT: Final[dict[str, Any]] = {
    "at": "2026-11-23T11:40:11Z",
    "message_id": "0d9c8b7a-6f5e-5d4c-8b3a-2f1e0d9c8b7a",
    "ok": True,
    "refused": False,
    "text": "200",
}
_NOTIFICATION: Final[dict[str, Any]] = {
    "notification_id": "5a4b3c2d-1e0f-5a9b-8c7d-6e5f4a3b2c1d",
    "sequence": 1,
    "transition": "OPENED",
    "channel": "ops-slack",
    "status": "DELIVERED",
    "created_at": "2026-11-23T11:40:01Z",
    "next_try_at": None,
    "silence_id": None,
    "attempts": [_ATTEMPT],
}
ALERT_DETAIL: Final[dict[str, Any]] = {**ALERT, "transitions": [_TRANSITION], "notifications": [_NOTIFICATION]}

SILENCE: Final[dict[str, Any]] = {
    "silence_id": _SILENCE_ID,
    "purpose": "MAINTENANCE",
    "policy": "CLAIMS_*",
    "kind": "*",
    "severity": "WARNING",
    "participant": "*",
    "starts_at": "2026-11-23T12:00:00Z",
    "ends_at": "2026-12-31T23:59:59Z",
    "recurrence": SILENCE_BODY["recurrence"],
    "reason": "Nightly reconciliation of claims",
    "actor": "ana",
    "created_at": "2026-11-23T12:00:00Z",
    "ended_at": None,
    "ended_by": None,
    "active": False,
}
ENDED_SILENCE: Final[dict[str, Any]] = {**SILENCE, "ended_at": "2026-11-24T09:00:00Z", "ended_by": "rui"}
SILENCES: Final[dict[str, Any]] = {"silences": [SILENCE], "total": 1}

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
DRILL: Final[dict[str, Any]] = {
    "alert_id": _DRILL_ID,
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
            **_TRANSITION,
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
    "notifications": [_NOTIFICATION],
    "last_answers": [{"channel": "ops-slack", "at": "2026-11-23T12:10:09Z", "ok": True, "text": "200"}],
}
AUDIT: Final[dict[str, Any]] = {
    "entries": [
        {
            "at": "2026-11-23T12:00:05Z",
            "actor": "ana",
            "act": "ALERT_ACKNOWLEDGED",
            "subject_id": _ALERT_ID,
            "detail": "CLAIMS_READ THRESHOLD until 2026-11-23T14:00:05Z",
            "reason": "Claims batch paused",
        }
    ],
    "total": 1,
}
