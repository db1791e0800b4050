"""Sample transitions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.alert import Kind, Severity
from dict_rate_limit.domain.alerts.transition import AlertContext, Subject, opened, reminded
from samples.domain import NOON, PARTICIPANT, bucket, recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain.alerts.alert import AlertEvent

CLAIMS, ENTRIES, KEYS = "CLAIMS_READ", "ENTRIES_WRITE", "KEYS_CHECK"


def transitions_of(policy_name: str, length: int, participant: str = PARTICIPANT) -> list[AlertEvent]:
    """Make the first transitions of one alert: opened, then reminders, a second apart."""
    facts = AlertContext(category="C", bucket=bucket(200, name=policy_name), threshold=2500)
    subject = Subject(participant=participant, policy_name=policy_name, kind=Kind.THRESHOLD)
    alert, event = recorded(opened(subject, Severity.WARNING, facts, NOON))
    events = [event]
    for second in range(1, length):
        alert, event = recorded(reminded(alert, facts, NOON + timedelta(seconds=second)))
        events.append(event)
    return events


def interleaved(*stories: Sequence[AlertEvent]) -> list[AlertEvent]:
    """Interleave sequences of equal length, as they are recorded."""
    return list(chain.from_iterable(zip(*stories, strict=True)))


def enlarged(event: AlertEvent, size: int) -> AlertEvent:
    """Make a transition whose document exceeds the size."""
    return replace(event, message="x" * size)
