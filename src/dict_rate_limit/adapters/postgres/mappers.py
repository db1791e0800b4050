"""Rows of the database as domain values, and domain values as the parameters of SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime, time
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from dict_rate_limit.adapters.postgres.pool import Parameters, Row
from dict_rate_limit.domain.alerts.alert import Acknowledgement, Alert, AlertEvent, Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
from dict_rate_limit.domain.buckets.bucket import POLICY_FIELDS, Bucket
from dict_rate_limit.domain.buckets.forecast import Consumption, Outlook
from dict_rate_limit.domain.buckets.reading import FailedPoll, RejectedItem, Snapshot
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


def poll_parameters(evaluation: Evaluation) -> Parameters:
    """Return what save_poll takes; the `new_…` ones are None or "" where the participant's stay as they are."""
    poll = evaluation.poll
    own = _snapshot_parameters(poll) if isinstance(poll, Snapshot) else _failure_parameters(poll)
    reading = poll if evaluation.is_new_reading and isinstance(poll, Snapshot) else None
    return {
        **own,
        "participant": poll.participant,
        "received_at": poll.received_at,
        "source": storable(poll.source),
        "outcome": poll.outcome.value,
        "advanced": evaluation.is_new_reading,
        "correlation_id": storable(poll.correlation_id),
        "new_good_at": reading and reading.received_at,
        "new_checked_at": reading and reading.checked_at,
        "new_category": storable(reading.category) if reading and reading.category.strip() else "",
    }


def reading_parameters(snapshot: Snapshot, evaluation: Evaluation) -> Parameters:
    return {
        "participant": snapshot.participant,
        "received_at": snapshot.received_at,
        "checked_at": snapshot.checked_at,
        "category": storable(snapshot.category),
        "correlation_id": storable(snapshot.correlation_id),
        "policies": as_json(
            [
                _policy(place, bucket, evaluation.consumption.get(bucket.name))
                for place, bucket in enumerate(snapshot.buckets)
            ]
        ),
        "vanished": list(evaluation.vanished),
    }


def alert_parameters(alerts: Iterable[Alert], events: Iterable[AlertEvent]) -> Parameters:
    # ON CONFLICT cannot update a row twice. Of an alert that changed twice the last form counts.
    last = {alert.alert_id: alert for alert in alerts}
    return {
        "alerts": as_json([_storable(asdict(alert)) for alert in last.values()]),
        "events": as_json(
            [{**_storable(asdict(event)), "outlook": event.outlook and event.outlook.to_dict()} for event in events]
        ),
    }


def silence_parameters(silence: Silence) -> Parameters:
    values = asdict(silence)
    recurrence = silence.recurrence and json.dumps(values["recurrence"], default=str)
    return {**_storable(values), **values["matchers"], "recurrence": recurrence}


def notification_parameters(notification: Notification) -> Parameters:
    """Return one row of what `add` takes."""
    return {
        "notification_id": notification.notification_id,
        "event_id": notification.event.event_id,
        "channel": notification.channel,
        "status": notification.status,
        "created_at": notification.created_at,
        "next_try_at": notification.next_try_at,
        "attempts": notification.attempts,
        "silence_id": notification.silence_id,
    }


def attempt_parameters(attempt: Attempt) -> Parameters:
    return {
        "message_id": attempt.message_id,
        "channel": attempt.channel,
        "notification_ids": list(attempt.notification_ids),
        "at": attempt.at,
        "ok": attempt.answer.ok,
        "refused": attempt.answer.refused,
        "answer": storable(attempt.answer.text),
        "status": attempt.status,
        "next_try_at": attempt.next_try_at,
    }


def _snapshot_parameters(snapshot: Snapshot) -> Parameters:
    return {
        "response_time": snapshot.response_time,
        "checked_at": snapshot.checked_at,
        "category": storable(snapshot.category),
        "buckets": len(snapshot.buckets),
        "rejected": as_json([_storable(asdict(item)) for item in snapshot.rejected]) if snapshot.rejected else None,
        "detail": None,
        "retry_after_sec": None,
    }


def _failure_parameters(poll: FailedPoll) -> Parameters:
    return {
        "response_time": None,
        "checked_at": None,
        "category": None,
        "buckets": 0,
        "rejected": None,
        "detail": storable(poll.detail),
        "retry_after_sec": poll.retry_after_sec,
    }


def _policy(place: int, bucket: Bucket, consumed: Consumption | None) -> Parameters:
    own = {POLICY_COLUMNS.get(field, field): value for field, value in asdict(bucket).items()}
    pace = {} if consumed is None else {f"pace_{field}": value for field, value in asdict(consumed).items()}
    return {**_storable(own), **pace, "place": place, "utilization_pct": bucket.utilization_pct}


def storable(text: str | None) -> str | None:
    # PostgreSQL's text cannot contain NUL. A reading must not be lost for it.
    return text if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _storable(values: Parameters) -> Parameters:
    texts = {name: storable(value) for name, value in values.items() if isinstance(value, str)}
    return {**values, **texts, **{name: _storable(value) for name, value in values.items() if isinstance(value, dict)}}


def as_json(rows: list[Parameters]) -> str:
    """Return rows for jsonb_populate_recordset, with times and ids as text."""
    return json.dumps(rows, default=str, separators=(",", ":"))
