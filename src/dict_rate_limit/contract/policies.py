"""The JSON of policies. Fields are added, never renamed or removed."""

from __future__ import annotations

from datetime import datetime

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
