"""What one process holds of one participant between two questions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.evaluation import evaluate_buckets
from dict_rate_limit.usecases.readings.readings import View

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from datetime import datetime

    from dict_rate_limit.domain.alerts.state import PolicyOverride
    from dict_rate_limit.domain.buckets.level import Thresholds
    from dict_rate_limit.ports.cache import CachedSnapshot
    from dict_rate_limit.usecases.readings.budget import SourceBudget
    from dict_rate_limit.usecases.readings.readings import Reading

CLOCK_SKEW: Final = timedelta(minutes=1)
"""An entry from further ahead than this was stamped by a wrong clock; believed, it would hide the true ones."""


class CacheEntry:
    """The newest entry seen, judged once.

    `until` (monotonic) it may be given without looking further, and `reading` as it stands, whole seconds and all,
    until `reading_until`.
    """

    def __init__(self, participant: str, thresholds: Thresholds, budget: SourceBudget) -> None:
        """Hold nothing yet."""
        self.participant = participant
        self.budget = budget
        self.view: View | None = None
        self.until = float("-inf")
        self.reading: Reading | None = None
        self.reading_until = float("-inf")
        self.waited = False
        self.task: asyncio.Task[bool] | None = None
        self._thresholds = thresholds
        self._rules: Mapping[str, PolicyOverride] = {}

    def use_overrides(self, rules: Mapping[str, PolicyOverride]) -> None:
        """Use these rules from now on; the view is made anew only if they differ."""
        if rules == self._rules:
            return
        self._rules = rules
        if self.view is not None:
            self.view = self._evaluated(self.view)

    def keep(self, entry: CachedSnapshot | None, now: datetime) -> None:
        """Take the entry unless one as new is held, or it comes from the future."""
        if entry is None or entry.fetched_at > now + CLOCK_SKEW:
            return
        if self.view is not None and entry.fetched_at <= self.view.fetched_at:
            return
        self.budget.update(entry.snapshot)
        self.view = self._evaluated(entry)

    def _evaluated(self, entry: CachedSnapshot | View) -> View:
        return View(
            snapshot=entry.snapshot,
            buckets=evaluate_buckets(entry.snapshot.buckets, self._rules, self._thresholds),
            fetched_at=entry.fetched_at,
        )
