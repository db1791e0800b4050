"""Sample alerts, silences and channels."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from dict_rate_limit.domain.alerts.alert import Acknowledgement, Kind, Severity
from dict_rate_limit.domain.alerts.transition import (
    AlertContext,
    Subject,
    acknowledged,
    change_severity,
    opened,
    reminded,
    resolved,
)
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType, Routes
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Silence
from dict_rate_limit.texts.alert_lines import alert_events
from samples.domain import NOON, PARTICIPANT, recorded

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent
    from dict_rate_limit.domain.notifications.silence import Recurrence

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FACTS = AlertContext(category="C")
SILENCE_ID = UUID("00000000-0000-4000-8000-000000000001")


def open_change(
    policy_name: str = "CLAIMS_READ",
    kind: Kind = Kind.THRESHOLD,
    severity: Severity = Severity.WARNING,
    at: datetime = NOON,
    participant: str = PARTICIPANT,
) -> tuple[Alert, AlertEvent]:
    return recorded(opened(Subject(participant=participant, policy_name=policy_name, kind=kind), severity, FACTS, at))


def open_alert(
    policy_name: str = "CLAIMS_READ",
    kind: Kind = Kind.THRESHOLD,
    severity: Severity = Severity.WARNING,
    at: datetime = NOON,
) -> Alert:
    return open_change(policy_name, kind, severity, at)[0]


def acknowledgement_by(actor: str = "ana", at: datetime = NOON, until: datetime = NOON + HOUR) -> Acknowledgement:
    """Acknowledge an alert for an hour."""
    return Acknowledgement(actor=actor, reason="looking", at=at, until=until)


def one_of_each() -> dict[str, AlertEvent]:
    """Make one transition of each kind of one alert, in order."""
    alert, begun = open_change()
    worse = change_severity(alert, Severity.CRITICAL, FACTS, NOON + MINUTE)
    assert worse is not None
    seen = acknowledged(worse.alert, acknowledgement_by(at=NOON + 2 * MINUTE))
    again = reminded(seen.alert, FACTS, NOON + 3 * MINUTE)
    better = change_severity(again.alert, Severity.WARNING, FACTS, NOON + 4 * MINUTE)
    assert better is not None
    over = resolved(better.alert, FACTS, NOON + 5 * MINUTE)
    events = [begun, *alert_events([worse, seen, again, better, over])]
    return {event.transition.value: event for event in events}


def silence(
    matchers: Matchers | None = None,
    starts_at: datetime = NOON,
    ends_at: datetime = NOON + HOUR,
    recurrence: Recurrence | None = None,
) -> Silence:
    """Make a silence of an hour, for everything by default."""
    return Silence(
        silence_id=SILENCE_ID,
        purpose=Purpose.SILENCE,
        matchers=matchers or Matchers(),
        starts_at=starts_at,
        ends_at=ends_at,
        recurrence=recurrence,
        actor="ana",
        reason="a release",
        created_at=NOON,
    )


def ended(one: Silence, at: datetime) -> Silence:
    """End a silence early."""
    return replace(one, ended_at=at, ended_by="rui")


def channel(
    name: str = "ops",
    routes: Routes | None = None,
    format: ChannelType = ChannelType.TEXT,  # noqa: A002 -- the field's name
    group_wait: timedelta = timedelta(0),
) -> Channel:
    """Make a channel that matches everything and sends at once by default."""
    return Channel(name=name, format=format, url=f"test://{name}", routes=routes or Routes(), group_wait=group_wait)
