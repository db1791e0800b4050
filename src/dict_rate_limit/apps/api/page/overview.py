"""The overview in words: what is in trouble, how bad, since when, and how fresh all of this is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from dict_rate_limit.apps.api.page.alert_lines import AlertLine, alert_lines
from dict_rate_limit.apps.api.page.bucket_rows import BucketRow, bucket_groups, mark_of, usual_thresholds
from dict_rate_limit.apps.api.page.delivery_lines import active_silences, dead_transitions, late_transitions
from dict_rate_limit.apps.api.page.formats import clock_text
from dict_rate_limit.apps.api.page.words import Language, Mark, Words, plural
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dict_rate_limit.apps.api.page.model import OverviewModel

_SHOWN_CATEGORY: Final = 40
_TROUBLE: Final = (Mark.EXHAUSTED, Mark.CRITICAL, Mark.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another view of the page."""

    text: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a reader must know of the reading as a whole."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything the template places, already in the reader's language."""

    mark: Mark
    headline: str
    summary: tuple[str, ...]
    category: str
    age: str
    checked_at: str | None
    checked_at_iso: str | None
    notes: tuple[Note, ...]
    alerts: list[AlertLine]
    groups: list[list[BucketRow]]
    legend: str | None
    no_broker: str | None
    rendered: str
    participants: tuple[Link, ...]
    language: Link
    refresh: Link


def overview(model: OverviewModel, words: Words) -> Overview:
    """Put a model into words."""
    alerts = alert_lines(model, words)
    counts = Counter(mark_of(evaluated) for evaluated in model.buckets if evaluated.enabled)
    return Overview(
        mark=_mark(model, counts, alerts),
        headline=_headline(model, counts, words),
        summary=_summary(model, counts, words),
        category=_cut(model.category),
        age=_age(model, words),
        checked_at=None if model.checked_at is None else clock_text(model.checked_at, model.now),
        checked_at_iso=None if model.checked_at is None else model.checked_at.isoformat(),
        notes=tuple(_notes(model, words)),
        alerts=alerts,
        groups=bucket_groups(model, words),
        legend=_legend(model, words),
        no_broker=None if model.broker else words.no_broker,
        rendered=words.rendered.format(moment=clock_text(model.now, model.now)),
        participants=_participants(model, words),
        language=_other_language(model, words),
        refresh=_refresh(model, words),
    )


def _mark(model: OverviewModel, counts: Counter[Mark], alerts: list[AlertLine]) -> Mark:
    marks = [*counts, *(alert.mark for alert in alerts)]
    if model.stale:
        marks.append(Mark.WARNING)
    if not model.buckets or model.alerts is None:
        marks.append(Mark.UNKNOWN)
    return min(marks, key=list(Mark).index, default=Mark.OK)


def _headline(model: OverviewModel, counts: Counter[Mark], words: Words) -> str:
    if not model.buckets:
        return words.nothing_yet
    text = _state(model, counts, words)
    if model.stale and model.age_seconds is not None:
        return words.of_then.format(age=_duration(model.age_seconds), text=text[0].lower() + text[1:])
    return text


def _state(model: OverviewModel, counts: Counter[Mark], words: Words) -> str:
    trouble = [plural(words.counts[mark], counts[mark]) for mark in _TROUBLE if counts[mark]]
    if trouble:
        return ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in trouble)
    if model.alerts:
        return plural(words.some_alerts, len(model.alerts))
    if counts[Mark.UNKNOWN]:
        return plural(words.counts[Mark.UNKNOWN], counts[Mark.UNKNOWN])
    return words.good_but_alerts if model.alerts is None else words.all_good


def _summary(model: OverviewModel, counts: Counter[Mark], words: Words) -> tuple[str, ...]:
    silences = tuple(active_silences(model, words))
    if not model.buckets:
        return silences
    good = [plural(words.counts[mark], counts[mark]) for mark in (Mark.UNKNOWN, Mark.OK) if counts[mark]]
    alerts = [] if model.alerts is None else [_alert_count(len(model.alerts), words)]
    return plural(words.counts_policies, len(model.buckets)), *good, *alerts, *silences


def _alert_count(number: int, words: Words) -> str:
    return plural(words.some_alerts, number) if number else words.no_alerts


def _age(model: OverviewModel, words: Words) -> str:
    if model.age_seconds is None:
        return words.no_reading
    return words.ago.format(age=_duration(model.age_seconds)) if model.age_seconds >= 1 else words.just_now


def _duration(seconds: float) -> str:
    return duration_text(timedelta(seconds=seconds))


def _notes(model: OverviewModel, words: Words) -> Iterator[Note]:
    texts = []
    if not model.buckets:
        texts.append(words.nothing_yet_why)
    elif model.stale:
        texts.append(words.stale_why)
    if model.last_outcome not in {None, Outcome.OK}:
        texts.append(words.last_poll.format(outcome=words.outcomes[model.last_outcome]))
    if texts:
        yield Note(mark=Mark.WARNING if model.buckets else Mark.UNKNOWN, text=" ".join(texts))
    if model.alerts is None:
        yield Note(mark=Mark.WARNING, text=words.stored_unknown)
    yield from _delivery_notes(model, words)
    if model.rejected:
        yield Note(mark=Mark.UNKNOWN, text=plural(words.rejected, model.rejected))


def _delivery_notes(model: OverviewModel, words: Words) -> Iterator[Note]:
    late, dead = late_transitions(model, words), dead_transitions(model, words)
    if late:
        yield Note(mark=Mark.WARNING, text=late)
    if dead:
        yield Note(mark=Mark.UNKNOWN, text=dead)


def _legend(model: OverviewModel, words: Words) -> str | None:
    usual = usual_thresholds(model.buckets)
    if usual is None:
        return None
    warning, critical = (words.formats.percent(share) for share in usual)
    return words.legend.format(warning=warning, critical=critical)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CATEGORY else text[:_SHOWN_CATEGORY] + "…"


def _participants(model: OverviewModel, words: Words) -> tuple[Link, ...]:
    return tuple(
        Link(text=name, href=_href(model, words.language, participant=name), current=name == model.participant)
        for name in model.participants
    )


def _other_language(model: OverviewModel, words: Words) -> Link:
    other = Language.EN if words.language is Language.PT else Language.PT
    return Link(text=words.other_language, href=_href(model, other))


def _refresh(model: OverviewModel, words: Words) -> Link:
    """Link to the page with its refreshing turned the other way."""
    paused = model.refresh_seconds == 0
    return Link(
        text=words.resume if paused else words.pause,
        href=_href(model, words.language, paused=not paused),
        current=paused,
    )


def _href(
    model: OverviewModel, language: Language, *, participant: str | None = None, paused: bool | None = None
) -> str:
    query = {"participant": participant or model.participant, "lang": language.value[:2]}
    if model.refresh_seconds == 0 if paused is None else paused:
        query["refresh"] = "0"
    return "?" + urlencode(query)
