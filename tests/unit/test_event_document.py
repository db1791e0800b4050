from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from dict_rate_limit.contract.events import event_document
from dict_rate_limit.domain.errors import Outcome
from samples.domain import NOON, ticks
from samples.domain import run as judge
from samples.fake_ports import opened_and_resolved

SAO_PAULO = timezone(timedelta(hours=-3))


def test_a_transition_becomes_the_customers_event() -> None:
    event = opened_and_resolved()[0]

    document = event_document(event, "1.2.3", NOON)

    assert document == {
        "action": "ActionRateLimitAlert",
        "data": {
            "policy_name": "CLAIMS_READ",
            "category": "C",
            "severity": "WARNING",
            "available_tokens": 200,
            "capacity_max": 1000,
            "utilization_pct": 80.0,
            "message": event.message,
            "detected_at": "2026-11-23T12:05:00Z",
            "alert_id": str(event.alert_id),
            "participant": "12345678",
            "kind": "THRESHOLD",
            "transition": "OPENED",
            "sequence": 1,
            "exhausted": False,
            "previous": None,
            "current": None,
            "opened_at": "2026-11-23T12:05:00Z",
            "message_en": event.message_en,
            "empty_in_sec": [75.0, 120.0],
            "usable_in_sec": [0, 0],
            "full_in_sec": [800.0, 840.0],
            "safe_tokens": 99,
            "refill_per_minute": 60.0,
            "acknowledged_by": None,
            "acknowledged_until": None,
            "reason": None,
        },
        "metadata": {
            "source": "dict-rate-limit-monitoring",
            "version": "1.2.3",
            "created_at": "2026-11-23T12:00:00Z",
            "event_id": str(event.event_id),
        },
    }


def test_without_a_policy_the_name_is_a_star_and_numbers_are_null() -> None:
    _, events = judge(*ticks(Outcome.RATE_LIMITED))

    data = event_document(events[0], "1.2.3", NOON)["data"]

    assert isinstance(data, dict)
    assert [data[key] for key in ("policy_name", "available_tokens", "capacity_max", "utilization_pct")] == [
        "*",
        None,
        None,
        None,
    ]


def test_times_are_in_utc() -> None:
    event = opened_and_resolved()[0]
    elsewhere = replace(event, detected_at=event.detected_at.astimezone(SAO_PAULO))

    assert event_document(elsewhere, "1", NOON) == event_document(event, "1", NOON)
