"""Notifications for people: a title that says it all on a locked phone, and a body that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

from dict_rate_limit.domain.alerts.alert import AlertEvent, Kind, Scope, TransitionKind
from dict_rate_limit.domain.buckets.catalog import ANTISCAN
from dict_rate_limit.domain.buckets.forecast import Outlook, TimeRange
from dict_rate_limit.domain.buckets.level import FULL
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.texts.alert_lines import participant_text
from dict_rate_limit.texts.catalog import CATALOGS
from dict_rate_limit.texts.catalog.schema import Catalog
from dict_rate_limit.texts.format import (
    date_text,
    duration_text,
    number_text,
    percent_text,
    seconds_text,
    tenths_text,
    time_text,
)

BLOCKS: Final = 20
"""The most alerts one message describes, to be read on a phone."""

LATE: Final = timedelta(minutes=5)

COST_OF_404: Final = 3
"""Tokens of the participant's ANTISCAN bucket (Manual Operacional do DICT, chapter 13)."""

_RUNBOOKS: Final = "docs/runbooks"
_LONGEST_VALUE: Final = 40
_LARGE: Final = 10
_GOES_ON: Final = frozenset(
    {TransitionKind.OPENED, TransitionKind.ESCALATED, TransitionKind.DEESCALATED, TransitionKind.REMINDED}
)


def compose(
    events: Sequence[AlertEvent], language: Language, now: datetime, runbook_base_url: str | None
) -> tuple[str, str]:
    """Return title and body of one message about these transitions, which come in the order they happened.

    The latest transition of each alert is described and earlier ones are named; the worst alert comes first.
    """
    catalog = CATALOGS[language]
    texts, stories = catalog.notifications, _stories(events)
    title = _headline(stories[0][-1], catalog)
    if len(stories) > 1:
        title = texts.several.format(count=len(stories), headline=title)
    blocks = ["\n".join(_block(story, catalog, now)) for story in stories[:BLOCKS]]
    if len(stories) > BLOCKS:
        blocks.append(texts.more.format(count=len(stories) - BLOCKS))
    kinds = dict.fromkeys(story[-1].kind for story in stories[:BLOCKS])
    links = [runbook_url(kind, language, runbook_base_url) for kind in kinds]
    lines = [texts.runbook.format(url=link) for link in links if link is not None]
    between = "\n" if len(stories) == 1 else "\n\n"
    return title, between.join([*blocks, *(["\n".join(lines)] if lines else [])])


def runbook_url(kind: Kind, language: Language, base_url: str | None) -> str | None:
    """Return the address of the runbook of a kind of alert; None where there is none."""
    if kind.runbook is None:
        return None
    return f"{(base_url or _RUNBOOKS).rstrip('/')}/{kind.runbook}.{language.value}.md"


