"""One text of each sort, as people get it; run as a program it writes docs/notification-samples.md."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, NOTICE, Acknowledgement, Kind, Scope, Severity
from dict_rate_limit.domain.alerts.transition import (
    AlertContext,
    Subject,
    acknowledged,
    change_severity,
    drilled,
    noticed,
    opened,
    reminded,
    resolved,
)
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.catalog import ANTISCAN
from dict_rate_limit.domain.buckets.forecast import Consumption, outlook
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.alert_lines import alert_event, alert_events
from dict_rate_limit.texts.notification import compose
from samples.domain import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dict_rate_limit.domain.alerts.alert import Alert, AlertEvent

PAGE = Path(__file__).parents[1] / "docs" / "notification-samples.md"
RUNBOOKS = "https://runbooks.example.com/dict"
NIGHT = datetime(2026, 11, 25, 6, 12, tzinfo=UTC)
THRESHOLDS = Thresholds(warning=2500, critical=1000, margin=200)
CLAIMS = Subject(participant="default", policy_name="CLAIMS_READ", kind=Kind.THRESHOLD)
BLIND = Subject(participant="default", policy_name=ANY_POLICY, kind=Kind.SOURCE_UNREACHABLE)
LIMITED = Subject(participant="default", policy_name=ANY_POLICY, kind=Kind.RATE_LIMITED)
STEADY = (4_500, 5_100)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

HEAD = """# Notification samples

