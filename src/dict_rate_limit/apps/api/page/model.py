"""What the overview shows: the values it is made of, and the page as the template places it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dict_rate_limit.domain.alerts.alert import Alert
from dict_rate_limit.domain.alerts.state import EvaluatedBucket
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.silence import Silence
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.texts.catalog.schema import DisplayStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewModel:
    """One participant at `now`.

    buckets          in any order; none with `age_seconds` None before the first reading
    age_seconds      how long before `now` the reading was taken
    checked_at       when the buckets held these tokens
    cache_status     STALE: the source gave nothing newer; None without a reading
    alerts           the participant's open ones, in any order; None = unknown
    silences         those active and those to come, for all participants; None = unknown
    backlog          transitions that wait to be published, of all participants; None = unknown
    broker           whether transitions go to a broker; else they go to the log
    rejected         how many items of the answer could not be read
    category         raw; "" when the answer had none
    refresh_seconds  0 = the page does not refresh
    last_outcome     how the last poll ended, where known
    """

    participant: str
    participants: tuple[str, ...]
    buckets: tuple[EvaluatedBucket, ...]
    age_seconds: float | None
    checked_at: datetime | None
    cache_status: Literal["HIT", "MISS", "STALE"] | None
    alerts: tuple[Alert, ...] | None
    silences: tuple[Silence, ...] | None
    backlog: Backlog | None
    broker: bool
    rejected: int
    category: str
    now: datetime
    refresh_seconds: int
    version: str
    last_outcome: Outcome | None = None

    @property
    def stale(self) -> bool:
        """The levels are of an earlier time."""
        return self.cache_status == "STALE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """Another view of the page."""

    text: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark about the reading as a whole."""

    status: DisplayStatus
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One open alert; `policy_name` is None where it concerns the whole participant.

    `asides` say who acknowledged it and what suppresses its notifications.
    """

    status: DisplayStatus
    level: str
    policy_name: str | None
    text: str
    open_for: str
    since: str
    opened_at: str
    asides: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRow:
    """One bucket. `fill` and `ticks` are percent of the bar's width; `fill` is None when unknown."""

    status: DisplayStatus
    level: str
    name: str
    tokens: str
    capacity: str | None
    share: str
    refill: str
    fill: float | None
    ticks: tuple[float, ...]
    notes: tuple[str, ...]
    in_alert: str | None
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """Everything the template places, in the reader's language."""

    status: DisplayStatus
    headline: str
    summary: tuple[str, ...]
    category: str
    age: str
    checked_at: str | None
    checked_at_iso: str | None
    notes: tuple[Note, ...]
    alerts: list[AlertRow]
    groups: list[list[BucketRow]]
    legend: str | None
    no_broker: str | None
    rendered: str
    participants: tuple[PageLink, ...]
    language: PageLink
    refresh: PageLink
