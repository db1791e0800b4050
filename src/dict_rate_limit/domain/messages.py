"""One line of Portuguese and one of English for every transition of an alert, to be read at three in the morning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind
from dict_rate_limit.domain.sentences import EN, PT

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from dict_rate_limit.domain.alerts.alert import Acknowledgement, Severity, TransitionKind
    from dict_rate_limit.domain.sentences import Language

_UNNAMED_PARTICIPANT: Final = "default"
_QUOTED: Final = 60
_MINUTE: Final = 60
_LIMITS: Final = re.compile(r"\D*(\d+)\D+(\d+)\D+(\d+)\D*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageValues:
    """What a transition's two texts are made of.

    `threshold` is the one of `severity`, in hundredths of a percent. `previous` and `current` are a notice's old and
    new value; for LIMITS_CHANGED any text with capacity, refill tokens and refill period in s, in this order. For
    conditions of the source `current` is the outcome of the last poll. `acknowledgement` is the alert's.
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
    acknowledgement: Acknowledgement | None = None


def texts(facts: MessageValues) -> tuple[str, str]:
    """Return the Portuguese and the English line; every kind and transition has one, without line breaks."""
    return _text(facts, PT), _text(facts, EN)


def duration_text(span: timedelta) -> str:
    """Write a time span in its two largest units, the same in both languages: `45 s`, `12 min`, `1 h 5 min`, `2 d`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    minutes = seconds // _MINUTE
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "d"), (hours, "h"), (0 if days else minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _text(facts: MessageValues, language: Language) -> str:
    sentence = language.sentences.get((facts.kind, facts.transition), language.other[facts.transition])
    text = sentence.format(
        policy=facts.policy_name,
        kind=facts.kind,
        state=language.states["EXHAUSTED" if _dry(facts) else facts.severity],
        left=_left(facts, language),
        threshold=_threshold(facts, language),
        age=duration_text(facts.detected_at - facts.opened_at),
        previous=_value(facts.previous, facts.kind, language),
        current=_value(facts.current, facts.kind, language),
        **_taken_up(facts.acknowledgement),
    )
    if facts.participant == _UNNAMED_PARTICIPANT:
        return text
    return text + language.participant.format(name=facts.participant)


def _dry(facts: MessageValues) -> bool:
    """Tell whether the bucket is dry now: its alert stays exhausted until the severity steps down."""
    return facts.exhausted and (facts.available_tokens is None or facts.available_tokens <= 0)


def _taken_up(acknowledgement: Acknowledgement | None) -> dict[str, str]:
    if acknowledgement is None:
        return {"actor": "?", "reason": "?", "until": "?"}
    until = acknowledgement.until.astimezone(UTC)
    return {"actor": acknowledgement.actor, "reason": acknowledgement.reason, "until": f"{until:%Y-%m-%d %H:%M} UTC"}


def _left(facts: MessageValues, language: Language) -> str:
    if facts.available_tokens is None or not facts.capacity:
        return language.unknown_left
    shown = max(0, min(facts.available_tokens, facts.capacity))
    return language.left.format(
        tokens=number_text(facts.available_tokens, language),
        capacity=number_text(facts.capacity, language),
        share=percent_text(shown * 10_000 // facts.capacity, language),
    )


def _threshold(facts: MessageValues, language: Language) -> str:
    if facts.threshold is None:
        return ""
    return language.threshold[facts.severity].format(share=percent_text(facts.threshold, language))


def _value(raw: str | None, kind: Kind, language: Language) -> str:
    text = " ".join("".join(char if char.isprintable() else " " for char in raw or "").split())[:_QUOTED]
    limits = _LIMITS.fullmatch(text) if kind is Kind.LIMITS_CHANGED else None
    if limits is None:
        return text or language.nothing
    capacity, refill, period = (number_text(int(number), language) for number in limits.groups())
    return language.limits.format(capacity=capacity, refill=refill, period=period)


def number_text(number: int, language: Language) -> str:
    """Write a whole number with its thousands parted."""
    return f"{number:,}".replace(",", language.separators[0])


def percent_text(basis_points: int, language: Language) -> str:
    """Write a share, cut and never rounded: just above a threshold must not read as below it, nor 99.999 % as full."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}{language.separators[1]}{rest:02}".rstrip("0").rstrip(language.separators[1]) + "%"
