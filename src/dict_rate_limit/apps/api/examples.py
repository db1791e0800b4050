"""Examples of the OpenAPI document: answers as they look on an ordinary day."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from dict_rate_limit.apps.api.problem import ProblemError, ProblemType

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
    ProblemType.INTERNAL_ERROR: "It is in our log, with the time of this answer.",
}


def problem(kind: ProblemType) -> object:
    """Return the document of a problem as a client sees it."""
    parameter = "min_utilization" if kind is ProblemType.INVALID_PARAMETER else None
    return msgspec.to_builtins(ProblemError(kind, _DETAILS[kind], parameter=parameter).document)
