"""What people are told of transitions: a title that says it all on a locked phone, and a body that says what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind, TransitionKind
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.alert_lines import duration_text
from dict_rate_limit.usecases.notification_text_headline import headline, matter, participant_text
from dict_rate_limit.usecases.notification_text_outlook import outlook_lines
from dict_rate_limit.usecases.notification_text_times import clock_text, date_text
from dict_rate_limit.usecases.notification_text_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.usecases.notification_text_words import Words

BLOCKS: Final = 20
"""A message tells of at most so many alerts; nobody reads more on a phone."""

LATE: Final = timedelta(minutes=5)

_RUNBOOKS: Final = "docs/runbooks"


def compose(
    events: Sequence[AlertEvent], language: Language, now: datetime, runbook_base_url: str | None
) -> tuple[str, str]:
    """Return title and body of one message about these transitions, which come in the order they happened.

    Of each alert its latest transition is told and earlier ones are named; the worst alert comes first.
    """
    words = WORDS[language]
    stories = _stories(events)
    title = headline(stories[0][-1], words)
    if len(stories) > 1:
        title = words.several.format(count=len(stories), headline=title)
    blocks = ["\n".join(_block(story, language, now)) for story in stories[:BLOCKS]]
    if len(stories) > BLOCKS:
        blocks.append(words.more.format(count=len(stories) - BLOCKS))
    kinds = dict.fromkeys(story[-1].kind for story in stories[:BLOCKS])
    links = [runbook_url(kind, language, runbook_base_url) for kind in kinds]
    lines = [words.runbook.format(url=link) for link in links if link is not None]
    between = "\n" if len(stories) == 1 else "\n\n"
    return title, between.join([*blocks, *(["\n".join(lines)] if lines else [])])


def runbook_url(kind: Kind, language: Language, base_url: str | None) -> str | None:
    """Return where the runbook of a kind of alert stands; a drill has none."""
    if kind is Kind.DRILL:
        return None
    name = kind.value.lower().replace("_", "-")
    return f"{(base_url or _RUNBOOKS).rstrip('/')}/alert-{name}.{language.value}.md"


def latest(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    """Return the last transition of each alert, the worst first."""
    return [story[-1] for story in _stories(events)]


def _stories(events: Sequence[AlertEvent]) -> list[list[AlertEvent]]:
    """Put transitions together by alert, worst alert first, then the one that is open longest."""
    stories: dict[str, list[AlertEvent]] = {}
    for event in events:
        stories.setdefault(str(event.alert_id), []).append(event)
    return sorted(stories.values(), key=lambda story: _urgency(story[-1]))


def _urgency(event: AlertEvent) -> tuple[bool, int, datetime]:
    over = event.transition is TransitionKind.RESOLVED
    return over, -event.severity.rank(exhausted=event.exhausted), event.opened_at


def _block(story: Sequence[AlertEvent], language: Language, now: datetime) -> list[str]:
    """Tell of one alert. What was ahead when a late message was due is no longer true: it is left out."""
    words, event = WORDS[language], story[-1]
    lines = [_what(event, language), _when(event, words)]
    steps = [
        f"{words.verbs[one.transition]} {clock_text(one.detected_at, event.detected_at, words)}"
        for one in story[:-1]
        if one.transition in words.verbs
    ]
    if steps:
        lines.append(words.before.format(steps=", ".join(steps)))
    age = now - event.detected_at
    if age < LATE:
        return lines + outlook_lines(event, words)
    at = clock_text(event.detected_at, now, words)
    return [*lines, words.late.format(at=at, age=duration_text(age))]


def _what(event: AlertEvent, language: Language) -> str:
    words, taken_up = WORDS[language], event.acknowledgement
    if taken_up is None:
        return event.message if language is Language.PT else event.message_en
    return words.taken_up.format(
        matter=matter(event, words),
        actor=taken_up.actor,
        until=date_text(taken_up.until, words),
        reason=taken_up.reason,
    ) + participant_text(event, words)


def _when(event: AlertEvent, words: Words) -> str:
    opened = date_text(event.opened_at, words)
    if event.transition is TransitionKind.NOTICED or event.kind is Kind.DRILL:
        return words.on.format(at=opened)
    if event.transition is TransitionKind.RESOLVED:
        return words.lasted.format(start=opened, end=clock_text(event.detected_at, event.opened_at, words))
    age = event.detected_at - event.opened_at
    if age < timedelta(minutes=1):
        return words.since.format(at=opened)
    return words.since_for.format(at=opened, age=duration_text(age))
