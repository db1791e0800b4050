"""The title: what happened, how bad, to what, within the width of a locked phone's screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind, TransitionKind
from dict_rate_limit.domain.buckets.level import FULL
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.texts.alert_lines import duration_text, percent_text
from dict_rate_limit.usecases.notification_text_times import clock_text

if TYPE_CHECKING:
    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.usecases.notification_text_words import Words

_CUT: Final = 40


def headline(event: AlertEvent, words: Words) -> str:
    """Return one line."""
    text = matter(event, words)
    if event.kind is not Kind.DRILL:
        text = _beginning(event, words) + text
    return text if event.participant == DEFAULT_PARTICIPANT else f"{text} [{_short(event.participant)}]"


def participant_text(event: AlertEvent, words: Words) -> str:
    """Name the participant, where it has a name, as the lines of the domain do at their end."""
    if event.participant == DEFAULT_PARTICIPANT:
        return ""
    return words.figures.participant.format(name=event.participant)


def matter(event: AlertEvent, words: Words) -> str:
    """Say what it is about."""
    over = event.transition is TransitionKind.RESOLVED
    text = words.endings.get(event.kind, words.matters[event.kind]) if over else words.matters[event.kind]
    return text.format(
        policy=event.policy_name,
        left=_left(event, words),
        previous=_short(event.previous) or words.figures.nothing,
        current=_short(event.current) or words.figures.nothing,
    )


def is_dry(event: AlertEvent) -> bool:
    """Tell whether DICT refuses calls now: an alert stays `exhausted` while a few tokens are back already."""
    over = event.transition is TransitionKind.RESOLVED
    return event.exhausted and not over and (event.available_tokens is None or event.available_tokens <= 0)


def _beginning(event: AlertEvent, words: Words) -> str:
    state = "EXHAUSTED" if is_dry(event) else event.severity.value
    taken_up = event.acknowledgement
    return words.beginnings[event.transition].format(
        state=words.states[state],
        lasting=words.lasting[state],
        age=duration_text(event.detected_at - event.opened_at),
        actor="?" if taken_up is None else _short(taken_up.actor),
        until="?" if taken_up is None else clock_text(taken_up.until, event.detected_at, words),
    )


def _left(event: AlertEvent, words: Words) -> str:
    if is_dry(event):
        return words.dry
    if event.available_tokens is None or not event.capacity_max:
        return ""
    tenths = max(0, min(event.available_tokens, event.capacity_max)) * FULL // event.capacity_max // 10
    return words.left.format(share=percent_text(tenths * 10, words.figures))


def _short(text: str | None) -> str:
    return one_line(text, _CUT)
