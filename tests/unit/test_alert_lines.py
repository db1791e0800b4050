from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Alert, Kind, Severity, TransitionKind
from dict_rate_limit.domain.alerts.transition import AlertContext, Change
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.texts.alert_lines import alert_event
from dict_rate_limit.texts.format import duration_text

OPENED = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Values:
    """The input of a message."""

    kind: Kind
    transition: TransitionKind
    severity: Severity
    participant: str
    policy_name: str
    available_tokens: int | None
    capacity: int | None
    threshold: int | None
    exhausted: bool
    previous: str | None
    current: str | None
    opened_at: datetime
    detected_at: datetime


LOW = Values(
    kind=Kind.THRESHOLD,
    transition=TransitionKind.OPENED,
    severity=Severity.WARNING,
    participant="default",
    policy_name="ENTRIES_WRITE",
    available_tokens=8_200,
    capacity=36_000,
    threshold=2_500,
    exhausted=False,
    previous=None,
    current=None,
    opened_at=OPENED,
    detected_at=OPENED,
)
LATER = OPENED + timedelta(minutes=12)
NOTICE = replace(LOW, transition=TransitionKind.NOTICED, severity=Severity.INFO, threshold=None)
WHOLE = replace(LOW, policy_name=ANY_POLICY, available_tokens=None, capacity=None, threshold=None)


def texts(facts: Values) -> tuple[str, str]:
    bucket = None
    if facts.available_tokens is not None and facts.capacity is not None:
        bucket = Bucket(
            name=LOW.policy_name,
            available_tokens=facts.available_tokens,
            capacity=facts.capacity,
            refill_tokens=1_200,
            refill_period_sec=60,
        )
    alert = Alert(
        alert_id=UUID(int=1),
        participant=facts.participant,
        policy_name=facts.policy_name,
        kind=facts.kind,
        severity=facts.severity,
        exhausted=facts.exhausted,
        sequence=1,
        opened_at=facts.opened_at,
        updated_at=facts.detected_at,
    )
    context = AlertContext(
        category="C", bucket=bucket, threshold=facts.threshold, previous=facts.previous, current=facts.current
    )
    event = alert_event(Change(alert=alert, transition=facts.transition, context=context))
    return event.message, event.message_en


