"""The JSON of policies. Fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from dict_rate_limit.domain.buckets.level import Level


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket.

    `available_tokens` is the raw value: it may be negative or above the capacity. `utilization_pct` is the used share,
    null when unknown. `category` is the participant's, null when the source gave none. A policy that is not `enabled`
    opens no alerts.
    """

    policy_name: str
    participant: str
    category: str | None
    capacity_max: int
    refill_tokens: int
    refill_period_sec: int
    available_tokens: int
    utilization_pct: float | None
    warning_threshold_pct: float
    critical_threshold_pct: float
    status: Level
    exhausted: bool
    enabled: bool
    checked_at: datetime


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An invalid item of the source's answer; `position` counts from 0."""

    position: int
    name: str
    reason: str


class ListHead(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the list that depends on the snapshot alone. `total` counts the policies after the filters."""

    policies: tuple[Policy, ...]
    total: int
    participant: str
    category: str | None
    source: str
    correlation_id: str | None
    checked_at: datetime
    fetched_at: datetime
    rejected: tuple[Rejected, ...]


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """The age of a response. `cached` is false when the source was read for it. `cache_expires_in` 0 = stale."""

    age_seconds: int
    cached: bool
    cache_expires_in: int


class PolicyList(ListHead, frozen=True, kw_only=True):
    """The list of policies and its age."""

    age_seconds: int
    cached: bool
    cache_expires_in: int


class PolicyDetail(Policy, frozen=True, kw_only=True):
    """One policy and its age."""

    age_seconds: int
    cached: bool
    cache_expires_in: int


_POLICY: Final[dict[str, Any]] = {
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
_FRESHNESS: Final[dict[str, Any]] = {"age_seconds": 12, "cached": True, "cache_expires_in": 48}
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
