"""The series of buckets as text. They are most of a scrape, so they are written without a value for each sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from operator import attrgetter
from typing import Final

from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG
from dict_rate_limit.domain.alerts.evaluation import evaluate_buckets
from dict_rate_limit.domain.alerts.state import EvaluatedBucket
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.catalog import POLICIES_LIST
from dict_rate_limit.domain.buckets.forecast import Consumption, time_to_empty, time_to_full
from dict_rate_limit.domain.buckets.level import FULL, Level, Thresholds
from dict_rate_limit.ports.stores import LatestReading

_Row = tuple[str, Bucket, EvaluatedBucket, Consumption | None]
_Samples = tuple[str, list[str]]

RAW_FIELDS: Final = [(spec.name, attrgetter(spec.bucket_field)) for spec in CATALOG.values() if spec.bucket_field]
LEVELS: Final = {Level.OK: 0, Level.WARNING: 1, Level.CRITICAL: 2}


class BucketSeries:
    """The text of all series of some buckets, in the exposition format."""

    def __init__(self, thresholds: Thresholds, interval: timedelta) -> None:
        self._thresholds = thresholds
        self._interval = interval.total_seconds()

    def text(self, latest: Iterable[LatestReading]) -> bytes:
        """Write the last reading of each participant. Names of policies and participants need no escape.

        Metric by metric, not bucket by bucket: that is how the format wants it.
        """
        rows = [row for known in latest for row in self._rows(known)]
        families = chain(_state(rows), _shares(rows), _spans(rows), _polling(rows, self._interval))
        return b"".join(_family(name, samples) for name, samples in families if samples)

    def _rows(self, known: LatestReading) -> list[_Row]:
        buckets = () if known.snapshot is None else known.snapshot.buckets
        head = f'{{participant="{known.participant}",policy="'
        return [
            (
                f'{head}{evaluated.bucket.name}"',
                evaluated.bucket,
                evaluated,
                known.consumption.get(evaluated.bucket.name),
            )
            for evaluated in evaluate_buckets(buckets, known.policy_overrides, self._thresholds)
        ]


def _state(rows: list[_Row]) -> Iterator[_Samples]:
    for name, value in RAW_FIELDS:
        # a field that the source leaves out is unknown, and an unknown value has no series
        yield name, [f"{at}}} {raw}" for at, bucket, _, _ in rows if (raw := value(bucket)) is not None]
    yield (
        "refill_tokens_per_second",
        [f"{at}}} {b.refill_tokens / b.refill_period_sec}" for at, b, _, _ in rows if b.refill_period_sec],
    )
    yield "alerts_enabled", [f"{at}}} {int(evaluated.enabled)}" for at, _, evaluated, _ in rows]


def _shares(rows: list[_Row]) -> Iterator[_Samples]:
    known = [(at, bucket, evaluated) for at, bucket, evaluated, _ in rows if bucket.capacity]
    yield "utilization_ratio", [f"{at}}} {(b.utilization_basis_points or 0) / FULL}" for at, b, _ in known]
    yield "exhausted", [f"{at}}} {int(bucket.exhausted)}" for at, bucket, _ in known]
    yield "level", [f"{at}}} {LEVELS[evaluated.level]}" for at, _, evaluated in known]
    shares = {share: str(share / FULL) for _, _, evaluated, _ in rows for share in _both(evaluated.thresholds)}
    yield "warning_threshold_ratio", [f"{at}}} {shares[j.thresholds.warning]}" for at, _, j, _ in rows]
    yield "critical_threshold_ratio", [f"{at}}} {shares[j.thresholds.critical]}" for at, _, j, _ in rows]


def _spans(rows: list[_Row]) -> Iterator[_Samples]:
    full = [(at, span) for at, bucket, _, _ in rows if (span := time_to_full(bucket)) is not None]
    yield "time_to_full_seconds", _bounds("time_to_full_seconds", ((at, s.earliest, s.latest) for at, s in full))
    empty = [(at, span) for at, bucket, _, pace in rows if (span := time_to_empty(bucket, pace)) is not None]
    yield "time_to_empty_seconds", _bounds("time_to_empty_seconds", ((at, s.earliest, s.latest) for at, s in empty))
    consumption = [(at, pace) for at, _, _, pace in rows if pace is not None]
    spent = ((at, pace.low / pace.seconds, pace.high / pace.seconds) for at, pace in consumption)
    yield "consumption_tokens_per_second", _bounds("consumption_tokens_per_second", spent)


def _polling(rows: list[_Row], interval: float) -> Iterator[_Samples]:
    fills = [(at, b.capacity * b.refill_period_sec / b.refill_tokens) for at, b, _, _ in rows if 0 not in b.limits]
    yield "blind_below_seconds", [f"{at}}} {seconds}" for at, seconds in fills if seconds < interval]
    yield (
        "own_spending_tokens_per_second",
        [f"{at}}} {1 / interval}" for at, b, _, _ in rows if b.name == POLICIES_LIST],
    )


def _both(thresholds: Thresholds) -> tuple[int, int]:
    return thresholds.warning, thresholds.critical


def _bounds(name: str, spans: Iterable[tuple[str, float, float]]) -> list[str]:
    """Write both bounds of each as one text: two lines."""
    family = CATALOG[name].family
    return [f'{at},bound="lower"}} {lower}\n{family}{at},bound="upper"}} {upper}' for at, lower, upper in spans]


def _family(name: str, samples: list[str]) -> bytes:
    metric = CATALOG[name]
    head = f"# HELP {metric.family} {metric.text}\n# TYPE {metric.family} {metric.type}"
    text = f"\n{metric.family}".join((head, *samples)) + "\n"
    return text.encode().replace(b" inf\n", b" +Inf\n")
