"""What a reader answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.alerts.state import EvaluatedBucket
    from dict_rate_limit.domain.buckets.reading import Snapshot
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.ports.cache import CacheStatus
    from dict_rate_limit.ports.delivery import Backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A judged snapshot: the same object until the snapshot or the thresholds change, so what it gives can be kept."""

    snapshot: Snapshot
    buckets: tuple[EvaluatedBucket, ...]
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An answer: `expires_in` whole seconds of cache life are left (0 = STALE), `age` whole seconds have passed."""

    view: View
    status: CacheStatus
    expires_in: int
    age: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOverview:
    """What the database knows for the page.

    Alerts are the participant's open ones, worst first, then oldest first; silences hold or will, for whomever;
    `last_outcome` is of the monitor's last poll, None before the first.
    """

    alerts: Sequence[Alert]
    silences: Sequence[Silence]
    backlog: Backlog
    last_outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the page for people shows: `reading` is None while there has never been one, `stored` while unknown."""

    participant: str
    participants: Sequence[str]
    reading: Reading | None
    stored: StoredOverview | None
    now: datetime
