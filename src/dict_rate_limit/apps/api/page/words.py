"""What a language has to bring along to be a language of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dict_rate_limit.apps.api.page.formats import Formats
    from dict_rate_limit.domain.alerts.alert import Kind
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.notifications.silence import Purpose


class Language(StrEnum):
    """What operators read; the value is the tag the page is sent with."""

    PT = "pt-BR"
    EN = "en"


class Mark(StrEnum):
    """How a bucket or an alert is shown, worst first; the value names its style and its shape."""

    EXHAUSTED = "exhausted"
    CRITICAL = "critical"
    WARNING = "warning"
    UNKNOWN = "unknown"
    INFO = "info"
    OK = "ok"


Plural = tuple[str, str]
"""For one, for any other number; {n} is the number, other gaps stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. {gaps} are filled by the page."""

    language: Language
    formats: Formats
    title: str
    participant: str
    participants: str
    participant_of: str
    category: str
    all_good: str
    nothing_yet: str
    nothing_yet_why: str
    last_poll: str
    some_alerts: Plural
    no_alerts: str
    good_but_alerts: str
    stored_unknown: str
    alerts: str
    acknowledged: str
    held_back: Mapping[Purpose, str]
    active_silences: Mapping[Purpose, Plural]
    in_force: str
    late: Plural
    dead: Plural
    no_broker: str
    open_for: str
    in_alert: str
    since: str
    tokens_left: str
    of_then: str
    counts: Mapping[Mark, Plural]
    counts_policies: Plural
    levels: Mapping[Mark, str]
    reading: str
    ago: str
    just_now: str
    no_reading: str
    stale: str
    stale_why: str
    rejected: Plural
    policies: str
    level: str
    policy: str
    tokens: str
    left: str
    refill: str
    out_of: str
    unknown_capacity: str
    disabled: str
    negative: str
    over_capacity: str
    own_thresholds: str
    usable_in: str
    to: str
    legend: str
    periods: Mapping[int, str]
    period: str
    kinds: Mapping[Kind, str]
    outcomes: Mapping[Outcome, str]
    refreshes: str
    paused: str
    pause: str
    resume: str
    rendered: str
    other_language: str
    api: str


def plural(forms: Plural, number: int, shown: str | None = None) -> str:
    """Say how many; `shown` is the number as it is written, where it may be large."""
    return forms[0 if number == 1 else 1].replace("{n}", shown or str(number))
