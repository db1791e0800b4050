"""The JSON Schema of the event, checked against transitions of every kind."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from dict_rate_limit.contract.events import event_document
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Acknowledgement, Kind, Scope, Severity, TransitionKind
from dict_rate_limit.domain.alerts.transition import (
    AlertContext,
    Subject,
    acknowledged,
    change_severity,
    noticed,
    opened,
    reminded,
    resolved,
)
from dict_rate_limit.domain.buckets.forecast import Consumption, outlook
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import NOON, PARTICIPANT, THRESHOLDS, bucket

if TYPE_CHECKING:
    from dict_rate_limit.domain.alerts.alert import AlertEvent

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/events/core-event.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


# 300 to 900 taken in five minutes, in which 300 came back: empty in 100 s, or never.
PACE = Consumption(low=300, high=900, seconds=300, censored=False)


def one_of_each(kind: Kind, facts: AlertContext, policy_name: str) -> list[AlertEvent]:
    """Make every transition of an alert of this kind."""
    subject = Subject(participant=PARTICIPANT, policy_name=policy_name, kind=kind)
    changes = [opened(subject, Severity.WARNING, facts, NOON), noticed(subject, facts, NOON)]
    alert = changes[0].alert
    for severity in (Severity.CRITICAL, Severity.WARNING):
        change = change_severity(alert, severity, facts, NOON)
        assert change is not None
        changes.append(change)
        alert = change.alert
    until = NOON + timedelta(hours=1)
    seen = Acknowledgement(actor="ana", reason="on it", at=NOON, until=until)
    changes.append(acknowledged(alert, seen))
    changes.append(reminded(changes[-1].alert, facts, NOON))
    changes.append(resolved(changes[-1].alert, facts, NOON))
    return alert_events(change for change in changes if change.transition in kind.info.transitions)


def events_of(kind: Kind) -> list[AlertEvent]:
    if kind.info.scope is Scope.PARTICIPANT:
        return one_of_each(kind, AlertContext(category="C", previous="B", current="C"), ANY_POLICY)
    read = bucket(200)
    values = [outlook(read, pace, THRESHOLDS) for pace in (None, PACE)]
    all_facts = [AlertContext(category="C", bucket=read, outlook=one) for one in values]
    return [event for facts in all_facts for event in one_of_each(kind, facts, read.name)]


def problems(document: dict[str, Any]) -> list[str]:
    # As readers get it: through JSON.
    return [error.message for error in VALIDATOR.iter_errors(json.loads(json.dumps(document)))]


@pytest.mark.parametrize("kind", Kind)
def test_transitions_of_every_kind_match_the_schema(kind: Kind) -> None:
    events = events_of(kind)

    wrong = {event.transition: problems(event_document(event, "1.2.3", NOON)) for event in events}

    assert set(wrong) == kind.info.transitions
    assert not any(wrong.values()), wrong


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_lists_all_enum_values() -> None:
    data = SCHEMA["properties"]["data"]["properties"]

    assert data["kind"]["examples"] == list(Kind)
    assert data["severity"]["enum"] == sorted(Severity)
    assert data["transition"]["enum"] == sorted(TransitionKind)


def test_the_schema_requires_every_field() -> None:
    document = event_document(events_of(Kind.THRESHOLD)[0], "1.2.3", NOON)

    for part in ("data", "metadata"):
        described = SCHEMA["properties"][part]
        written = document[part]
        assert isinstance(written, dict)
        assert list(written) == described["required"] == list(described["properties"])


INVALID: list[tuple[str, str, object]] = [
    ("data", "policy_name", "claims read"),
    ("data", "policy_name", ""),
    ("data", "category", None),
    ("data", "severity", "FATAL"),
    ("data", "severity", "warning"),
    ("data", "available_tokens", "200"),
    ("data", "available_tokens", 0.5),
    ("data", "capacity_max", -1),
    ("data", "utilization_pct", 100.01),
    ("data", "message", ""),
    ("data", "detected_at", "yesterday"),
    ("data", "detected_at", "2026-11-23T12:00:00-03:00"),
    ("data", "alert_id", "1"),
    ("data", "kind", "threshold"),
    ("data", "transition", "CLOSED"),
    ("data", "sequence", 0),
    ("data", "exhausted", None),
    ("data", "empty_in_sec", 60),
    ("data", "empty_in_sec", [60]),
    ("data", "empty_in_sec", [-1, 60]),
    ("data", "safe_tokens", -1),
    ("data", "refill_per_minute", 0),
    ("data", "acknowledged_by", "ana"),
    ("data", "acknowledged_until", "soon"),
    ("metadata", "source", "somebody-else"),
    ("metadata", "created_at", 1_700_000_000),
    ("metadata", "event_id", "not-an-id"),
]


def test_the_schema_rejects_every_invalid_value() -> None:
    valid: dict[str, Any] = event_document(events_of(Kind.THRESHOLD)[0], "1.2.3", NOON)
    assert problems(valid) == []

    for part, field, value in INVALID:
        document = valid | {part: valid[part] | {field: value}}
        assert problems(document) != [], (field, value)


def test_the_schema_reports_every_missing_field() -> None:
    valid: dict[str, Any] = event_document(events_of(Kind.THRESHOLD)[0], "1.2.3", NOON)

    for part, field in [*product(["data"], SCHEMA["properties"]["data"]["required"]), ("metadata", "event_id")]:
        document = valid | {part: {name: value for name, value in valid[part].items() if name != field}}
        assert f"{field!r} is a required property" in problems(document)


def test_numbers_are_rejected_without_a_policy() -> None:
    document: dict[str, Any] = event_document(events_of(Kind.DRILL)[0], "1.2.3", NOON)

    document["data"]["available_tokens"] = 1

    assert problems(document) == ["1 is not of type 'null'"]


def test_unknown_fields_and_kinds_are_accepted() -> None:
    document: dict[str, Any] = event_document(events_of(Kind.THRESHOLD)[0], "1.2.3", NOON)

    document["data"]["another"] = 1
    document["data"]["kind"] = "FORECAST"

    assert problems(document) == []


def test_an_acknowledgement_has_actor_reason_and_end() -> None:
    event = next(event for event in events_of(Kind.THRESHOLD) if event.transition is TransitionKind.ACKNOWLEDGED)

    data = event_document(event, "1.2.3", NOON)["data"]

    assert isinstance(data, dict)
    values = {name: data[name] for name in ("acknowledged_by", "acknowledged_until", "reason")}
    assert values == {"acknowledged_by": "ana", "acknowledged_until": "2026-11-23T13:00:00Z", "reason": "on it"}


def test_the_outlook_is_in_seconds_and_tokens() -> None:
    event = replace(events_of(Kind.THRESHOLD)[0], outlook=outlook(bucket(200), PACE, THRESHOLDS))

    data = event_document(event, "1.2.3", NOON)["data"]

    assert isinstance(data, dict)
    values = {name: data[name] for name in ("empty_in_sec", "usable_in_sec", "full_in_sec", "safe_tokens")}
    assert values == {
        "empty_in_sec": [100, None],
        "usable_in_sec": [0, 0],
        "full_in_sec": [800, 840],
        "safe_tokens": 99,
    }
    assert data["refill_per_minute"] == 60
