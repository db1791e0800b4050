"""Rows of the database as domain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, time
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from dict_rate_limit.adapters.postgres.pool import Row
from dict_rate_limit.domain.alerts.alert import Acknowledgement, Alert, AlertEvent, Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.state import ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.bucket import POLICY_FIELDS, Bucket
from dict_rate_limit.domain.buckets.forecast import Consumption, Outlook
from dict_rate_limit.domain.buckets.reading import RejectedItem, Snapshot
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.routing import Attempt, DeliveryResult, Notification, Status
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Recurrence, Silence, Weekday
from dict_rate_limit.ports.stores import LatestReading

POLICY_COLUMNS: Final = {"name": "policy_name"}
"""Columns of dict_rate_limit_latest and dict_rate_limit_states that are not named as the field of a policy."""

Arrays = list[list[Any]] | None
"""What json_agg gives: None when there was no row."""


def participant_state(participant: str, row: Row) -> ParticipantState:
    return ParticipantState(
        participant=participant,
        first_polled_at=row["first_polled_at"],
        last_good_at=row["last_good_at"],
        checked_at=row["checked_at"],
        category=row["category"],
        buckets=MappingProxyType({policy["policy_name"]: bucket(policy) for policy in row["policies"] or ()}),
        policy_overrides=policy_overrides(row["policy_rules"]),
        open_alerts=tuple(sorted(alerts(row["open_alerts"]), key=lambda alert: alert.key)),
    )


def latest(row: Row) -> LatestReading:
    return LatestReading(
        participant=row["participant"],
        snapshot=None if row["received_at"] is None else _snapshot(row),
        policy_overrides=policy_overrides(row["policy_rules"]),
        last_poll_at=row["last_poll_at"],
        last_outcome=Outcome(row["last_outcome"]),
        consumption=MappingProxyType(
            {policy["policy_name"]: known for policy in row["policies"] or () if (known := _consumption(policy))}
        ),
    )


def bucket(row: Row) -> Bucket:
    return Bucket(**{field: row[POLICY_COLUMNS.get(field, field)] for field in POLICY_FIELDS})


def policy_overrides(rows: Arrays) -> Mapping[str, PolicyOverride]:
    """Read what operators set; percent become hundredths of a percent."""
    return MappingProxyType(
        {
            name: PolicyOverride(warning=_basis_points(warning), critical=_basis_points(critical), enabled=enabled)
            for name, warning, critical, enabled in rows or ()
        }
    )


def _consumption(row: Row) -> Consumption | None:
    # An older version records a reading without its consumption: the pace columns are then of an earlier reading.
    if row["pace_seconds"] is None or row["pace_checked_at"] != row["checked_at"]:
        return None
    return Consumption(**{field.name: row[f"pace_{field.name}"] for field in fields(Consumption)})


def _snapshot(row: Row) -> Snapshot:
    return Snapshot(
        participant=row["participant"],
        source=row["source"],
        response_time=row["response_time"],
        received_at=row["received_at"],
        category=row["category"],
        correlation_id=row["correlation_id"],
        buckets=tuple(bucket(policy) for policy in row["policies"] or ()),
        rejected=tuple(RejectedItem(**item) for item in row["rejected"] or ()),
    )


def _basis_points(percent: float | None) -> int | None:
    # A NUMERIC arrives as a float in JSON: rounding restores its exact value.
    return None if percent is None else round(percent * 100)


def alerts(documents: list[Row] | None) -> list[Alert]:
    """Read what json_agg gives: None when there was no row."""
    return [alert(document) for document in documents or ()]


def alert(document: Row) -> Alert:
    return Alert(
        alert_id=UUID(document["alert_id"]),
        participant=document["participant"],
        policy_name=document["policy_name"],
        kind=Kind(document["kind"]),
        severity=Severity(document["severity"]),
        exhausted=document["exhausted"],
        sequence=document["sequence"],
        opened_at=datetime.fromisoformat(document["opened_at"]),
        updated_at=datetime.fromisoformat(document["updated_at"]),
        resolved_at=moment(document["resolved_at"]),
        acknowledgement=_acknowledgement(document["acknowledgement"]),
    )


def alert_event(document: Row) -> AlertEvent:
    outlook = document["outlook"]
    return AlertEvent(
        event_id=UUID(document["event_id"]),
        alert_id=UUID(document["alert_id"]),
        sequence=document["sequence"],
        participant=document["participant"],
        policy_name=document["policy_name"],
        kind=Kind(document["kind"]),
        transition=TransitionKind(document["transition"]),
        severity=Severity(document["severity"]),
        exhausted=document["exhausted"],
        category=document["category"],
        available_tokens=document["available_tokens"],
        capacity_max=document["capacity_max"],
        utilization_pct=document["utilization_pct"],
        previous=document["previous"],
        current=document["current"],
        opened_at=datetime.fromisoformat(document["opened_at"]),
        detected_at=datetime.fromisoformat(document["detected_at"]),
        message=document["message"],
        message_en=document["message_en"],
        outlook=None if outlook is None else Outlook.from_dict(outlook),
        acknowledgement=_acknowledgement(document["acknowledgement"]),
    )


def moment(text: str | None) -> datetime | None:
    """Read a time that may be missing."""
    return None if text is None else datetime.fromisoformat(text)


def _acknowledgement(document: Mapping[str, str] | None) -> Acknowledgement | None:
    if document is None:
        return None
    return Acknowledgement(
        actor=document["actor"],
        reason=document["reason"],
        at=datetime.fromisoformat(document["at"]),
        until=datetime.fromisoformat(document["until"]),
    )


def silence(row: Row) -> Silence:
    return Silence(
        silence_id=row["silence_id"],
        purpose=Purpose(row["purpose"]),
        matchers=Matchers(
            policy=row["policy"], kind=row["kind"], severity=row["severity"], participant=row["participant"]
        ),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        recurrence=None if row["recurrence"] is None else _recurrence(row["recurrence"]),
        actor=row["actor"],
        reason=row["reason"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
    )


def notification(row: Row) -> Notification:
    """Read a row of `claim` or `of_alert`."""
    document = row["notification"]
    silence_id = document["silence_id"]
    return Notification(
        notification_id=UUID(document["notification_id"]),
        channel=document["channel"],
        event=alert_event(row["event"]),
        status=Status(document["status"]),
        created_at=datetime.fromisoformat(document["created_at"]),
        next_try_at=datetime.fromisoformat(document["next_try_at"]),
        attempts=document["attempts"],
        silence_id=None if silence_id is None else UUID(silence_id),
    )


def attempt(row: Row) -> Attempt:
    """Read a whole row of deliveries."""
    return Attempt(
        message_id=row["message_id"],
        channel=row["channel"],
        notification_ids=(row["notification_id"],),
        at=row["attempted_at"],
        answer=DeliveryResult(ok=row["ok"], text=row["answer"], refused=row["refused"]),
        status=Status(row["status"]),
        next_try_at=row["next_try_at"],
    )


def _recurrence(document: Mapping[str, Any]) -> Recurrence:
    return Recurrence(
        days=tuple(Weekday(day) for day in document["days"]),
        start=time.fromisoformat(document["start"]),
        end=time.fromisoformat(document["end"]),
        time_zone=document["time_zone"],
    )
