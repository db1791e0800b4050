"""What is known of one participant between two polls, and what one poll adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from dict_rate_limit.domain.alerts.alert import Alert
from dict_rate_limit.domain.alerts.transition import Change
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.forecast import Consumption
from dict_rate_limit.domain.buckets.level import Level, Thresholds
from dict_rate_limit.domain.buckets.reading import Poll


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOverride:
    """What operators set for one policy; None = the global threshold. Basis points.

    A policy that is not `enabled` is read, stored and displayed, but raises no alert.
    """

    warning: int | None = None
    critical: int | None = None
    enabled: bool = True


NO_OVERRIDE: Final = PolicyOverride()
"""What applies where operators set nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertConfig:
    """How readings are evaluated.

    `interval` is the time between two polls. After `unreachable_after` of them without a new reading the source is
    unreachable. A reminder of an open alert is sent after each `remind_every`; None = never.
    """

    thresholds: Thresholds
    interval: timedelta
    unreachable_after: int
    remind_every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantState:
    """Everything the next evaluation needs.

    first_polled_at  our clock at the first poll ever
    last_good_at     our clock at the last new reading; None before the first
    checked_at       DICT's time of that reading (Snapshot.checked_at)
    category         the last category that was not empty, raw
    buckets          the present policies of that reading by name; a vanished policy is not among them
    policy_overrides what operators set, by policy name; absent = NO_OVERRIDE
    open_alerts      by Alert.key order
    """

    participant: str
    first_polled_at: datetime | None = None
    last_good_at: datetime | None = None
    checked_at: datetime | None = None
    category: str = ""
    buckets: Mapping[str, Bucket] = field(default_factory=lambda: MappingProxyType({}))
    policy_overrides: Mapping[str, PolicyOverride] = field(default_factory=lambda: MappingProxyType({}))
    open_alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one poll changes. A store saves all of it in one transaction.

    is_new_reading  its buckets become states and the latest reading
    vanished        names of policies of the reading before that are not in this one
    changes         the transitions of alerts, in order (resolved alerts have `resolved_at`)
    consumption     since the reading before, by policy; absent where it is unknown
    """

    poll: Poll
    is_new_reading: bool
    vanished: tuple[str, ...]
    changes: tuple[Change, ...]
    consumption: Mapping[str, Consumption] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The alerts that changed, in their new form."""
        return tuple(change.alert for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedBucket:
    """A bucket with the thresholds of its policy and its level by them."""

    bucket: Bucket
    thresholds: Thresholds
    level: Level
    enabled: bool = True
