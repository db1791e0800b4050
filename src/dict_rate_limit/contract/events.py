"""The event document that consumers of the topic and of webhooks get. Its shape is frozen: fields are only added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.timestamps import format_rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import Acknowledgement, AlertEvent
    from dict_rate_limit.domain.buckets.forecast import Outlook

ACTION: Final = "ActionRateLimitAlert"
SOURCE: Final = "dict-rate-limit-monitoring"


def event_document(event: AlertEvent, version: str, created_at: datetime) -> dict[str, object]:
    """Return the event as plain JSON values.

    Where no policy is concerned `policy_name` is `*` and the numbers are null. A RESOLVED keeps the last severity.
    Readers drop repeats by `metadata.event_id`. docs/events/core-event.schema.json describes it.
    """
    return {
        "action": ACTION,
        "data": {
            "policy_name": event.policy_name,
            "category": event.category,
            "severity": event.severity.value,
            "available_tokens": event.available_tokens,
            "capacity_max": event.capacity_max,
            "utilization_pct": event.utilization_pct,
            "message": event.message,
            "detected_at": format_rfc3339(event.detected_at),
            "alert_id": str(event.alert_id),
            "participant": event.participant,
            "kind": event.kind.value,
            "transition": event.transition.value,
            "sequence": event.sequence,
            "exhausted": event.exhausted,
            "previous": event.previous,
            "current": event.current,
            "opened_at": format_rfc3339(event.opened_at),
            "message_en": event.message_en,
            **_outlook(event.outlook),
            **_acknowledgement(event.acknowledgement),
        },
        "metadata": {
            "source": SOURCE,
            "version": version,
            "created_at": format_rfc3339(created_at),
            "event_id": str(event.event_id),
        },
    }


def _outlook(outlook: Outlook | None) -> dict[str, object]:
    """What comes next for the bucket; null where nothing can be said."""
    names = ("empty_in_sec", "usable_in_sec", "full_in_sec", "safe_tokens", "refill_per_minute")
    return dict.fromkeys(names) if outlook is None else outlook.to_dict()


def _acknowledgement(acknowledgement: Acknowledgement | None) -> dict[str, object]:
    """Who has taken the alert up; null on every transition but ACKNOWLEDGED."""
    if acknowledgement is None:
        return dict.fromkeys(("acknowledged_by", "acknowledged_until", "reason"))
    return {
        "acknowledged_by": acknowledgement.actor,
        "acknowledged_until": format_rfc3339(acknowledgement.until),
        "reason": acknowledgement.reason,
    }
