"""One line of Portuguese and one of English for every transition of an alert, to be read at three in the morning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alert import Kind, Severity, TransitionKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

_UNNAMED_PARTICIPANT: Final = "default"
_QUOTED: Final = 60
_MINUTE: Final = 60
_LIMITS: Final = re.compile(r"\D*(\d+)\D+(\d+)\D+(\d+)\D*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """What a transition's two texts are made of.

    `threshold` is the one of `severity`, in hundredths of a percent. `previous` and `current` are a notice's old and
    new value; for LIMITS_CHANGED any text with capacity, refill tokens and refill period in s, in this order. For
    conditions of the source `current` is the outcome of the last poll.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """Sentences with gaps; `separators` part thousands and decimals."""

    separators: tuple[str, str]
    left: str
    unknown_left: str
    threshold: Mapping[Severity, str]
    limits: str
    nothing: str
    participant: str
    states: Mapping[str, str]
    sentences: Mapping[tuple[Kind, TransitionKind], str]
    other: Mapping[TransitionKind, str]


_PT: Final = _Language(
    separators=(".", ","),
    left="restam {tokens} de {capacity} fichas ({share})",
    unknown_left="fichas restantes desconhecidas",
    threshold={
        Severity.INFO: "",
        Severity.WARNING: ", limite de atenção {share}",
        Severity.CRITICAL: ", limite crítico {share}",
    },
    limits="{capacity} fichas, +{refill} a cada {period} s",
    nothing="(vazio)",
    participant=" [participante {name}]",
    states={
        "INFO": "sob observação",
        "WARNING": "em atenção",
        "CRITICAL": "em nível crítico",
        "EXHAUSTED": "ESGOTADO, o DICT recusa chamadas",
    },
    sentences={
        (Kind.THRESHOLD, TransitionKind.OPENED): "{policy} {state}: {left}{threshold}",
        (Kind.THRESHOLD, TransitionKind.ESCALATED): "{policy} piorou, {state}: {left}{threshold}; em alerta há {age}",
        (Kind.THRESHOLD, TransitionKind.DEESCALATED): (
            "{policy} melhorou, ainda {state}: {left}{threshold}; em alerta há {age}"
        ),
        (Kind.THRESHOLD, TransitionKind.RESOLVED): "{policy}: alerta encerrado após {age}; {left}",
        (Kind.CATEGORY_CHANGED, TransitionKind.NOTICED): "Categoria do participante no DICT: {previous} → {current}",
        (Kind.LIMITS_CHANGED, TransitionKind.NOTICED): "{policy}: o BACEN mudou os limites: {previous} → {current}",
        (Kind.POLICY_APPEARED, TransitionKind.NOTICED): "{policy}: política nova no DICT; {left}",
        (Kind.POLICY_VANISHED, TransitionKind.NOTICED): "{policy}: a política sumiu das respostas do DICT",
        (Kind.SOURCE_UNREACHABLE, TransitionKind.OPENED): (
            "Sem leitura nova do DICT: os níveis atuais são desconhecidos; última consulta: {current}"
        ),
        (Kind.SOURCE_UNREACHABLE, TransitionKind.RESOLVED): "Leituras do DICT voltaram; alerta encerrado após {age}",
        (Kind.RATE_LIMITED, TransitionKind.OPENED): (
            "O DICT recusou a nossa própria consulta de limites (429): leituras atrasam até haver fichas"
        ),
        (Kind.RATE_LIMITED, TransitionKind.RESOLVED): (
            "O DICT voltou a aceitar a nossa consulta de limites; alerta encerrado após {age}"
        ),
    },
    other={
        TransitionKind.OPENED: "{policy}: alerta {kind} aberto, {state}",
        TransitionKind.ESCALATED: "{policy}: alerta {kind} piorou, {state}; aberto há {age}",
        TransitionKind.DEESCALATED: "{policy}: alerta {kind} melhorou, ainda {state}; aberto há {age}",
        TransitionKind.RESOLVED: "{policy}: alerta {kind} encerrado após {age}",
        TransitionKind.NOTICED: "{policy}: aviso {kind}",
    },
)

