"""Examples of the OpenAPI document: answers as they look on an ordinary day."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.contract.problems import ProblemType

_POLICY: Final = {
    "policy_name": "CLAIMS_READ",
    "participant": "12345678",
    "category": "C",
    "capacity_max": 18000,
    "refill_tokens": 600,
    "refill_period_sec": 60,
    "available_tokens": 3960,
    "utilization_pct": 78.0,
    "warning_threshold_pct": 25.0,
    "critical_threshold_pct": 10.0,
    "status": "WARNING",
    "exhausted": False,
    "enabled": True,
    "checked_at": "2026-11-23T12:00:00Z",
}
_FRESHNESS: Final = {"age_seconds": 12, "cached": True, "cache_expires_in": 48}

POLICY_DETAIL: Final[dict[str, Any]] = {**_POLICY, **_FRESHNESS}
POLICY_LIST: Final[dict[str, Any]] = {
    "policies": [_POLICY],
    "total": 1,
    "participant": "12345678",
    "category": "C",
    "source": "bridge",
    "correlation_id": "9d1f0a52c3b84c1e8a7d",
    "checked_at": "2026-11-23T12:00:00Z",
    "fetched_at": "2026-11-23T12:00:01Z",
    "rejected": [],
    **_FRESHNESS,
}

_DETAILS: Final = {
    ProblemType.INVALID_PARAMETER: "min_utilization: 'nan', expected a number from 0 to 100, at most six decimals",
    ProblemType.UNAUTHORIZED: "Send the header Authorization: Bearer <token>.",
    ProblemType.FORBIDDEN: "This needs the role operator.",
    ProblemType.POLICY_NOT_FOUND: "CLAIMS_WRITE is not in the last reading of 12345678.",
    ProblemType.BRIDGE_UNAVAILABLE: "The source has given no reading yet; the monitor keeps trying.",
    ProblemType.ALERT_NOT_FOUND: "alert: 7f0c1f2e-58a1-5c0b-9d55-0a4f0b6f3c11, expected the id of an alert",
    ProblemType.SILENCE_NOT_FOUND: "silence: 3b1a5f0e-2c7d-4a52-8f5d-6f1e2d3c4b5a, expected one that has not ended",
    ProblemType.DRILL_NOT_FOUND: "drill: c1d2e3f4-0a1b-5c2d-9e3f-4a5b6c7d8e9f, expected the id of a test alert",
    ProblemType.CONFLICT: "sequence: 2, expected 3: the alert has moved on, look at it again",
    ProblemType.BODY_TOO_LARGE: "At most 16384 bytes.",
    ProblemType.UNSUPPORTED_MEDIA_TYPE: "Send the header Content-Type: application/json.",
    ProblemType.STORE_UNAVAILABLE: "Alerts, silences and the audit are kept there; try again in a moment.",
    ProblemType.INTERNAL_ERROR: "It is in our log, with the time of this answer.",
}


def problem(kind: ProblemType) -> object:
    """Return the document of a problem as a client sees it."""
    parameter = "min_utilization" if kind is ProblemType.INVALID_PARAMETER else None
    return msgspec.to_builtins(ProblemError(kind, _DETAILS[kind], parameter=parameter).document)
