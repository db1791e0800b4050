"""One line of Portuguese and one of English for every transition of an alert, to be read at three in the morning."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind
from dict_rate_limit.domain.alerts.transition import new_event
from dict_rate_limit.domain.buckets.level import FULL
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.texts.sentences import EN, PT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from dict_rate_limit.domain.alerts.alert import Acknowledgement, AlertEvent
    from dict_rate_limit.domain.alerts.transition import Change
    from dict_rate_limit.domain.buckets.bucket import Bucket
    from dict_rate_limit.texts.sentences import Language

_QUOTED: Final = 60
_MINUTE: Final = 60
_LIMITS: Final = re.compile(r"\D*(\d+)\D+(\d+)\D+(\d+)\D*", re.ASCII)


def alert_event(change: Change) -> AlertEvent:
    """Return the event of a change with its message in both languages, each one line without breaks."""
    return new_event(change, message=_text(change, PT), message_en=_text(change, EN))


def alert_events(changes: Iterable[Change]) -> list[AlertEvent]:
    """Return the events of changes, in their order."""
    return [alert_event(change) for change in changes]


def duration_text(span: timedelta) -> str:
    """Write a time span in its two largest units, the same in both languages: `45 s`, `12 min`, `1 h 5 min`, `2 d`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    minutes = seconds // _MINUTE
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "d"), (hours, "h"), (0 if days else minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _text(change: Change, language: Language) -> str:
    alert, context = change.alert, change.context
    sentence = language.sentences.get((alert.kind, change.transition), language.other[change.transition])
    text = sentence.format(
        policy=alert.policy_name,
        kind=alert.kind,
        state=language.states["EXHAUSTED" if _is_exhausted(change) else alert.severity],
        left=_left(context.bucket, language),
        threshold=_threshold(change, language),
        age=duration_text(alert.updated_at - alert.opened_at),
        previous=_value(context.previous, alert.kind, language),
        current=_value(context.current, alert.kind, language),
        **_acknowledgement(alert.acknowledgement),
    )
    if alert.participant == DEFAULT_PARTICIPANT:
        return text
    return text + language.participant.format(name=alert.participant)


def _is_exhausted(change: Change) -> bool:
    # An alert stays exhausted until its severity steps down; the word is for a bucket without tokens now.
    bucket = change.context.bucket
    return change.alert.exhausted and (bucket is None or bucket.available_tokens <= 0)


def _acknowledgement(acknowledgement: Acknowledgement | None) -> dict[str, str]:
    if acknowledgement is None:
        return {"actor": "?", "reason": "?", "until": "?"}
    until = acknowledgement.until.astimezone(UTC)
    return {"actor": acknowledgement.actor, "reason": acknowledgement.reason, "until": f"{until:%Y-%m-%d %H:%M} UTC"}


def _left(bucket: Bucket | None, language: Language) -> str:
    if bucket is None or not bucket.capacity:
        return language.unknown_left
    return language.left.format(
        tokens=number_text(bucket.available_tokens, language),
        capacity=number_text(bucket.capacity, language),
        share=percent_text(bucket.shown_tokens * FULL // bucket.capacity, language),
    )


def _threshold(change: Change, language: Language) -> str:
    if change.context.threshold is None:
        return ""
    share = percent_text(change.context.threshold, language)
    return language.threshold[change.alert.severity].format(share=share)


def _value(raw: str | None, kind: Kind, language: Language) -> str:
    text = one_line(raw, _QUOTED)
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
