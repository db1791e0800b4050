"""A transition as readers outside get it: the customer's core event (design: frozen shape, additive changes only)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.alert import AlertEvent

ACTION: Final = "ActionRateLimitAlert"
SOURCE: Final = "dict-rate-limit-monitoring"


def event_document(event: AlertEvent, version: str, created_at: datetime) -> dict[str, object]:
    """Return the event as plain JSON values.

    Where no policy is concerned `policy_name` is `*` and the numbers are null. A RESOLVED keeps the last severity.
    Readers drop repeats by `metadata.event_id`.
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
            "detected_at": _text(event.detected_at),
            "alert_id": str(event.alert_id),
            "participant": event.participant,
            "kind": event.kind.value,
            "transition": event.transition.value,
            "sequence": event.sequence,
            "exhausted": event.exhausted,
            "previous": event.previous,
            "current": event.current,
            "opened_at": _text(event.opened_at),
            "message_en": event.message_en,
        },
        "metadata": {
            "source": SOURCE,
            "version": version,
            "created_at": _text(created_at),
            "event_id": str(event.event_id),
        },
    }


def _text(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
