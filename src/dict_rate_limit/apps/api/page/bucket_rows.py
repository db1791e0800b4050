"""Buckets as rows of a table, worst first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from dict_rate_limit.apps.api.page.formats import remaining_basis_points
from dict_rate_limit.apps.api.page.words import Mark
from dict_rate_limit.domain.alerts.alert import Kind
from dict_rate_limit.domain.buckets.forecast import time_to_usable
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dict_rate_limit.apps.api.page.model import OverviewModel
    from dict_rate_limit.apps.api.page.words import Words
    from dict_rate_limit.domain.alerts.state import EvaluatedBucket
    from dict_rate_limit.domain.buckets.bucket import Bucket

_UNKNOWN = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRow:
    """One bucket in words. `fill` and `ticks` are percent of the bar's width; `fill` is None when unknown."""

    mark: Mark
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


def bucket_groups(model: OverviewModel, words: Words) -> list[list[BucketRow]]:
    """Return the rows in groups of equal level, worst first; the emptiest first within a group.

    Policies without alerts come last, whatever their level: operators chose not to be bothered by them.
    """
    ranked = sorted(model.buckets, key=_rank)
    grouped = groupby(ranked, key=lambda evaluated: (evaluated.enabled, mark_of(evaluated)))
    return [[_row(evaluated, model, words) for evaluated in group] for _, group in grouped]


def mark_of(evaluated: EvaluatedBucket) -> Mark:
    """Return how a bucket is shown."""
    return Mark.EXHAUSTED if evaluated.bucket.exhausted else Mark(evaluated.level.lower())


def usual_thresholds(buckets: tuple[EvaluatedBucket, ...]) -> tuple[int, int] | None:
    """Return the warning and critical thresholds most buckets have; None without buckets."""
    counted = Counter((evaluated.thresholds.warning, evaluated.thresholds.critical) for evaluated in buckets)
    return counted.most_common(1)[0][0] if counted else None


def _rank(evaluated: EvaluatedBucket) -> tuple[bool, int, int, str]:
    share = remaining_basis_points(evaluated.bucket)
    return not evaluated.enabled, list(Mark).index(mark_of(evaluated)), share or 0, evaluated.bucket.name


def _row(evaluated: EvaluatedBucket, model: OverviewModel, words: Words) -> BucketRow:
    bucket, mark = evaluated.bucket, mark_of(evaluated)
    share = remaining_basis_points(bucket)
    return BucketRow(
        mark=mark,
        level=words.levels[mark],
        name=bucket.name,
        tokens=_UNKNOWN if share is None else words.formats.number(bucket.available_tokens),
        capacity=None if share is None else words.formats.number(bucket.capacity),
        share=_UNKNOWN if share is None else words.formats.percent(share),
        refill=_refill(bucket, words),
        fill=None if share is None else share / 100,
        ticks=(evaluated.thresholds.critical / 100, evaluated.thresholds.warning / 100),
        notes=tuple(_notes(evaluated, model, words)),
        in_alert=_in_alert(bucket, model, words),
        enabled=evaluated.enabled,
    )


def _refill(bucket: Bucket, words: Words) -> str:
    if 0 in {bucket.refill_tokens, bucket.refill_period_sec}:
        return _UNKNOWN
    seconds = bucket.refill_period_sec
    period = words.periods.get(seconds) or words.period.format(seconds=words.formats.number(seconds))
    return f"+{words.formats.number(bucket.refill_tokens)}{period}"


def _in_alert(bucket: Bucket, model: OverviewModel, words: Words) -> str | None:
    key = (bucket.name, Kind.THRESHOLD)
    alert = next((alert for alert in model.alerts or () if alert.key == key), None)
    return None if alert is None else words.in_alert.format(age=duration_text(model.now - alert.opened_at))


def _notes(evaluated: EvaluatedBucket, model: OverviewModel, words: Words) -> Iterator[str]:
    bucket, thresholds = evaluated.bucket, evaluated.thresholds
    if bucket.capacity == 0:
        yield words.unknown_capacity
    elif bucket.available_tokens < 0:
        yield words.negative
    elif bucket.available_tokens > bucket.capacity:
        yield words.over_capacity
    if bucket.exhausted and not model.stale:
        yield from _usable_in(bucket, words)
    if (thresholds.warning, thresholds.critical) != usual_thresholds(model.buckets):
        warning, critical = (words.formats.percent(share) for share in (thresholds.warning, thresholds.critical))
        yield words.own_thresholds.format(warning=warning, critical=critical)
    if not evaluated.enabled:
        yield words.disabled


def _usable_in(bucket: Bucket, words: Words) -> Iterator[str]:
    span = time_to_usable(bucket)
    if span is not None:
        ends = (duration_text(timedelta(seconds=seconds)) for seconds in (span.earliest, span.latest))
        yield words.usable_in.format(span=words.to.join(dict.fromkeys(ends)))
