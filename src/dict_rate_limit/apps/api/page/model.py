"""What a page shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.alerts.state import EvaluatedBucket
    from dict_rate_limit.domain.errors import Outcome
    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.ports.delivery import Backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewModel:
    """One participant as it stands at `now`.

    buckets          in any order; none with `age_seconds` None before the first reading
    age_seconds      how long before `now` the reading was taken
    checked_at       when the buckets held these tokens
    cache_status     STALE: the source gave nothing newer; None without a reading
    alerts           the participant's open ones, in any order; None = nobody can say
    silences         those in force and those to come, for all participants; None likewise
    backlog          transitions that wait to be published, of all participants; None likewise
    broker           whether transitions go to a broker; else they end in the log
    rejected         how many items of the answer could not be read
    category         raw; "" when the answer had none
    refresh_seconds  0 = the page stays as it is
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