@pytest.mark.parametrize(
    ("facts", "portuguese", "english"),
    [
        (
            LOW,
            "ENTRIES_WRITE em atenção: restam 8.200 de 36.000 fichas (22,77%), limite de atenção 25%",
            "ENTRIES_WRITE in warning: 8,200 of 36,000 tokens left (22.77%), warning threshold 25%",
        ),
        (
            replace(LOW, severity=Severity.CRITICAL, available_tokens=1_800, threshold=1_000),
            "ENTRIES_WRITE em nível crítico: restam 1.800 de 36.000 fichas (5%), limite crítico 10%",
            "ENTRIES_WRITE critical: 1,800 of 36,000 tokens left (5%), critical threshold 10%",
        ),
        (
            replace(
                LOW,
                transition=TransitionKind.ESCALATED,
                severity=Severity.CRITICAL,
                available_tokens=-15,
                threshold=1_050,
                exhausted=True,
                detected_at=LATER,
            ),
            (
                "ENTRIES_WRITE piorou, ESGOTADO, o DICT recusa chamadas: "
                "restam -15 de 36.000 fichas (0%), limite crítico 10,5%; em alerta há 12 min"
            ),
            (
                "ENTRIES_WRITE got worse, EXHAUSTED, DICT refuses calls: "
                "-15 of 36,000 tokens left (0%), critical threshold 10.5%; open for 12 min"
            ),
        ),
        (
            replace(LOW, transition=TransitionKind.DEESCALATED, detected_at=LATER),
            (
                "ENTRIES_WRITE melhorou, ainda em atenção: "
                "restam 8.200 de 36.000 fichas (22,77%), limite de atenção 25%; em alerta há 12 min"
            ),
            (
                "ENTRIES_WRITE got better, still in warning: "
                "8,200 of 36,000 tokens left (22.77%), warning threshold 25%; open for 12 min"
            ),
        ),
        (
            replace(LOW, transition=TransitionKind.RESOLVED, available_tokens=40_000, detected_at=LATER),
            "ENTRIES_WRITE: alerta encerrado após 12 min; restam 40.000 de 36.000 fichas (100%)",
            "ENTRIES_WRITE: alert closed after 12 min; 40,000 of 36,000 tokens left (100%)",
        ),
        (
            replace(NOTICE, kind=Kind.CATEGORY_CHANGED, policy_name=ANY_POLICY, previous="C", current="D"),
            "Categoria do participante no DICT: C → D",
            "Category of the participant in DICT: C → D",
        ),
        (
            replace(NOTICE, kind=Kind.LIMITS_CHANGED, previous="36000/1200/60", current="18000/600/60"),
            (
                "ENTRIES_WRITE: o BACEN mudou os limites: "
                "36.000 fichas, +1.200 a cada 60 s → 18.000 fichas, +600 a cada 60 s"
            ),
            (
                "ENTRIES_WRITE: BACEN changed the limits: "
                "36,000 tokens, +1,200 every 60 s → 18,000 tokens, +600 every 60 s"
            ),
        ),
        (
            replace(NOTICE, kind=Kind.POLICY_APPEARED, capacity=0, available_tokens=0),
            "ENTRIES_WRITE: política nova no DICT; fichas restantes desconhecidas",
            "ENTRIES_WRITE: new policy in DICT; tokens left unknown",
        ),
        (
            replace(NOTICE, kind=Kind.POLICY_VANISHED),
            "ENTRIES_WRITE: a política sumiu das respostas do DICT",
            "ENTRIES_WRITE: the policy is gone from DICT's answers",
        ),
        (
            replace(WHOLE, kind=Kind.SOURCE_UNREACHABLE, severity=Severity.CRITICAL, current="UNAVAILABLE"),
            "Sem leitura nova do DICT: os níveis atuais são desconhecidos; última consulta: UNAVAILABLE",
            "No new reading from DICT: the current levels are unknown; last poll: UNAVAILABLE",
        ),
        (
            replace(WHOLE, kind=Kind.SOURCE_UNREACHABLE, transition=TransitionKind.RESOLVED, detected_at=LATER),
            "Leituras do DICT voltaram; alerta encerrado após 12 min",
            "Readings from DICT are back; alert closed after 12 min",
        ),
        (
            replace(WHOLE, kind=Kind.RATE_LIMITED),
            "O DICT recusou a nossa própria consulta de limites (429): leituras atrasam até haver fichas",
            "DICT refused our own query of the limits (429): readings are late until tokens are back",
        ),
        (
            replace(WHOLE, kind=Kind.RATE_LIMITED, transition=TransitionKind.RESOLVED, detected_at=LATER),
            "O DICT voltou a aceitar a nossa consulta de limites; alerta encerrado após 12 min",
            "DICT accepts our query of the limits again; alert closed after 12 min",
        ),
    ],
)
def test_the_message_names_the_event_and_its_severity(facts: Values, portuguese: str, english: str) -> None:
    assert texts(facts) == (portuguese, english)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_and_transition_has_two_different_single_lines(kind: Kind) -> None:
    for transition, severity in product(kind.info.transitions, Severity):
        portuguese, english = texts(replace(LOW, kind=kind, transition=transition, severity=severity))

        assert portuguese != english
        assert not {"{", "}", "\n"} & set(portuguese + english)


def test_the_message_names_a_named_participant() -> None:
    portuguese, english = texts(replace(NOTICE, kind=Kind.POLICY_VANISHED, participant="01234567"))

    assert portuguese.endswith(" [participante 01234567]")
    assert english.endswith(" [participant 01234567]")


def test_the_message_omits_an_unknown_threshold() -> None:
    portuguese, english = texts(replace(LOW, threshold=None))

    assert portuguese.endswith("fichas (22,77%)")
    assert english.endswith("left (22.77%)")


def test_unreadable_limits_are_displayed_raw() -> None:
    _, english = texts(replace(NOTICE, kind=Kind.LIMITS_CHANGED, previous=None, current="unlimited"))

    assert english.endswith("(empty) → unlimited")


def test_a_hostile_category_stays_on_one_short_line() -> None:
    hostile = "C\r\nInjected: {policy}\x1b[31m" + "x" * 10_000

    _, english = texts(replace(NOTICE, kind=Kind.CATEGORY_CHANGED, previous="", current=hostile))

    assert english == "Category of the participant in DICT: (empty) → " + ("C Injected: {policy} [31m" + "x" * 100)[:60]


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=1, minutes=5, seconds=59), "1 h 5 min"),
        (timedelta(days=2, minutes=30), "2 d"),
        (timedelta(days=2, hours=3, minutes=30), "2 d 3 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(span: timedelta, text: str) -> None:
    assert duration_text(span) == text