_EN: Final = _Language(
    separators=(",", "."),
    left="{tokens} of {capacity} tokens left ({share})",
    unknown_left="tokens left unknown",
    threshold={
        Severity.INFO: "",
        Severity.WARNING: ", warning threshold {share}",
        Severity.CRITICAL: ", critical threshold {share}",
    },
    limits="{capacity} tokens, +{refill} every {period} s",
    nothing="(empty)",
    participant=" [participant {name}]",
    states={
        "INFO": "under watch",
        "WARNING": "in warning",
        "CRITICAL": "critical",
        "EXHAUSTED": "EXHAUSTED, DICT refuses calls",
    },
    sentences={
        (Kind.THRESHOLD, TransitionKind.OPENED): "{policy} {state}: {left}{threshold}",
        (Kind.THRESHOLD, TransitionKind.ESCALATED): "{policy} got worse, {state}: {left}{threshold}; open for {age}",
        (Kind.THRESHOLD, TransitionKind.DEESCALATED): (
            "{policy} got better, still {state}: {left}{threshold}; open for {age}"
        ),
        (Kind.THRESHOLD, TransitionKind.RESOLVED): "{policy}: alert closed after {age}; {left}",
        (Kind.CATEGORY_CHANGED, TransitionKind.NOTICED): "Category of the participant in DICT: {previous} → {current}",
        (Kind.LIMITS_CHANGED, TransitionKind.NOTICED): "{policy}: BACEN changed the limits: {previous} → {current}",
        (Kind.POLICY_APPEARED, TransitionKind.NOTICED): "{policy}: new policy in DICT; {left}",
        (Kind.POLICY_VANISHED, TransitionKind.NOTICED): "{policy}: the policy is gone from DICT's answers",
        (Kind.SOURCE_UNREACHABLE, TransitionKind.OPENED): (
            "No new reading from DICT: the current levels are unknown; last poll: {current}"
        ),
        (Kind.SOURCE_UNREACHABLE, TransitionKind.RESOLVED): "Readings from DICT are back; alert closed after {age}",
        (Kind.RATE_LIMITED, TransitionKind.OPENED): (
            "DICT refused our own query of the limits (429): readings are late until tokens are back"
        ),
        (Kind.RATE_LIMITED, TransitionKind.RESOLVED): (
            "DICT accepts our query of the limits again; alert closed after {age}"
        ),
    },
    other={
        TransitionKind.OPENED: "{policy}: alert {kind} opened, {state}",
        TransitionKind.ESCALATED: "{policy}: alert {kind} got worse, {state}; open for {age}",
        TransitionKind.DEESCALATED: "{policy}: alert {kind} got better, still {state}; open for {age}",
        TransitionKind.RESOLVED: "{policy}: alert {kind} closed after {age}",
        TransitionKind.NOTICED: "{policy}: notice {kind}",
    },
)


def texts(facts: MessageFacts) -> tuple[str, str]:
    """Return the Portuguese and the English line; every kind and transition has one, without line breaks."""
    return _text(facts, _PT), _text(facts, _EN)


def duration_text(span: timedelta) -> str:
    """Write a time span in its two largest units, the same in both languages: `45 s`, `12 min`, `1 h 5 min`, `2 d`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    minutes = seconds // _MINUTE
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "d"), (hours, "h"), (0 if days else minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _text(facts: MessageFacts, language: _Language) -> str:
    sentence = language.sentences.get((facts.kind, facts.transition), language.other[facts.transition])
    text = sentence.format(
        policy=facts.policy_name,
        kind=facts.kind,
        state=language.states["EXHAUSTED" if facts.exhausted else facts.severity],
        left=_left(facts, language),
        threshold=_threshold(facts, language),
        age=duration_text(facts.detected_at - facts.opened_at),
        previous=_value(facts.previous, facts.kind, language),
        current=_value(facts.current, facts.kind, language),
    )
    if facts.participant == _UNNAMED_PARTICIPANT:
        return text
    return text + language.participant.format(name=facts.participant)


def _left(facts: MessageFacts, language: _Language) -> str:
    if facts.available_tokens is None or not facts.capacity:
        return language.unknown_left
    shown = max(0, min(facts.available_tokens, facts.capacity))
    return language.left.format(
        tokens=_number(facts.available_tokens, language),
        capacity=_number(facts.capacity, language),
        share=_percent(shown * 10_000 // facts.capacity, language),
    )


def _threshold(facts: MessageFacts, language: _Language) -> str:
    if facts.threshold is None:
        return ""
    return language.threshold[facts.severity].format(share=_percent(facts.threshold, language))


def _value(raw: str | None, kind: Kind, language: _Language) -> str:
    text = " ".join("".join(char if char.isprintable() else " " for char in raw or "").split())[:_QUOTED]
    limits = _LIMITS.fullmatch(text) if kind is Kind.LIMITS_CHANGED else None
    if limits is None:
        return text or language.nothing
    capacity, refill, period = (_number(int(number), language) for number in limits.groups())
    return language.limits.format(capacity=capacity, refill=refill, period=period)


def _number(number: int, language: _Language) -> str:
    return f"{number:,}".replace(",", language.separators[0])


def _percent(hundredths: int, language: _Language) -> str:
    """Cut, never rounded: a share just above a threshold must not read as below it, nor 99.999 % as full."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}{language.separators[1]}{rest:02}".rstrip("0").rstrip(language.separators[1]) + "%"
