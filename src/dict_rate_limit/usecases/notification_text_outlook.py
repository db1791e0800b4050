"""What is ahead of a bucket, in words: when it empties or recovers, and what may be sent. Unknown is said as such."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind, TransitionKind
from dict_rate_limit.domain.buckets.catalog import ANTISCAN
from dict_rate_limit.texts.alert_lines import number_text
from dict_rate_limit.usecases.notification_text_headline import is_dry
from dict_rate_limit.usecases.notification_text_times import clock_text, seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.buckets.forecast import TimeRange
    from dict_rate_limit.domain.buckets.outlook import Outlook
    from dict_rate_limit.usecases.notification_text_words import Words

COST_OF_404: Final = 3
"""Tokens of the participant's ANTISCAN bucket (Manual Operacional do DICT, chapter 13)."""

_UNITS: Final = (("minute", 1), ("hour", 60), ("day", 1440))
_FINE: Final = 10
_GOES_ON: Final = frozenset(
    {TransitionKind.OPENED, TransitionKind.ESCALATED, TransitionKind.DEESCALATED, TransitionKind.REMINDED}
)


def outlook_lines(event: AlertEvent, words: Words) -> list[str]:
    """Say what comes next, as of the transition; nothing where no condition goes on and no bucket is known."""
    goes_on = event.transition in _GOES_ON
    if event.kind in {Kind.SOURCE_UNREACHABLE, Kind.RATE_LIMITED}:
        return [words.blind] if goes_on else []
    ahead = event.outlook
    if ahead is None:
        return [words.blind] if goes_on and event.kind is Kind.THRESHOLD else []
    lines = [_course(event, ahead, words)] if goes_on else []
    lines.append(_room(ahead, words))
    if event.policy_name == ANTISCAN:
        calls = number_text(ahead.safe_tokens // COST_OF_404, words.figures)
        lines.append(words.antiscan.format(calls=calls, pace=_pace(ahead.refill_per_minute / COST_OF_404, words)))
    return lines


def _course(event: AlertEvent, ahead: Outlook, words: Words) -> str:
    at, dry = event.detected_at, is_dry(event)
    if dry and ahead.usable is not None:
        first = words.usable.format(span=_span(ahead.usable, at, words))
    else:
        first = _emptying(ahead.empty, at, words)
    if ahead.full is None:
        return first
    full = words.then_full if dry else words.full
    return f"{first} {full.format(span=_span(ahead.full, at, words))}"


def _emptying(empty: TimeRange | None, at: datetime, words: Words) -> str:
    if empty is None:
        return words.empty["unknown"]
    if empty.earliest == inf:
        return words.empty["never"]
    if empty.latest == inf:
        return words.empty["maybe"].format(span=_span(replace(empty, latest=empty.earliest), at, words))
    return words.empty["within"].format(span=_span(empty, at, words))


def _span(span: TimeRange, at: datetime, words: Words) -> str:
    """Write `4 a 6 min (00:16 a 00:18)`: the clock still holds for whoever reads it later."""
    clocks = [clock_text(at + timedelta(seconds=end), at, words) for end in (span.earliest, span.latest)]
    if span.earliest < 1 <= span.latest:
        return f"{words.up_to.format(latest=seconds_text(span.latest, words))} ({clocks[-1]})"
    spans = [seconds_text(end, words) for end in (span.earliest, span.latest)]
    return f"{_range(spans, words)} ({_range(clocks, words)})"


def _range(ends: Sequence[str], words: Words) -> str:
    """Write both ends, or one where they read the same; a unit they share stands once."""
    earliest, latest = ends
    if earliest == latest:
        return latest
    alike = earliest.split(" ")[1:] == latest.split(" ")[1:] and earliest.count(" ") == 1
    return words.span.format(earliest=earliest.split(" ")[0] if alike else earliest, latest=latest)


def _room(ahead: Outlook, words: Words) -> str:
    pace = _pace(ahead.refill_per_minute, words)
    if ahead.safe_tokens == 0:
        return words.no_room.format(pace=pace)
    return words.room.format(tokens=number_text(ahead.safe_tokens, words.figures), pace=pace)


def _pace(per_minute: float, words: Words) -> str:
    """Write a pace in the first unit of which there is at least one, cut; a small one with one decimal."""
    unit, minutes = next((pair for pair in _UNITS if per_minute * pair[1] >= 1), _UNITS[-1])
    tenths = int(round(per_minute * minutes, 6) * 10)
    whole, rest = divmod(tenths, 10)
    figure = number_text(whole, words.figures)
    if rest and whole < _FINE:
        figure += f"{words.figures.separators[1]}{rest}"
    return words.consumption[unit].format(tokens=figure)
