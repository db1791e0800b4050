"""What a language must say. A sentence that is missing fails mypy, or the import of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from dict_rate_limit.domain.alerts.alert import Kind, Scope, Severity, TransitionKind
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.notifications.silence import Purpose
from dict_rate_limit.domain.text import require_every


class DisplayStatus(StrEnum):
    """How the page shows a bucket or an alert, worst first. The value names the style and the shape."""

    EXHAUSTED = "exhausted"
    CRITICAL = "critical"
    WARNING = "warning"
    UNKNOWN = "unknown"
    INFO = "info"
    OK = "ok"


class Plural(NamedTuple):
    """The forms for one and for any other number. {n} is the number."""

    one: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BySeverity:
    """One text for each severity, and one for an exhausted bucket."""

    info: str
    warning: str
    critical: str
    exhausted: str

    def of(self, severity: Severity, *, exhausted: bool = False) -> str:
        """Return the text of a severity."""
        texts = {Severity.INFO: self.info, Severity.WARNING: self.warning, Severity.CRITICAL: self.critical}
        return self.exhausted if exhausted else texts[severity]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindText:
    """What is said of one kind of alert.

    title           in the title of a notification; `resolved_title` once it is resolved, where that is another one
    messages        `message` and `message_en` of events, for every transition the kind can have
    page            on the page, for a condition of the whole participant
    """

    title: str
    messages: Mapping[TransitionKind, str]
    resolved_title: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTexts:
    """The pieces of an event's message."""

    states: BySeverity
    warning_threshold: str
    critical_threshold: str
    left: str
    unknown_left: str
    limits: str
    nothing: str
    participant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationTexts:
    """The pieces of a notification. `lasting` is a state that goes on; `verbs` name earlier transitions."""

    day: str
    months: tuple[str, ...] = ()
    at_once: str
    states: BySeverity
    lasting: BySeverity
    beginnings: Mapping[TransitionKind, str]
    left: str
    exhausted: str
    several: str
    more: str
    on: str
    since: str
    since_for: str
    lasted: str
    late: str
    acknowledged: str
    verbs: Mapping[TransitionKind, str]
    before: str
    use_unknown: str
    not_emptying: str
    may_empty: str
    emptying: str
    usable: str
    full: str
    then_full: str
    span: str
    up_to: str
    no_data: str
    room: str
    no_room: str
    per_minute: str
    per_hour: str
    per_day: str
    antiscan: str
    runbook: str

    def __post_init__(self) -> None:
        require_every(TransitionKind, self.beginnings)
        # How an alert began is said elsewhere.
        require_every(set(TransitionKind) - {TransitionKind.OPENED}, self.verbs)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTexts:
    """Every text of the page, in the order in which it shows them."""

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
    active_until: str
    late: Plural
    dead: Plural
    no_broker: str
    open_for: str
    in_alert: str
    since: str
    tokens_left: str
    of_then: str
    counts: Mapping[DisplayStatus, Plural]
    counts_policies: Plural
    levels: Mapping[DisplayStatus, str]
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
    per_minute: str
    per_hour: str
    per_day: str
    period: str
    outcomes: Mapping[Outcome, str]
    refreshes: str
    paused: str
    pause: str
    resume: str
    rendered: str
    other_language: str
    api: str

    def __post_init__(self) -> None:
        require_every(Purpose, self.held_back)
        require_every(Purpose, self.active_silences)
        require_every(DisplayStatus, self.levels)
        # No bucket is of status INFO.
        require_every(set(DisplayStatus) - {DisplayStatus.INFO}, self.counts)
        require_every(Outcome, self.outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything said in one language. `tag` is its BCP 47 tag; {gaps} are filled by `texts`."""

    language: Language
    tag: str
    thousands: str
    decimals: str
    kinds: Mapping[Kind, KindText]
    messages: MessageTexts
    notifications: NotificationTexts
    page: PageTexts

    def __post_init__(self) -> None:
        require_every(Kind, self.kinds)
        for kind, text in self.kinds.items():
            require_every(kind.info.transitions, text.messages)
            # The page says of a policy how many tokens are left; of a participant it needs a sentence.
            if kind.info.lasts and kind.info.scope is Scope.PARTICIPANT and not text.page:
                raise KeyError(kind, "page")
