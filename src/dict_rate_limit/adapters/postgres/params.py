"""Domain values as the parameters of SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from dict_rate_limit.adapters.postgres.mappers import POLICY_COLUMNS
from dict_rate_limit.adapters.postgres.pool import Parameters
from dict_rate_limit.domain.alerts.alert import Acknowledgement, Alert, AlertEvent
from dict_rate_limit.domain.alerts.state import Evaluation
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.forecast import Consumption
from dict_rate_limit.domain.buckets.reading import FailedPoll, RejectedItem, Snapshot
from dict_rate_limit.domain.notifications.routing import Attempt, Notification
from dict_rate_limit.domain.notifications.silence import Recurrence, Silence


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
        "alerts": as_json([_alert(alert) for alert in last.values()]),
        "events": as_json([_event(event) for event in events]),
    }


def silence_parameters(silence: Silence) -> Parameters:
    return {
        "silence_id": silence.silence_id,
        "purpose": silence.purpose,
        "policy": silence.matchers.policy,
        "kind": silence.matchers.kind,
        "severity": silence.matchers.severity,
        "participant": silence.matchers.participant,
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "recurrence": None if silence.recurrence is None else json.dumps(_recurrence(silence.recurrence)),
        "actor": storable(silence.actor),
        "reason": storable(silence.reason),
        "created_at": silence.created_at,
        "ended_at": silence.ended_at,
        "ended_by": storable(silence.ended_by),
    }


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
        "rejected": as_json([_rejected(item) for item in snapshot.rejected]) if snapshot.rejected else None,
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


def _rejected(item: RejectedItem) -> Parameters:
    return {"position": item.position, "name": storable(item.name), "reason": storable(item.reason)}


def _alert(alert: Alert) -> Parameters:
    return {**asdict(alert), "acknowledgement": _acknowledgement(alert.acknowledgement)}


def _event(event: AlertEvent) -> Parameters:
    return {
        **_storable(asdict(event)),
        "outlook": None if event.outlook is None else event.outlook.to_dict(),
        "acknowledgement": _acknowledgement(event.acknowledgement),
    }


def _acknowledgement(acknowledgement: Acknowledgement | None) -> Parameters | None:
    if acknowledgement is None:
        return None
    return {**asdict(acknowledgement), "actor": storable(acknowledgement.actor)}


def _recurrence(recurrence: Recurrence) -> Parameters:
    return {
        "days": list(recurrence.days),
        "start": recurrence.start.isoformat(),
        "end": recurrence.end.isoformat(),
        "time_zone": recurrence.time_zone,
    }


def storable(text: str | None) -> str | None:
    # PostgreSQL's text cannot contain NUL. A reading must not be lost for it.
    return text if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _storable(values: Parameters) -> Parameters:
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def as_json(rows: list[Parameters]) -> str:
    """Return rows for jsonb_populate_recordset, with times and ids as text."""
    return json.dumps(rows, default=str, separators=(",", ":"))
