"""Why a policy is told as it is: level, what would clear it, alerts, silences, reminders, deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind
from dict_rate_limit.domain.alerts.evaluation import evaluate_buckets
from dict_rate_limit.domain.alerts.reminders import next_reminder
from dict_rate_limit.domain.buckets.level import FULL, Level, clear_threshold
from dict_rate_limit.domain.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.alerts.state import EvaluatedBucket
    from dict_rate_limit.domain.buckets.level import Thresholds
    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.ports.clock import Clock
    from dict_rate_limit.ports.notifications import LedgerEntry
    from dict_rate_limit.ports.stores import Stores


@dataclass(frozen=True, kw_only=True)
class ExplainDeps:
    """Where the answer is looked up, and the settings it depends on."""

    stores: Stores
    clock: Clock
    thresholds: Thresholds
    remind_every: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedAlert:
    """An open alert; `silences` are those that hold it back now, `next_reminder` None where there will be none."""

    alert: Alert
    silences: Sequence[Silence]
    next_reminder: datetime | None
    ledger: Sequence[LedgerEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One policy now, as the monitor last judged it.

    judged               the bucket of the last reading and its level, without memory
    checked_at           when it held these tokens
    alert_level          the level of its open THRESHOLD alert, with memory; OK without one
    clears_above_tokens  the alert steps down once the bucket holds more; None without an alert or capacity
    warns_at_tokens      at or below this a new alert opens; None without a capacity
    alerts               open ones of the policy and those that concern the whole participant
    silences             all that are or will be in force and could hold an alert of this policy back
    """

    participant: str
    policy_name: str
    now: datetime
    evaluated: EvaluatedBucket
    checked_at: datetime
    alert_level: Level
    clears_above_tokens: int | None
    warns_at_tokens: int | None
    alerts: Sequence[ExplainedAlert]
    silences: Sequence[Silence]


async def explain(parts: ExplainDeps, participant: str, policy_name: str) -> Explanation:
    """Explain one policy.

    Raises:
        NotFoundError: the last reading has no such policy, or there has been none.
        StoreError: the database does not answer.
    """
    now = parts.clock.now()
    latest = (await parts.stores.state.latest([participant])).get(participant)
    snapshot = None if latest is None else latest.snapshot
    buckets = () if snapshot is None else [bucket for bucket in snapshot.buckets if bucket.name == policy_name]
    if latest is None or snapshot is None or not buckets:
        message = f"policy: {policy_name}, expected one of the last reading of {participant}"
        raise NotFoundError(message)
    (evaluated,) = evaluate_buckets(buckets, latest.policy_overrides, parts.thresholds)
    silences = await parts.stores.silences.current(now)
    concerning = [
        alert
        for alert in await parts.stores.state.open_alerts([participant])
        if alert.policy_name in {policy_name, ANY_POLICY}
    ]
    level = _alert_level(concerning, policy_name)
    return Explanation(
        participant=participant,
        policy_name=policy_name,
        now=now,
        evaluated=evaluated,
        checked_at=snapshot.checked_at,
        alert_level=level,
        clears_above_tokens=_clears_above(evaluated, level),
        warns_at_tokens=_tokens(evaluated, evaluated.thresholds.warning),
        alerts=[await _explained(parts, alert, silences, now) for alert in concerning],
        silences=[one for one in silences if _may_concern(one, participant, policy_name)],
    )


async def _explained(parts: ExplainDeps, alert: Alert, silences: Sequence[Silence], now: datetime) -> ExplainedAlert:
    return ExplainedAlert(
        alert=alert,
        silences=[silence for silence in silences if silence.suppresses(alert, now)],
        next_reminder=next_reminder(alert, parts.remind_every),
        ledger=await parts.stores.notifications.ledger(alert.alert_id),
    )


def _alert_level(alerts: Sequence[Alert], policy_name: str) -> Level:
    key = (policy_name, Kind.THRESHOLD)
    return next((Level(alert.severity) for alert in alerts if alert.key == key), Level.OK)


def _clears_above(evaluated: EvaluatedBucket, level: Level) -> int | None:
    if level is Level.OK:
        return None
    tokens = _tokens(evaluated, clear_threshold(evaluated.thresholds, level))
    return None if tokens is None else min(tokens, evaluated.bucket.capacity - 1)


def _tokens(evaluated: EvaluatedBucket, share: int) -> int | None:
    """Return the most tokens that are not above a share."""
    return share * evaluated.bucket.capacity // FULL if evaluated.bucket.capacity else None


def _may_concern(silence: Silence, participant: str, policy_name: str) -> bool:
    matchers = silence.matchers
    return fnmatchcase(policy_name, matchers.policy) and fnmatchcase(participant, matchers.participant)
