"""Sample models of the overview."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from dict_rate_limit.apps.api.page.model import OverviewModel
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Acknowledgement, Alert, Kind, Severity, new_alert_id
from dict_rate_limit.domain.alerts.state import EvaluatedBucket
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.level import Thresholds, level_of
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Silence
from dict_rate_limit.ports.delivery import Backlog

NOW = datetime(2026, 3, 1, 3, 12, 17, tzinfo=UTC)
THRESHOLDS = Thresholds(warning=2_500, critical=1_000, margin=200)
PARTICIPANT = "01234567"
LONG_NAME = "ENTRIES_READ_PARTICIPANT_ANTISCAN_" * 2 + "WITH_A_NAME_AS_LONG_AS_IT_MAY_BE"

LIMITS = (
    ("ENTRIES_READ_PARTICIPANT_ANTISCAN", 30_000, 15_000, 60),
    ("ENTRIES_STATISTICS_READ", 30_000, 15_000, 60),
    ("ENTRIES_WRITE", 36_000, 1_200, 60),
    ("ENTRIES_UPDATE", 600, 600, 60),
    ("CLAIMS_READ", 18_000, 600, 60),
    ("CLAIMS_WRITE", 36_000, 1_200, 60),
    ("CLAIMS_LIST_WITH_ROLE", 200, 40, 60),
    ("CLAIMS_LIST_WITHOUT_ROLE", 50, 10, 60),
    ("SYNC_VERIFICATIONS_WRITE", 50, 10, 60),
    ("CIDS_FILES_WRITE", 200, 40, 86_400),
    ("CIDS_FILES_READ", 50, 10, 60),
    ("CIDS_EVENTS_LIST", 100, 20, 60),
    ("CIDS_ENTRIES_READ", 36_000, 1_200, 60),
    ("INFRACTION_REPORTS_READ", 18_000, 600, 60),
    ("INFRACTION_REPORTS_WRITE", 36_000, 1_200, 60),
    ("INFRACTION_REPORTS_LIST_WITH_ROLE", 200, 40, 60),
    ("INFRACTION_REPORTS_LIST_WITHOUT_ROLE", 50, 10, 60),
    ("KEYS_CHECK", 70, 70, 60),
    ("REFUNDS_READ", 36_000, 1_200, 60),
    ("REFUNDS_WRITE", 72_000, 2_400, 60),
    ("REFUND_LIST_WITH_ROLE", 200, 40, 60),
    ("REFUND_LIST_WITHOUT_ROLE", 50, 10, 60),
    ("FRAUD_MARKERS_READ", 18_000, 600, 60),
    ("FRAUD_MARKERS_WRITE", 36_000, 1_200, 60),
    ("FRAUD_MARKERS_LIST", 18_000, 600, 60),
    ("PERSONS_STATISTICS_READ", 36_000, 12_000, 60),
    ("EVENT_LIST", 200, 40, 60),
    ("POLICIES_READ", 200, 60, 60),
    ("POLICIES_LIST", 20, 6, 60),
)


def evaluated(  # noqa: PLR0913 - a bucket has this many sides
    name: str,
    available: int,
    capacity: int = 1_000,
    refill: int = 60,
    period: int = 60,
    *,
    thresholds: Thresholds = THRESHOLDS,
    enabled: bool = True,
) -> EvaluatedBucket:
    """Make a bucket of 1000 that refills 60 a minute, evaluated."""
    bucket = Bucket(
        name=name, available_tokens=available, capacity=capacity, refill_tokens=refill, refill_period_sec=period
    )
    return EvaluatedBucket(bucket=bucket, thresholds=thresholds, level=level_of(bucket, thresholds), enabled=enabled)


def alert(
    policy_name: str,
    severity: Severity,
    *,
    minutes: float,
    kind: Kind = Kind.THRESHOLD,
    exhausted: bool = False,
    taken_by: str | None = None,
) -> Alert:
    """Make an alert opened so many minutes ago. `taken_by` has acknowledged it for another hour."""
    opened_at = NOW - timedelta(minutes=minutes)
    return Alert(
        alert_id=new_alert_id(PARTICIPANT, policy_name, kind, opened_at),
        participant=PARTICIPANT,
        policy_name=policy_name,
        kind=kind,
        severity=severity,
        exhausted=exhausted,
        sequence=1,
        opened_at=opened_at,
        updated_at=opened_at,
        acknowledgement=None if taken_by is None else acknowledgement_by(taken_by, minutes=60),
    )


def acknowledgement_by(actor: str, *, minutes: float) -> Acknowledgement:
    """Make an acknowledgement that ends in so many minutes."""
    until = NOW + timedelta(minutes=minutes)
    return Acknowledgement(actor=actor, reason="on it", at=until - timedelta(hours=4), until=until)


def silence(policy: str = "*", *, purpose: Purpose = Purpose.SILENCE, minutes: float = 48, later: float = 0) -> Silence:
    """Make a silence that started two hours ago, or starts so many minutes `later`, and ends in `minutes`."""
    begun = NOW + timedelta(minutes=later) if later else NOW - timedelta(hours=2)
    return Silence(
        silence_id=uuid4(),
        purpose=purpose,
        matchers=Matchers(policy=policy),
        starts_at=begun,
        ends_at=NOW + timedelta(minutes=minutes),
        recurrence=None,
        actor="rui",
        reason="known",
        created_at=begun,
    )


def usual_buckets(shares: dict[str, EvaluatedBucket] | None = None) -> tuple[EvaluatedBucket, ...]:
    """Make all published buckets, nearly full except the given ones."""
    given = shares or {}
    return tuple(
        given.get(name, evaluated(name, capacity - capacity * (place * 7 % 23) // 100, capacity, refill, period))
        for place, (name, capacity, refill, period) in enumerate(LIMITS)
    )


HEALTHY = OverviewModel(
    participant=PARTICIPANT,
    participants=(PARTICIPANT,),
    buckets=usual_buckets(),
    age_seconds=12.4,
    checked_at=NOW - timedelta(seconds=12.4),
    cache_status="HIT",
    alerts=(),
    silences=(),
    backlog=Backlog(waiting=0, oldest_at=None, dead=0),
    broker=True,
    rejected=0,
    category="C",
    now=NOW,
    refresh_seconds=10,
    version="0.1.0",
    last_outcome=Outcome.OK,
)

TROUBLE = replace(
    HEALTHY,
    participants=(PARTICIPANT, "07654321", "11223344"),
    buckets=(
        *usual_buckets(
            {
                "CIDS_FILES_WRITE": evaluated("CIDS_FILES_WRITE", -15, 200, 40, 86_400),
                "CLAIMS_LIST_WITHOUT_ROLE": evaluated("CLAIMS_LIST_WITHOUT_ROLE", 0, 50, 10, 60),
                "ENTRIES_READ_PARTICIPANT_ANTISCAN": evaluated(
                    "ENTRIES_READ_PARTICIPANT_ANTISCAN", 1_934, 30_000, 15_000, 60
                ),
                "ENTRIES_WRITE": evaluated("ENTRIES_WRITE", 8_199, 36_000, 1_200, 60),
                "KEYS_CHECK": evaluated("KEYS_CHECK", 17, 70, 70, 60),
                "ENTRIES_STATISTICS_READ": evaluated("ENTRIES_STATISTICS_READ", 50_000, 30_000, 15_000, 60),
                "EVENT_LIST": evaluated("EVENT_LIST", 0, 0, 0, 0),
                "REFUND_LIST_WITHOUT_ROLE": evaluated("REFUND_LIST_WITHOUT_ROLE", 3, 50, 10, 60, enabled=False),
                "POLICIES_LIST": evaluated(
                    "POLICIES_LIST", 9, 20, 6, 60, thresholds=Thresholds(warning=5_000, critical=2_000, margin=200)
                ),
            }
        ),
        evaluated(LONG_NAME, 612),
    ),
    alerts=(
        alert("KEYS_CHECK", Severity.WARNING, minutes=2),
        alert("CIDS_FILES_WRITE", Severity.CRITICAL, minutes=187, exhausted=True, taken_by="ana.souza"),
        alert("ENTRIES_WRITE", Severity.WARNING, minutes=41),
        alert("ENTRIES_READ_PARTICIPANT_ANTISCAN", Severity.CRITICAL, minutes=12.5),
        alert("CLAIMS_LIST_WITHOUT_ROLE", Severity.CRITICAL, minutes=0.7, exhausted=True),
        alert("POLICIES_LIST", Severity.WARNING, minutes=1_600),
        alert(ANY_POLICY, Severity.WARNING, minutes=5, kind=Kind.RATE_LIMITED),
    ),
    silences=(silence("POLICIES_*"),),
    rejected=2,
)

STALE = replace(
    HEALTHY,
    buckets=usual_buckets({"ENTRIES_WRITE": evaluated("ENTRIES_WRITE", 8_199, 36_000, 1_200, 60)}),
    age_seconds=871,
    checked_at=NOW - timedelta(seconds=871),
    cache_status="STALE",
    alerts=(
        alert(ANY_POLICY, Severity.CRITICAL, minutes=6, kind=Kind.SOURCE_UNREACHABLE),
        alert("ENTRIES_WRITE", Severity.WARNING, minutes=41),
    ),
    last_outcome=Outcome.DEADLINE_EXCEEDED,
)

NOTHING = replace(
    HEALTHY,
    buckets=(),
    age_seconds=None,
    checked_at=None,
    cache_status=None,
    category="",
    last_outcome=Outcome.UNAVAILABLE,
)

CROWDED = replace(
    HEALTHY,
    participants=(*tuple(f"{number:08}" for number in range(120)), PARTICIPANT),
    buckets=tuple(evaluated(f"POLICY_NUMBER_{number:03}", number * 10) for number in range(100)),
    refresh_seconds=0,
)

SINGLE = replace(HEALTHY, buckets=(evaluated("POLICIES_LIST", 20, 20, 6, 60),), category="h? <b>unknown</b>")

HELD_BACK = replace(
    HEALTHY,
    buckets=usual_buckets({"ENTRIES_WRITE": evaluated("ENTRIES_WRITE", 8_199, 36_000, 1_200, 60)}),
    alerts=(alert("ENTRIES_WRITE", Severity.WARNING, minutes=41, taken_by="ana.souza" * 8),),
    silences=(silence(minutes=1_500, purpose=Purpose.MAINTENANCE), silence("ENTRIES_*"), silence("KEYS_*", later=30)),
    backlog=Backlog(waiting=1_204, oldest_at=NOW - timedelta(minutes=72), dead=2),
    broker=False,
)

SAMPLES = {
    "healthy": HEALTHY,
    "trouble": TROUBLE,
    "stale": STALE,
    "nothing": NOTHING,
    "crowded": CROWDED,
    "single": SINGLE,
    "held_back": HELD_BACK,
}
