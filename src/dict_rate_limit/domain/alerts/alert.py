"""Alerts and their transitions. A condition that lasts is an alert; a change without a duration is a notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from dict_rate_limit.domain.buckets.forecast import Outlook
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.text import require_every, require_reason
from dict_rate_limit.domain.timestamps import require_timezone

ANY_POLICY: Final = "*"
"""Policy name of an alert that concerns the whole participant."""

_NAMESPACE: Final = UUID("6f1d1f5e-3c0e-5b7a-9a64-0d1c7a2b9e10")


class Severity(StrEnum):
    """How severe. A resolved alert has its last severity."""

    INFO = "INFO"  # good to know
    WARNING = "WARNING"  # to be checked in working hours
    CRITICAL = "CRITICAL"  # payments fail now or soon, or the levels are unknown

    def rank(self, *, exhausted: bool = False) -> int:
        """Return how bad: the higher the worse; an exhausted bucket is worse than CRITICAL."""
        return list(Severity).index(self) + exhausted


class TransitionKind(StrEnum):
    """What happened to an alert."""

    OPENED = "OPENED"
    ESCALATED = "ESCALATED"  # to CRITICAL, or the bucket is exhausted
    DEESCALATED = "DEESCALATED"  # a lower severity, not yet resolved
    RESOLVED = "RESOLVED"
    ACKNOWLEDGED = "ACKNOWLEDGED"  # an operator acknowledged it: no reminders until then
    REMINDED = "REMINDED"  # unchanged for the time between reminders
    NOTICED = "NOTICED"  # the only transition of a notice


class Scope(StrEnum):
    """What an alert concerns."""

    POLICY = "POLICY"
    PARTICIPANT = "PARTICIPANT"  # all policies: `policy_name` is ANY_POLICY


NOTICE: Final = frozenset({TransitionKind.NOTICED})
"""The transitions of a change without a duration."""

CONDITION: Final = frozenset(
    {TransitionKind.OPENED, TransitionKind.ACKNOWLEDGED, TransitionKind.REMINDED, TransitionKind.RESOLVED}
)
"""The transitions of a condition that lasts."""

LEVEL: Final = CONDITION | {TransitionKind.ESCALATED, TransitionKind.DEESCALATED}
"""The transitions of a condition whose severity changes."""

TEST: Final = frozenset({TransitionKind.OPENED, TransitionKind.RESOLVED})
"""The transitions of a test alert, which is resolved as soon as it is opened."""


@dataclass(frozen=True, slots=True)
class KindInfo:
    """What is fixed for a kind of alert. `severity` is the first one where the severity changes (LEVEL)."""

    scope: Scope
    severity: Severity
    transitions: frozenset[TransitionKind]
    has_runbook: bool = True

    @property
    def lasts(self) -> bool:
        """Whether it is a condition, of which reminders are sent."""
        return TransitionKind.REMINDED in self.transitions


class Kind(StrEnum):
    """What an alert is about. Texts, event schema, dashboards and checks of runbooks are derived from it."""

    THRESHOLD = "THRESHOLD"  # a bucket is at or below its warning or critical threshold
    CATEGORY_CHANGED = "CATEGORY_CHANGED"  # BACEN put the participant in another category
    LIMITS_CHANGED = "LIMITS_CHANGED"  # the capacity or the refill of a policy changed
    POLICY_APPEARED = "POLICY_APPEARED"  # a policy is in this reading and was not in the one before
    POLICY_VANISHED = "POLICY_VANISHED"  # a policy was in the reading before and is not in this one
    SOURCE_UNREACHABLE = "SOURCE_UNREACHABLE"  # no new reading for several intervals
    RATE_LIMITED = "RATE_LIMITED"  # DICT answered our own poll with 429
    DRILL = "DRILL"  # a test alert that an operator sent through every step

    @property
    def info(self) -> KindInfo:
        return _KINDS[self]

    @property
    def runbook(self) -> str | None:
        """The name of its runbook, without language and suffix: `alert-rate-limited`."""
        return f"alert-{self.lower().replace('_', '-')}" if self.info.has_runbook else None


_KINDS: Final = {
    Kind.THRESHOLD: KindInfo(Scope.POLICY, Severity.WARNING, LEVEL),
    Kind.CATEGORY_CHANGED: KindInfo(Scope.PARTICIPANT, Severity.WARNING, NOTICE),
    Kind.LIMITS_CHANGED: KindInfo(Scope.POLICY, Severity.WARNING, NOTICE),
    Kind.POLICY_APPEARED: KindInfo(Scope.POLICY, Severity.INFO, NOTICE),
    Kind.POLICY_VANISHED: KindInfo(Scope.POLICY, Severity.WARNING, NOTICE),
    Kind.SOURCE_UNREACHABLE: KindInfo(Scope.PARTICIPANT, Severity.CRITICAL, CONDITION),
    Kind.RATE_LIMITED: KindInfo(Scope.PARTICIPANT, Severity.WARNING, CONDITION),
    Kind.DRILL: KindInfo(Scope.PARTICIPANT, Severity.INFO, TEST, has_runbook=False),
}
require_every(Kind, _KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Who acknowledged an alert, why, and until when no reminders are sent. An escalation voids it."""

    actor: str
    reason: str
    at: datetime
    until: datetime

    def __post_init__(self) -> None:
        require_timezone("at", self.at)
        require_timezone("until", self.until)
        require_reason(self.reason)
        if self.until <= self.at:
            message = f"until: {self.until.isoformat()}, expected a time to come"
            raise InvalidValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The current state of one alert. At most one is open per (participant, policy_name, kind).

    `sequence` counts its transitions from 1. `exhausted` stays set until the severity steps down. `acknowledgement`
    may have expired. It remains until the alert escalates or another operator acknowledges it.
    """

    alert_id: UUID
    participant: str
    policy_name: str
    kind: Kind
    severity: Severity
    exhausted: bool
    sequence: int
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    acknowledgement: Acknowledgement | None = None

    def __post_init__(self) -> None:
        for field in ("opened_at", "updated_at", "resolved_at"):
            require_timezone(field, getattr(self, field))

    @property
    def key(self) -> tuple[str, Kind]:
        """What is unique among a participant's open alerts."""
        return self.policy_name, self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """One transition of one alert as it is published: a row of the outbox.

    `event_id` follows from the alert and the sequence, so that a repeated evaluation gives the same one.
    `message` is Portuguese, `message_en` English. Numbers are None where no policy is concerned or nothing is known.
    `previous` and `current` are the changed value of a notice, as text; None for other kinds. `outlook` is set where a
    forecast of the bucket is possible, `acknowledgement` on ACKNOWLEDGED only.
    """

    event_id: UUID
    alert_id: UUID
    sequence: int
    participant: str
    policy_name: str
    kind: Kind
    transition: TransitionKind
    severity: Severity
    exhausted: bool
    category: str
    available_tokens: int | None
    capacity_max: int | None
    utilization_pct: float | None
    previous: str | None
    current: str | None
    opened_at: datetime
    detected_at: datetime
    message: str
    message_en: str
    outlook: Outlook | None = None
    acknowledgement: Acknowledgement | None = None


def new_alert_id(participant: str, policy_name: str, kind: Kind, opened_at: datetime) -> UUID:
    """Return an id from the subject and the opening time, so that evaluating twice gives one alert."""
    return uuid5(_NAMESPACE, f"{participant}|{policy_name}|{kind}|{opened_at.timestamp():.6f}")


def new_event_id(alert_id: UUID, sequence: int) -> UUID:
    """Return an id from the alert and the place of the transition in it."""
    return uuid5(alert_id, str(sequence))
