"""The one line each event of an alert carries, in both languages, to be read at three in the morning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dict_rate_limit.domain.alerts.alert import Acknowledgement, AlertEvent, Kind, Severity
from dict_rate_limit.domain.alerts.transition import Change, new_event
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.level import remaining_share
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.texts.catalog import CATALOGS
from dict_rate_limit.texts.catalog.schema import Catalog
from dict_rate_limit.texts.format import duration_text, number_text, percent_text, utc_text

_LONGEST_VALUE: Final = 60
_LIMITS: Final = re.compile(r"\D*(\d+)\D+(\d+)\D+(\d+)\D*", re.ASCII)


def alert_event(change: Change) -> AlertEvent:
    """Return the event of a change with its message in both languages, each one line without breaks."""
    message, message_en = (_message(change, CATALOGS[language]) for language in (Language.PT, Language.EN))
    return new_event(change, message=message, message_en=message_en)


def alert_events(changes: Iterable[Change]) -> list[AlertEvent]:
    return [alert_event(change) for change in changes]


def participant_text(participant: str, catalog: Catalog) -> str:
    """Return what is added to a line about a participant that has a name."""
    return "" if participant == DEFAULT_PARTICIPANT else catalog.messages.participant.format(name=participant)


def _message(change: Change, catalog: Catalog) -> str:
    alert, context, texts = change.alert, change.context, catalog.messages
    text = (
        catalog.kinds[alert.kind]
        .messages[change.transition]
        .format(
            policy=alert.policy_name,
            state=texts.states.of(alert.severity, exhausted=_is_exhausted(change)),
            left=_left(context.bucket, catalog),
            threshold=_threshold(change, catalog),
            age=duration_text(alert.updated_at - alert.opened_at),
            previous=_value(context.previous, alert.kind, catalog),
            current=_value(context.current, alert.kind, catalog),
            **_acknowledgement(alert.acknowledgement),
        )
    )
    return text + participant_text(alert.participant, catalog)


def _is_exhausted(change: Change) -> bool:
    # An alert stays exhausted until its severity steps down; the word is for a bucket without tokens now.
    bucket = change.context.bucket
    return change.alert.exhausted and (bucket is None or bucket.available_tokens <= 0)


def _acknowledgement(acknowledgement: Acknowledgement | None) -> dict[str, str]:
    if acknowledgement is None:
        return {"actor": "?", "reason": "?", "until": "?"}
    return {"actor": acknowledgement.actor, "reason": acknowledgement.reason, "until": utc_text(acknowledgement.until)}


def _left(bucket: Bucket | None, catalog: Catalog) -> str:
    share = None if bucket is None else remaining_share(bucket)
    if bucket is None or share is None:
        return catalog.messages.unknown_left
    return catalog.messages.left.format(
        tokens=number_text(bucket.available_tokens, catalog),
        capacity=number_text(bucket.capacity, catalog),
        share=percent_text(share, catalog),
    )


def _threshold(change: Change, catalog: Catalog) -> str:
    threshold, severity = change.context.threshold, change.alert.severity
    if threshold is None or severity is Severity.INFO:
        return ""
    texts = catalog.messages
    text = texts.critical_threshold if severity is Severity.CRITICAL else texts.warning_threshold
    return text.format(share=percent_text(threshold, catalog))


def _value(raw: str | None, kind: Kind, catalog: Catalog) -> str:
    text = one_line(raw, _LONGEST_VALUE)
    limits = _LIMITS.fullmatch(text) if kind is Kind.LIMITS_CHANGED else None
    if limits is None:
        return text or catalog.messages.nothing
    capacity, refill, period = (number_text(int(number), catalog) for number in limits.groups())
    return catalog.messages.limits.format(capacity=capacity, refill=refill, period=period)
