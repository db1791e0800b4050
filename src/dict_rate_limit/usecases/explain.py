"""What decides the alerts and notifications of a policy: levels, silences, reminders, deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Alert, Kind
from dict_rate_limit.domain.alerts.conditions import next_reminder
from dict_rate_limit.domain.alerts.evaluation import evaluate_buckets
from dict_rate_limit.domain.alerts.state import EvaluatedBucket
from dict_rate_limit.domain.buckets.level import FULL, Level, Thresholds, clear_threshold
from dict_rate_limit.domain.errors import NotFoundError
from dict_rate_limit.domain.notifications.silence import Silence
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.notifications import LedgerEntry
from dict_rate_limit.ports.stores import Stores


@dataclass(frozen=True, kw_only=True)
class ExplainDeps:
    """The ports of an explanation, and the settings it depends on."""

    stores: Stores
    clock: Clock
    thresholds: Thresholds
    remind_every: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertExplanation:
    """An open alert. `silences` suppress it now; `next_reminder` is None when it sends no reminder."""

    alert: Alert
    silences: Sequence[Silence]
    next_reminder: datetime | None
    ledger: Sequence[LedgerEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyExplanation:
    """One policy as last evaluated by the monitor.

    evaluated            the bucket of the last reading and its level, without hysteresis
    checked_at           the time of that reading
    alert_level          the level of its open THRESHOLD alert, with hysteresis; OK without one
    clears_above_tokens  the alert de-escalates above this; None without an alert or capacity
    warns_at_tokens      a new alert opens at or below this; None without a capacity
    alerts               open alerts of the policy and of the whole participant
    silences             active and future silences that could suppress an alert of this policy
    """

    participant: str
    policy_name: str
    now: datetime
    evaluated: EvaluatedBucket
    checked_at: datetime
    alert_level: Level
    clears_above_tokens: int | None
    warns_at_tokens: int | None
    alerts: Sequence[AlertExplanation]
    silences: Sequence[Silence]


async def explain(deps: ExplainDeps, participant: str, policy_name: str) -> PolicyExplanation:
    """Explain one policy.

    Raises:
        NotFoundError: the last reading has no such policy, or there has been none.
        StoreError: the database does not answer.
    """
    now = deps.clock.now()
    latest = (await deps.stores.state.latest([participant])).get(participant)
    snapshot = None if latest is None else latest.snapshot
    buckets = () if snapshot is None else [bucket for bucket in snapshot.buckets if bucket.name == policy_name]
    if latest is None or snapshot is None or not buckets:
        message = f"policy: {policy_name}, expected one of the last reading of {participant}"
        raise NotFoundError(message)
    (evaluated,) = evaluate_buckets(buckets, latest.policy_overrides, deps.thresholds)
    silences = await deps.stores.silences.current(now)
    concerning = [
        alert
        for alert in await deps.stores.state.open_alerts([participant])
        if alert.policy_name in {policy_name, ANY_POLICY}
    ]
    level = _alert_level(concerning, policy_name)
    return PolicyExplanation(
        participant=participant,
        policy_name=policy_name,
        now=now,
        evaluated=evaluated,
        checked_at=snapshot.checked_at,
        alert_level=level,
        clears_above_tokens=_clears_above(evaluated, level),
        warns_at_tokens=_tokens(evaluated, evaluated.thresholds.warning),
        alerts=[await _explained(deps, alert, silences, now) for alert in concerning],
        silences=[one for one in silences if _may_concern(one, participant, policy_name)],
    )


async def _explained(deps: ExplainDeps, alert: Alert, silences: Sequence[Silence], now: datetime) -> AlertExplanation:
    return AlertExplanation(
        alert=alert,
        silences=[silence for silence in silences if silence.suppresses(alert, now)],
        next_reminder=next_reminder(alert, deps.remind_every),
        ledger=await deps.stores.notifications.ledger(alert.alert_id),
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
    # Rounded down: with one token more the bucket is above the share.
    return share * evaluated.bucket.capacity // FULL if evaluated.bucket.capacity else None


def _may_concern(silence: Silence, participant: str, policy_name: str) -> bool:
    matchers = silence.matchers
    return fnmatchcase(policy_name, matchers.policy) and fnmatchcase(participant, matchers.participant)
