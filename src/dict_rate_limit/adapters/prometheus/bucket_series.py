"""The series of buckets as text. They are most of a scrape, so they are written without a value for each sample."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from dict_rate_limit.adapters.prometheus.catalog import BUCKET_LABELS, CATALOG, Origin
from dict_rate_limit.domain.forecast import time_to_empty, time_to_full
from dict_rate_limit.domain.judge import judged_buckets
from dict_rate_limit.domain.level import FULL, Level

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from dict_rate_limit.domain.bucket import Bucket
    from dict_rate_limit.domain.consumption import Consumption
    from dict_rate_limit.domain.level import Thresholds
    from dict_rate_limit.domain.state import JudgedBucket
    from dict_rate_limit.ports import Latest

OWN_POLICY: Final = "POLICIES_LIST"
"""What each of our polls takes one token of (DICT's published rules)."""

NAMES: Final = tuple(
    name for name, metric in CATALOG.items() if metric.origin is Origin.STORED and metric.labels[:2] == BUCKET_LABELS
)
LEVELS: Final = {Level.OK: 0, Level.WARNING: 1, Level.CRITICAL: 2}


class BucketSeries:
    """The text of all series of some buckets, in the exposition format."""

    def __init__(self, thresholds: Thresholds, interval: timedelta) -> None:
        """Begin empty; `interval` is the longest time between two polls."""
        self._thresholds = thresholds
        self._interval = interval.total_seconds()
        self._samples: dict[str, list[str]] = {name: [] for name in NAMES}

    def text(self, latest: Iterable[Latest]) -> bytes:
        """Write the last reading of each participant. Names of policies and participants need no escape."""
        for known in latest:
            buckets = () if known.snapshot is None else known.snapshot.buckets
            for judged in judged_buckets(buckets, known.policy_rules, self._thresholds):
                labels = f'{{participant="{known.participant}",policy="{judged.bucket.name}"'
                self._add_state(labels + "} ", judged)
                self._add_spans(labels, judged.bucket, known.paces.get(judged.bucket.name))
        return "".join(_family(name, samples) for name, samples in self._samples.items() if samples).encode()

    def _add_state(self, labels: str, judged: JudgedBucket) -> None:
        bucket, thresholds, samples = judged.bucket, judged.thresholds, self._samples
        samples["tokens_available"].append(f"{labels}{bucket.available_tokens}")
        samples["capacity"].append(f"{labels}{bucket.capacity}")
        samples["alerts_enabled"].append(f"{labels}{int(judged.enabled)}")
        samples["warning_threshold_ratio"].append(f"{labels}{thresholds.warning / FULL}")
        samples["critical_threshold_ratio"].append(f"{labels}{thresholds.critical / FULL}")
        if bucket.refill_period_sec:
            refill = bucket.refill_tokens / bucket.refill_period_sec
            samples["refill_tokens_per_second"].append(f"{labels}{refill}")
        used = bucket.utilization_hundredths
        if used is not None:
            samples["utilization_ratio"].append(f"{labels}{used / FULL}")
            samples["exhausted"].append(f"{labels}{int(bucket.exhausted)}")
            samples["level"].append(f"{labels}{LEVELS[judged.level]}")
        if 0 not in bucket.limits:
            to_full = bucket.capacity * bucket.refill_period_sec / bucket.refill_tokens
            if to_full < self._interval:
                samples["blind_below_seconds"].append(f"{labels}{to_full}")
        if bucket.name == OWN_POLICY:
            samples["own_spending_tokens_per_second"].append(f"{labels}{1 / self._interval}")

    def _add_spans(self, labels: str, bucket: Bucket, pace: Consumption | None) -> None:
        lower, upper = f'{labels},bound="lower"}} ', f'{labels},bound="upper"}} '
        full, empty = time_to_full(bucket), time_to_empty(bucket, pace)
        if full is not None:
            self._samples["time_to_full_seconds"] += f"{lower}{full.earliest}", f"{upper}{full.latest}"
        if empty is not None:
            self._samples["time_to_empty_seconds"] += lower + _seconds(empty.earliest), upper + _seconds(empty.latest)
        if pace is not None:
            low, high = pace.low / pace.seconds, pace.high / pace.seconds
            self._samples["consumption_tokens_per_second"] += f"{lower}{low}", f"{upper}{high}"


def _family(name: str, samples: list[str]) -> str:
    metric = CATALOG[name]
    head = f"# HELP {metric.family} {metric.text}\n# TYPE {metric.family} {metric.type}\n"
    return head + metric.family + f"\n{metric.family}".join(samples) + "\n"


def _seconds(value: float) -> str:
    return "+Inf" if value == inf else str(value)