def latest(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    """Return the last transition of each alert, the worst first."""
    return [story[-1] for story in _stories(events)]


def _stories(events: Sequence[AlertEvent]) -> list[list[AlertEvent]]:
    """Group transitions by alert: the worst alert first, then the one that has been open longest."""
    stories: dict[str, list[AlertEvent]] = {}
    for event in events:
        stories.setdefault(str(event.alert_id), []).append(event)
    return sorted(stories.values(), key=lambda story: _urgency(story[-1]))


def _urgency(event: AlertEvent) -> tuple[bool, int, datetime]:
    is_resolved = event.transition is TransitionKind.RESOLVED
    return is_resolved, -event.severity.rank(exhausted=event.exhausted), event.opened_at


def _headline(event: AlertEvent, catalog: Catalog) -> str:
    text = _matter(event, catalog)
    if event.kind is not Kind.DRILL:
        text = _beginning(event, catalog) + text
    return text if event.participant == DEFAULT_PARTICIPANT else f"{text} [{_short(event.participant)}]"


def _beginning(event: AlertEvent, catalog: Catalog) -> str:
    texts, exhausted, acknowledgement = catalog.notifications, _is_exhausted(event), event.acknowledgement
    return texts.beginnings[event.transition].format(
        state=texts.states.of(event.severity, exhausted=exhausted),
        lasting=texts.lasting.of(event.severity, exhausted=exhausted),
        age=duration_text(event.detected_at - event.opened_at),
        actor="?" if acknowledgement is None else _short(acknowledgement.actor),
        until="?" if acknowledgement is None else time_text(acknowledgement.until, event.detected_at, catalog),
    )


def _matter(event: AlertEvent, catalog: Catalog) -> str:
    kind = catalog.kinds[event.kind]
    is_resolved = event.transition is TransitionKind.RESOLVED
    return ((is_resolved and kind.resolved_title) or kind.title).format(
        policy=event.policy_name,
        left=_left(event, catalog),
        previous=_short(event.previous) or catalog.messages.nothing,
        current=_short(event.current) or catalog.messages.nothing,
    )


def _is_exhausted(event: AlertEvent) -> bool:
    # An alert stays exhausted while a few tokens are back already; DICT accepts calls then.
    is_resolved = event.transition is TransitionKind.RESOLVED
    return event.exhausted and not is_resolved and (event.available_tokens is None or event.available_tokens <= 0)


def _left(event: AlertEvent, catalog: Catalog) -> str:
    texts = catalog.notifications
    if _is_exhausted(event):
        return texts.exhausted
    if event.available_tokens is None or not event.capacity_max:
        return ""
    tokens = max(0, min(event.available_tokens, event.capacity_max))
    return texts.left.format(share=percent_text(tokens * FULL // event.capacity_max, catalog, decimals=1))


def _short(text: str | None) -> str:
    return one_line(text, _LONGEST_VALUE)


def _block(story: Sequence[AlertEvent], catalog: Catalog, now: datetime) -> list[str]:
    texts, event = catalog.notifications, story[-1]
    lines = [_what(event, catalog), _when(event, catalog)]
    steps = [
        f"{texts.verbs[one.transition]} {time_text(one.detected_at, event.detected_at, catalog)}"
        for one in story[:-1]
        if one.transition in texts.verbs
    ]
    if steps:
        lines.append(texts.before.format(steps=", ".join(steps)))
    age = now - event.detected_at
    if age < LATE:
        return lines + _outlook_lines(event, catalog)
    # A forecast made when a late message was due is no longer true.
    at = time_text(event.detected_at, now, catalog)
    return [*lines, texts.late.format(at=at, age=duration_text(age))]


def _what(event: AlertEvent, catalog: Catalog) -> str:
    acknowledgement = event.acknowledgement
    if acknowledgement is None:
        return event.message if catalog.language is Language.PT else event.message_en
    return catalog.notifications.acknowledged.format(
        matter=_matter(event, catalog),
        actor=acknowledgement.actor,
        until=date_text(acknowledgement.until, catalog),
        reason=acknowledgement.reason,
    ) + participant_text(event.participant, catalog)


def _when(event: AlertEvent, catalog: Catalog) -> str:
    texts, opened = catalog.notifications, date_text(event.opened_at, catalog)
    if event.transition is TransitionKind.NOTICED or event.kind is Kind.DRILL:
        return texts.on.format(at=opened)
    if event.transition is TransitionKind.RESOLVED:
        return texts.lasted.format(start=opened, end=time_text(event.detected_at, event.opened_at, catalog))
    age = event.detected_at - event.opened_at
    if age < timedelta(minutes=1):
        return texts.since.format(at=opened)
    return texts.since_for.format(at=opened, age=duration_text(age))


def _outlook_lines(event: AlertEvent, catalog: Catalog) -> list[str]:
    """Say what comes next, as of the transition; nothing where no condition goes on and no bucket is known."""
    texts, info = catalog.notifications, event.kind.info
    goes_on = info.lasts and event.transition in _GOES_ON
    outlook = event.outlook
    if outlook is None or info.scope is Scope.PARTICIPANT:
        return [texts.no_data] if goes_on else []
    lines = [_course(event, outlook, catalog)] if goes_on else []
    lines.append(_room(outlook, catalog))
    if event.policy_name == ANTISCAN:
        calls = number_text(outlook.safe_tokens // COST_OF_404, catalog)
        lines.append(texts.antiscan.format(calls=calls, pace=_pace(outlook.refill_per_minute / COST_OF_404, catalog)))
    return lines


def _course(event: AlertEvent, outlook: Outlook, catalog: Catalog) -> str:
    texts, at, exhausted = catalog.notifications, event.detected_at, _is_exhausted(event)
    if exhausted and outlook.usable is not None:
        first = texts.usable.format(span=_span(outlook.usable, at, catalog))
    else:
        first = _emptying(outlook.empty, at, catalog)
    if outlook.full is None:
        return first
    full = texts.then_full if exhausted else texts.full
    return f"{first} {full.format(span=_span(outlook.full, at, catalog))}"


def _emptying(empty: TimeRange | None, at: datetime, catalog: Catalog) -> str:
    texts = catalog.notifications
    if empty is None:
        return texts.use_unknown
    if empty.earliest == inf:
        return texts.not_emptying
    if empty.latest == inf:
        return texts.may_empty.format(span=_span(replace(empty, latest=empty.earliest), at, catalog))
    return texts.emptying.format(span=_span(empty, at, catalog))


def _span(span: TimeRange, at: datetime, catalog: Catalog) -> str:
    """Write `4 a 6 min (00:16 a 00:18)`: the clock is still right for those who read it later."""
    clocks = [time_text(at + timedelta(seconds=end), at, catalog) for end in (span.earliest, span.latest)]
    if span.earliest < 1 <= span.latest:
        return f"{catalog.notifications.up_to.format(latest=seconds_text(span.latest, catalog))} ({clocks[-1]})"
    spans = [seconds_text(end, catalog) for end in (span.earliest, span.latest)]
    return f"{_range(spans, catalog)} ({_range(clocks, catalog)})"


def _range(ends: Sequence[str], catalog: Catalog) -> str:
    """Write both ends, or one where they read the same. A unit they share is written once."""
    earliest, latest = ends
    if earliest == latest:
        return latest
    alike = earliest.split(" ")[1:] == latest.split(" ")[1:] and earliest.count(" ") == 1
    return catalog.notifications.span.format(earliest=earliest.split(" ")[0] if alike else earliest, latest=latest)


def _room(outlook: Outlook, catalog: Catalog) -> str:
    pace = _pace(outlook.refill_per_minute, catalog)
    if outlook.safe_tokens == 0:
        return catalog.notifications.no_room.format(pace=pace)
    return catalog.notifications.room.format(tokens=number_text(outlook.safe_tokens, catalog), pace=pace)


def _pace(per_minute: float, catalog: Catalog) -> str:
    """Write a pace in the first unit of which there is at least one, cut; a small one with one decimal."""
    texts = catalog.notifications
    units = ((texts.per_minute, 1), (texts.per_hour, 60), (texts.per_day, 1440))
    text, minutes = next((unit for unit in units if per_minute * unit[1] >= 1), units[-1])
    tenths = int(round(per_minute * minutes, 6) * 10)
    whole, rest = divmod(tenths, 10)
    figure = tenths_text(tenths, catalog) if rest and whole < _LARGE else number_text(whole, catalog)
    return text.format(tokens=figure)
