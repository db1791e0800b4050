"""Alerts and transitions as to_jsonb gives them, as our values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import Acknowledgement, Alert, AlertEvent, Kind, Severity, TransitionKind
from dict_rate_limit.domain.buckets.outlook import from_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]


def alerts(documents: list[Row] | None) -> list[Alert]:
    """Read what json_agg gives: None when there was no row."""
    return [alert(document) for document in documents or ()]


def alert(document: Row) -> Alert:
    """Read one alert."""
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
    """Read one transition."""
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
        outlook=None if outlook is None else from_plain(outlook),
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