One text of each sort, in both languages: the title as a locked phone displays it, then the body. Written by
`PYTHONPATH=tests .venv/bin/python tests/notification_texts.py` from the code that composes them. A test compares.
`docs/notifications.md` describes the channels that receive them.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Transitions that make one message, and when it is sent."""

    name: str
    events: Sequence[AlertEvent]
    late: timedelta = timedelta(0)

    def text(self, language: Language) -> tuple[str, str]:
        """Compose title and body."""
        return compose(self.events, language, self.events[-1].detected_at + self.late, RUNBOOKS)


def facts(
    available: int,
    taken: tuple[int, int] | None = STEADY,
    *,
    name: str = "CLAIMS_READ",
    limits: tuple[int, int] = (18_000, 600),
    threshold: int = 1000,
) -> AlertContext:
    """Make what is known of a bucket after five minutes in which between `taken` tokens were taken."""
    bucket = Bucket(
        name=name,
        available_tokens=available,
        capacity=limits[0],
        refill_tokens=limits[1],
        refill_period_sec=60,
    )
    pace = None if taken is None else Consumption(low=taken[0], high=taken[1], seconds=300, censored=False)
    return AlertContext(category="C", bucket=bucket, outlook=outlook(bucket, pace, THRESHOLDS), threshold=threshold)


def warning(available: int = 3_900, taken: tuple[int, int] | None = STEADY) -> tuple[Alert, AlertEvent]:
    """Open an alert of a bucket at its warning threshold."""
    return recorded(opened(CLAIMS, Severity.WARNING, facts(available, taken, threshold=2500), NIGHT))


def worse(alert: Alert, available: int, after: timedelta) -> tuple[Alert, AlertEvent]:
    """Escalate an alert."""
    change = change_severity(alert, Severity.CRITICAL, facts(available, (6_000, 6_300)), NIGHT + after)
    assert change is not None
    return recorded(change)


def bucket_samples() -> Iterator[Sample]:
    """Give the messages of one bucket, from OPENED to RESOLVED."""
    alert, begun = warning()
    yield Sample("Opened", [begun])
    yield Sample("Opened, use unknown", [warning(taken=None)[1]])
    yield Sample("Opened, use between nothing and much", [warning(taken=(2_700, 5_100))[1]])
    critical, worsened = worse(alert, 1_500, 5 * MINUTE)
    yield Sample("Worse: critical", [worsened])
    dry, emptied = worse(critical, 0, 10 * MINUTE)
    yield Sample("Worse: exhausted", [emptied])
    seen = Acknowledgement(
        actor="maria.souza",
        reason="lote de conciliação parado, esperando encher",
        at=NIGHT + 12 * MINUTE,
        until=NIGHT + 72 * MINUTE,
    )
    yield Sample("Acknowledged", [alert_event(acknowledged(dry, seen))])
    yield Sample("Reminder", [alert_event(reminded(critical, facts(1_450), NIGHT + 42 * MINUTE))])
    change = change_severity(critical, Severity.WARNING, facts(2_400, (500, 700), threshold=2500), NIGHT + 47 * MINUTE)
    assert change is not None
    better, improved = recorded(change)
    yield Sample("Better", [improved])
    over = alert_event(resolved(better, facts(5_200, (100, 200)), NIGHT + 54 * MINUTE))
    yield Sample("Resolved", [over])
    yield Sample("Sent late", [begun, worsened, improved, over], late=timedelta(hours=2))


def source_samples() -> Iterator[Sample]:
    """Give the messages of the source: no readings, and our own query refused."""
    known = AlertContext(category="", current="UNAVAILABLE")
    blind, lost = recorded(opened(BLIND, Severity.CRITICAL, known, NIGHT))
    yield Sample("No reading", [lost])
    yield Sample("No reading, reminder", [alert_event(reminded(blind, known, NIGHT + HOUR))])
    answered = AlertContext(category="C")
    yield Sample("Readings are back", [alert_event(resolved(blind, answered, NIGHT + 75 * MINUTE))])
    known = AlertContext(category="", current="RATE_LIMITED")
    limited, refused = recorded(opened(LIMITED, Severity.WARNING, known, NIGHT))
    yield Sample("Our own query refused", [refused])
    yield Sample("Our own query accepted again", [alert_event(resolved(limited, answered, NIGHT + 5 * MINUTE))])


def notice_samples() -> Iterator[Sample]:
    """Give one message for each kind of notice, and a drill."""
    known = {
        Kind.LIMITS_CHANGED: AlertContext(category="C", previous="18000 +600/60s", current="9000 +300/60s"),
        Kind.POLICY_APPEARED: replace(facts(18_000), outlook=None),
        Kind.POLICY_VANISHED: AlertContext(category="C", previous="18000 +600/60s"),
    }
    for kind in Kind:
        if kind.info.transitions != NOTICE:
            continue
        whole = kind.info.scope is Scope.PARTICIPANT
        subject = Subject(
            participant="12345678" if whole else "default",
            policy_name=ANY_POLICY if whole else "CLAIMS_READ",
            kind=kind,
        )
        context = known.get(kind, AlertContext(category="D", previous="C", current="D"))
        name = kind.value.replace("_", " ").capitalize()
        yield Sample(name, [alert_event(noticed(subject, context, NIGHT))])
    drill = Subject(participant="default", policy_name=ANY_POLICY, kind=Kind.DRILL)
    sender = Acknowledgement(actor="maria.souza", reason="teste mensal", at=NIGHT, until=NIGHT + HOUR)
    begun, over = alert_events(drilled(drill, sender))
    yield Sample("Drill", [begun])
    yield Sample("Drill over", [over])


def antiscan_event() -> AlertEvent:
    """Open an alert of the bucket that a 404 costs three tokens."""
    known = facts(4_800, (80_000, 81_000), name=ANTISCAN, limits=(30_000, 15_000), threshold=2500)
    subject = Subject(participant="12345678", policy_name=ANTISCAN, kind=Kind.THRESHOLD)
    return alert_event(opened(subject, Severity.WARNING, known, NIGHT + 2 * MINUTE))


def grouped_samples() -> Iterator[Sample]:
    """Give messages of several alerts."""
    yield Sample("Look-ups of keys, where a 404 costs three tokens", [antiscan_event()])
    alert, begun = warning()
    worsened = worse(alert, 1_500, 5 * MINUTE)[1]
    keys = Subject(participant="default", policy_name="KEYS_CHECK", kind=Kind.THRESHOLD)
    known = facts(61, (300, 310), name="KEYS_CHECK", limits=(70, 70), threshold=2500)
    begun_before = opened(keys, Severity.WARNING, known, NIGHT - HOUR).alert
    ended = alert_event(resolved(begun_before, known, NIGHT + 3 * MINUTE))
    yield Sample("Several alerts in one message", [begun, antiscan_event(), ended, worsened])


def samples() -> list[Sample]:
    """Return one of each."""
    return [*bucket_samples(), *grouped_samples(), *source_samples(), *notice_samples()]


def page() -> str:
    """Write the page."""
    parts = [HEAD]
    for sample in samples():
        parts.append(f"\n## {sample.name}\n")
        for language in Language:
            title, body = sample.text(language)
            parts.append(f"\n```text\n{title}\n\n{body}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--show"]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")
