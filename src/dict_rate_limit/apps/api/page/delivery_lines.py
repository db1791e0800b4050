"""Who has been told, who has taken an alert up, and what holds messages back, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dict_rate_limit.apps.api.page.formats import clock_text
from dict_rate_limit.apps.api.page.words import plural
from dict_rate_limit.domain.notifications.silence import Purpose
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from dict_rate_limit.apps.api.page.model import OverviewModel
    from dict_rate_limit.apps.api.page.words import Words
    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.notifications.silence import Silence

LATE: Final = timedelta(minutes=5)
"""A transition that waits longer than this is late: the worker drains the outbox after every poll, and sweeps it."""


def alert_asides(alert: Alert, model: OverviewModel, words: Words) -> Iterator[str]:
    """Say who has the alert, and whether people are told of it."""
    taken = alert.acknowledgement
    if taken is not None and taken.until > model.now:
        yield words.acknowledged.format(actor=taken.actor, moment=_clock(taken.until, model))
    holding = [silence for silence in model.silences or () if silence.suppresses(alert, model.now)]
    if holding:
        purpose, until = _last(holding, model.now)
        yield words.held_back[purpose].format(moment=_clock(until, model))


def active_silences(model: OverviewModel, words: Words) -> Iterator[str]:
    """Count what is in force, by purpose, with the end of the last."""
    for purpose in Purpose:
        active = [one for one in model.silences or () if one.purpose is purpose and one.active_at(model.now)]
        if active:
            _, until = _last(active, model.now)
            count = plural(words.active_silences[purpose], len(active))
            yield words.in_force.format(count=count, moment=_clock(until, model))


def late_transitions(model: OverviewModel, words: Words) -> str | None:
    """Say that transitions wait for too long."""
    backlog = model.backlog
    if backlog is None or backlog.oldest_at is None or model.now - backlog.oldest_at <= LATE:
        return None
    text = plural(words.late, backlog.waiting, words.formats.number(backlog.waiting))
    return text.replace("{age}", duration_text(model.now - backlog.oldest_at))


def dead_transitions(model: OverviewModel, words: Words) -> str | None:
    """Say that transitions were given up on."""
    return None if model.backlog is None or model.backlog.dead == 0 else plural(words.dead, model.backlog.dead)


def _last(silences: Sequence[Silence], now: datetime) -> tuple[Purpose, datetime]:
    ends = [(silence.purpose, silence.active_until(now)) for silence in silences]
    return max(ends, key=lambda end: end[1])


def _clock(moment: datetime, model: OverviewModel) -> str:
    return clock_text(moment, model.now, "%H:%M")
